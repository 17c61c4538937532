import LarderAPI
import Testing

@testable import Node

@Suite struct MethodAccessTests {
  @Test(arguments: [
    ("/larder.v1.Cache/Get", MethodAccess.role(.read)), ("/larder.v1.Cache/GetMany", .role(.read)),
    ("/larder.v1.Cache/Set", .role(.write)), ("/larder.v1.Cache/SetMany", .role(.write)),
    ("/larder.v1.Cache/Delete", .role(.write)), ("/larder.v1.Cache/DeleteMany", .role(.write)),
    ("/larder.v1.Cache/Increment", .role(.write)), ("/larder.v1.Cache/Touch", .role(.write)),
    ("/larder.v1.Admin/GetStatus", .role(.admin)), ("/larder.v1.Admin/Snapshot", .role(.admin)),
    ("/larder.v1.Admin/GetMigrations", .role(.admin)),
    ("/larder.v1.Admin/SteerMigrations", .role(.admin)), ("/larder.v1.Admin/Drain", .role(.admin)),
    ("/larder.v1.Admin/Plan", .role(.admin)), ("/larder.v1.Admin/SetWeight", .role(.admin)),
    ("/larder.v1.Peer/Get", .role(.peer)), ("/larder.v1.Peer/Seal", .role(.peer)),
    ("/larder.v1.Peer/Fetch", .role(.peer)), ("/larder.v1.Peer/Migrate", .role(.peer)),
    ("/grpc.channelz.v1.Channelz/GetServers", .role(.admin)),
    ("/grpc.health.v1.Health/Check", .open), ("/grpc.health.v1.Health/Watch", .open),
    ("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", .anyCaller),
    ("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", .anyCaller),
  ])
  func `each method takes its role`(path: String, access: MethodAccess) {
    #expect(MethodAccess(path: path) == access)
  }

  @Test func `a method that nobody thought of takes admin`() {
    #expect(MethodAccess(path: "/larder.v2.Cache/Get") == .role(.admin))
    #expect(MethodAccess(path: "/larder.v1.Cache/Unheard") == .role(.admin))
  }

  @Test func `no role includes another`() {
    for role in Role.allCases {
      for other in Role.allCases {
        #expect(Roles(role).contains(Roles(other)) == (role == other))
      }
    }
    #expect(([.write, .read] as Roles).description == "read, write")
  }
}
