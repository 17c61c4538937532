import Glibc
import Synchronization

/// Ports that this process was given: each is given once.
private let given = Mutex<Set<UInt16>>([])

/// Ports of 127.0.0.1 that nobody listens on, all different, and below those that the kernel gives to
/// whoever connects (32768 and above): between now and their use one of these would be taken.
func freePorts(_ count: Int) -> [UInt16] {
  var ports: [UInt16] = []
  while ports.count < count {
    let port = UInt16.random(in: 10_000..<32_768)
    if canBind(port), given.withLock({ $0.insert(port).inserted }) { ports.append(port) }
  }
  return ports
}

private func canBind(_ port: UInt16) -> Bool {
  let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
  defer { close(descriptor) }
  var address = loopback(port: port)
  return withUnsafeMutablePointer(to: &address) { pointer in
    // A sockaddr_in is what a sockaddr of its family is.
    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
    }
  }
}

/// Whether somebody accepts connections at `port` of 127.0.0.1.
func isListening(_ port: UInt16) -> Bool {
  let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
  defer { close(descriptor) }
  var address = loopback(port: port)
  return withUnsafeMutablePointer(to: &address) { pointer in
    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
    }
  }
}

private func loopback(port: UInt16) -> sockaddr_in {
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_port = port.bigEndian
  address.sin_addr.s_addr = inet_addr("127.0.0.1")
  return address
}
