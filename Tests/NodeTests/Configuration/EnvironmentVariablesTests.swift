import Testing

@testable import Node

@Suite struct EnvironmentVariablesTests {
  @Test func `an unknown variable is refused with the nearest known one`() throws {
    #expect(
      try problems(environment: ["LARDER_MEMROY": "1GiB", "LARDER_XYZ": ""]) == [
        "No setting has the variable \"LARDER_MEMROY\". Did you mean LARDER_MEMORY?",
        "No setting has the variable \"LARDER_XYZ\".",
      ])
  }

  @Test func `variables of others are not looked at`() throws {
    let configuration = try load(environment: ["MEMORY": "x", "LARDERMEMORY": "x", "larder_x": "x"])
    #expect(configuration == NodeConfiguration(coreCount: 4))
  }

  @Test func `namespaces are refused in the environment by name`() throws {
    #expect(
      try problems(environment: ["LARDER_NAMESPACES": "a"]) == [
        "LARDER_NAMESPACES: namespaces can only be given in the YAML file."
      ])
  }

  @Test func `an empty variable is a wrong value and not an absent one`() throws {
    #expect(
      try problems(environment: ["LARDER_LOOPS": ""]) == [
        "LARDER_LOOPS: \"\" is empty. Expected a whole number from 1 to 1024."
      ])
  }

  /// As Kubernetes 1.31 sets them for the Services `larder` and `larder-admin-2`.
  @Test func `the variables of a Kubernetes Service of our name are passed over`() throws {
    let configuration = try load(environment: [
      "LARDER_SERVICE_HOST": "10.0.0.7",
      "LARDER_SERVICE_PORT": "7600",
      "LARDER_SERVICE_PORT_GRPC": "7600",
      "LARDER_PORT": "tcp://10.0.0.7:7600",
      "LARDER_PORT_7600_TCP": "tcp://10.0.0.7:7600",
      "LARDER_PORT_7600_TCP_PROTO": "tcp",
      "LARDER_PORT_7600_TCP_PORT": "7600",
      "LARDER_PORT_7600_TCP_ADDR": "10.0.0.7",
      "LARDER_ADMIN_2_SERVICE_HOST": "10.0.0.8",
      "LARDER_ADMIN_2_PORT_53_UDP_ADDR": "10.0.0.8",
      "LARDER_ADMIN_2_PORT": "udp://10.0.0.8:53",
    ])
    #expect(configuration == NodeConfiguration(coreCount: 4))
  }

  @Test(arguments: [
    ("LARDER_PORT", "7600"), ("LARDER_SERVICE", "x"), ("LARDER_PORT_X_TCP", "x"),
    ("LARDER_PORT_1_ICMP", "x"), ("LARDER_PORT_1_TCP_X", "x"), ("LARDER_PORT_1", "x"),
    ("LARDER_SERVICE_NAME", "x"), ("LARDER_", "x"),
  ])
  func `a variable that only resembles Kubernetes' own is refused`(name: String, value: String) {
    #expect(isOurs(variable: name, value: value))
  }
}
