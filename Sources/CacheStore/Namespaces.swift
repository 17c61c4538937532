internal import Synchronization

/// A namespace's place in the store's list. 0 is the default namespace.
@frozen
public struct NamespaceID: RawRepresentable, Sendable, Hashable {
  public var rawValue: UInt16

  @inlinable
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// The namespace with the empty name.
  public static let `default` = Self(rawValue: 0)
}

/// The namespaces of a store, by number and by name. They come and change; none ever goes.
///
/// Who looks one up takes no lock and counts no reference: a list is immutable, and a longer one is
/// published whole in its place. Lists that were replaced stay as long as the store does, for somebody
/// may be looking; there are at most `StoreConfiguration.namespacesMax` of them.
public final class Namespaces: Sendable {
  private let current: Atomic<Unmanaged<NamespaceList>>
  /// All lists, the current one last. Held by those who change namespaces, before any shard's lock.
  let lists: Mutex<[NamespaceList]>

  /// - Parameter configurations: Names are unique; the default namespace is added in front where
  ///   it is missing, and moved to the front where it is not.
  init(_ configurations: [NamespaceConfiguration]) {
    let fallback = configurations.first { $0.name.isEmpty } ?? NamespaceConfiguration(name: "")
    let all = [fallback] + configurations.filter { !$0.name.isEmpty }
    let list = NamespaceList(all.map { NamespaceSettings($0) })
    self.current = Atomic(Unmanaged.passUnretained(list))
    self.lists = Mutex([list])
  }

  /// As they are now, by number; the first is the default namespace.
  public var configurations: [NamespaceConfiguration] {
    self.withList { $0.all.map { $0._withUnsafeGuaranteedRef { $0.configuration } } }
  }

  /// How many there are.
  public var count: Int { self.withList { $0.all.count } }

  public subscript(id: NamespaceID) -> NamespaceConfiguration {
    self.withSettings(of: id) { $0.configuration }
  }

  /// What a namespace's calls are held to, as it is now. Allocates nothing.
  public func rules(of id: NamespaceID) -> NamespaceRules {
    self.withSettings(of: id) { $0.rules }
  }

  /// The namespace of that name, or nil where the store has none. Allocates nothing.
  public func id(of name: RawSpan) -> NamespaceID? {
    name.isEmpty ? .default : self.withList { $0.id(of: name) }
  }

  /// What changes of a namespace without its entries being touched.
  func withSettings<Result>(
    of id: NamespaceID, _ body: (NamespaceSettings) -> Result
  ) -> Result {
    self.withList { list in list.all[Int(id.rawValue)]._withUnsafeGuaranteedRef(body) }
  }

  /// Publishes a list with one namespace more. The caller holds `lists`.
  func append(_ configuration: NamespaceConfiguration, to lists: inout [NamespaceList]) {
    let list = NamespaceList(lists[lists.count - 1].owned + [NamespaceSettings(configuration)])
    lists.append(list)
    self.current.store(Unmanaged.passUnretained(list), ordering: .releasing)
  }

  private func withList<Result>(_ body: (NamespaceList) -> Result) -> Result {
    // `lists` keeps every list that was ever published.
    self.current.load(ordering: .acquiring)._withUnsafeGuaranteedRef(body)
  }
}

/// Names and settings, by number. Immutable, but for what the settings hold.
final class NamespaceList: Sendable {
  /// Keeps what `all` refers to.
  let owned: [NamespaceSettings]
  let all: [Unmanaged<NamespaceSettings>]
  /// Numbers ordered by name, see `order`; their names are in `bytes`, one behind the other.
  private let sorted: [UInt16]
  private let bytes: [UInt8]
  /// Where each name begins, and the last one ends.
  private let starts: [Int]

  init(_ owned: [NamespaceSettings]) {
    self.owned = owned
    self.all = owned.map { Unmanaged.passUnretained($0) }
    let names = owned.enumerated().map { (name: Array($1.name.utf8), number: UInt16($0)) }
      .sorted { left, right in
        Self.order(left.name.span.bytes, right.name, 0..<right.name.count) < 0
      }
    self.sorted = names.map(\.number)
    self.bytes = names.flatMap(\.name)
    self.starts = names.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.name.count) }
  }

  func id(of name: RawSpan) -> NamespaceID? {
    var low = 0
    var high = self.sorted.count
    while low < high {
      let middle = (low + high) / 2
      let order = Self.order(
        name, self.bytes, self.starts[middle]..<self.starts[middle + 1])
      if order == 0 { return NamespaceID(rawValue: self.sorted[middle]) }
      if order < 0 { high = middle } else { low = middle + 1 }
    }
    return nil
  }

  /// Below, at or above 0 as `left` comes before, equals or follows a part of `right`: shorter names
  /// first, then by their bytes.
  private static func order(_ left: RawSpan, _ right: [UInt8], _ part: Range<Int>) -> Int {
    if left.byteCount != part.count { return left.byteCount - part.count }
    for index in 0..<part.count {
      let byte = left.unsafeLoad(fromByteOffset: index, as: UInt8.self)
      let other = right[part.lowerBound + index]
      if byte != other { return Int(byte) - Int(other) }
    }
    return 0
  }
}

/// One namespace's settings. What calls ask for is in words of their own, so that they take no lock;
/// two that change together may be seen one after the other.
final class NamespaceSettings: Sendable {
  let name: String
  private let whole: Mutex<NamespaceConfiguration>
  private let defaultTTLMilliseconds: Atomic<UInt64>
  private let ttlMaxMilliseconds: Atomic<UInt64>
  private let valueMaxBytes: Atomic<Int>
  private let jitterPercent: Atomic<Int>

  init(_ configuration: NamespaceConfiguration) {
    self.name = configuration.name
    self.whole = Mutex(configuration)
    self.defaultTTLMilliseconds = Atomic(Self.word(configuration.defaultExpiry))
    self.ttlMaxMilliseconds = Atomic(configuration.ttlMaxMilliseconds)
    self.valueMaxBytes = Atomic(configuration.valueMaxBytes)
    self.jitterPercent = Atomic(configuration.ttlJitterPercent)
  }

  var configuration: NamespaceConfiguration { self.whole.withLock { $0 } }

  var ttlJitterPercent: Int { self.jitterPercent.load(ordering: .relaxed) }

  var rules: NamespaceRules {
    let word = self.defaultTTLMilliseconds.load(ordering: .relaxed)
    return NamespaceRules(
      defaultExpiry: word == .max ? .never : .after(milliseconds: word),
      ttlMaxMilliseconds: self.ttlMaxMilliseconds.load(ordering: .relaxed),
      valueMaxBytes: self.valueMaxBytes.load(ordering: .relaxed))
  }

  func set(_ configuration: NamespaceConfiguration) {
    self.whole.withLock { $0 = configuration }
    self.defaultTTLMilliseconds.store(
      Self.word(configuration.defaultExpiry), ordering: .relaxed)
    self.ttlMaxMilliseconds.store(configuration.ttlMaxMilliseconds, ordering: .relaxed)
    self.valueMaxBytes.store(configuration.valueMaxBytes, ordering: .relaxed)
    self.jitterPercent.store(configuration.ttlJitterPercent, ordering: .relaxed)
  }

  private static func word(_ expiry: Expiry) -> UInt64 {
    guard case .after(let milliseconds) = expiry else { return .max }
    return milliseconds
  }
}
