internal import Cluster
internal import Glibc
internal import HashRing

/// The members of a cluster that never changes, and which of them this node is.
///
/// Nodes place each other on the ring by the texts of the list, so every node must be given the same
/// one. Which entry is this node may be spelled otherwise than it spells itself: addresses are compared
/// as well, lest it take itself for another node and call itself.
struct FixedRing {
  let members: [Member]
  let ownID: String

  /// - Parameters:
  ///   - own: where others reach this node.
  ///   - resolve: the IP addresses of a host; empty: not known, or not now.
  /// - Throws: where none of `peers` is this node, or several are.
  init(
    peers: [HostPort], own: HostPort, resolve: (String) -> Set<String> = FixedRing.addresses
  ) throws(NodeError) {
    let own = own.canonical
    let all = peers.map(\.canonical)
    let ownAddresses = resolve(own.host)
    let mine = all.filter { peer in
      peer == own
        || peer.port == own.port && !resolve(peer.host).isDisjoint(with: ownAddresses)
    }
    guard let entry = mine.first else { throw .notAmongPeers(own, all) }
    guard mine.count == 1 else { throw .peersAreOneNode(own, mine) }
    self.ownID = entry.description
    self.members = all.map { Member(id: $0.description, host: $0.host, port: $0.port) }
  }

  /// Blocks while the resolver looks.
  static func addresses(of host: String) -> Set<String> {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(host, nil, &hints, &list) == 0 else { return [] }
    defer { freeaddrinfo(list) }
    var addresses: Set<String> = []
    var next = list
    while let info = next {
      var buffer = [CChar](repeating: 0, count: Int(NI_MAXHOST))
      let status = getnameinfo(
        info.pointee.ai_addr, info.pointee.ai_addrlen, &buffer, socklen_t(buffer.count), nil, 0,
        NI_NUMERICHOST)
      if status == 0 {
        let text = buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:))
        addresses.insert(
          HostPort(host: String(decoding: text, as: UTF8.self), port: 0).canonical.host)
      }
      next = info.pointee.ai_next
    }
    return addresses
  }
}
