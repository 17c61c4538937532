public import Etcd

/// The etcd that keeps a node's cluster, and how the node calls it.
public struct EtcdSettings: Sendable, Equatable {
  /// Its members, in any order; empty: the node is in no cluster that changes.
  public var endpoints: [EtcdEndpoint] = []
  /// Whom etcd knows the node as; nil: nobody, or by its certificate.
  public var user: String?
  /// The file of that user's password.
  public var passwordFile: String?
  /// The PEM file of the authorities that etcd's certificate must come from; nil: the system's.
  public var authoritiesFile: String?
  /// The PEM file of the certificate that etcd is shown; nil: none is.
  public var certificateFile: String?
  /// The PEM file of that certificate's key.
  public var keyFile: String?

  /// No etcd.
  public init() {}

  /// Some endpoint is called within TLS.
  var isEncrypted: Bool { self.endpoints.contains(where: \.isEncrypted) }
}

/// How a node stands in a cluster that etcd keeps.
public struct MemberSettings: Sendable, Equatable {
  /// Names the cluster, of which one etcd may keep several: 1...64 of A-Z a-z 0-9 . _ -
  public var cluster = "larder"
  /// Where the node stands: the owners of a key are in distinct zones as far as there are any.
  public var zone = ""
  /// The node's part of the keys, relative to the others: above 0, at most 64.
  public var weight = 1.0
  /// Whether the node serves on though etcd has not heard from it for as long as a lease lasts, and
  /// others may have taken its place.
  public var servesWithoutLease = false

  /// The defaults.
  public init() {}

  /// Of a zone: what a record in etcd may have.
  static let zoneMaxBytes = 128
  /// Of a cluster's name, likewise.
  static let clusterMaxBytes = 64
}
