public import Wire

/// Asks for a namespace that is not there yet.
public typealias CreateNamespaceRequest = NamespaceChange
/// Asks for other settings.
public typealias AlterNamespaceRequest = NamespaceChange

/// A namespace and what is said about it: the messages of Create and Alter.
public struct NamespaceChange: WireMessage, WireDecodable, Equatable, Sendable {
  public var name = ""
  public var settings = NamespaceSettings()

  public init(name: String = "", settings: NamespaceSettings = NamespaceSettings()) {
    self.name = name
    self.settings = settings
  }

  public init(from reader: consuming WireReader) throws(WireError) {
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.name = String(copyingUTF8: try reader.string(field))
      case 2: try self.settings.merge(from: try reader.message(field))
      default: try reader.skip(field)
      }
    }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.string(field: 1, self.name)
    sink.message(field: 2, self.settings)
  }
}

/// A namespace as the node has it: every setting is there.
public struct NamespaceDescription: WireMessage, WireDecodable, Equatable, Sendable {
  public var name = ""
  public var settings = NamespaceSettings()
  /// Made by CreateNamespace, and not by the node's configuration.
  public var isMadeAtRunTime = false
  /// What is in it, and what has happened to it.
  public var status = NamespaceStatus()

  /// To be filled in.
  public init() {}

  public init(from reader: consuming WireReader) throws(WireError) {
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.name = String(copyingUTF8: try reader.string(field))
      case 2: try self.settings.merge(from: try reader.message(field))
      case 3: self.isMadeAtRunTime = try reader.bool(field)
      case 4: self.status = try NamespaceStatus(from: try reader.message(field))
      default: try reader.skip(field)
      }
    }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.string(field: 1, self.name)
    sink.message(field: 2, self.settings)
    sink.bool(field: 3, self.isMadeAtRunTime)
    sink.message(field: 4, self.status)
  }
}

/// Asks what the node has of some namespaces.
public struct DescribeNamespacesRequest: WireMessage, WireDecodable, Equatable, Sendable {
  /// Empty: all of them.
  public var names: [String] = []

  public init(names: [String] = []) { self.names = names }

  public init(from reader: consuming WireReader) throws(WireError) {
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.names.append(String(copyingUTF8: try reader.string(field)))
      default: try reader.skip(field)
      }
    }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    for name in self.names { sink.string(field: 1, name, presence: .explicit) }
  }
}

/// Namespaces as the node has them.
public struct DescribeNamespacesResponse: WireMessage, WireDecodable, Equatable, Sendable {
  public var namespaces: [NamespaceDescription] = []

  public init(namespaces: [NamespaceDescription] = []) { self.namespaces = namespaces }

  public init(from reader: consuming WireReader) throws(WireError) {
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.namespaces.append(try NamespaceDescription(from: try reader.message(field)))
      default: try reader.skip(field)
      }
    }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    for namespace in self.namespaces { sink.message(field: 1, namespace) }
  }
}

/// Asks for a namespace to be emptied.
public struct FlushNamespaceRequest: WireMessage, WireDecodable, Equatable, Sendable {
  public var name = ""

  public init(name: String = "") { self.name = name }

  public init(from reader: consuming WireReader) throws(WireError) {
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.name = String(copyingUTF8: try reader.string(field))
      default: try reader.skip(field)
      }
    }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.string(field: 1, self.name)
  }
}

/// The namespace is empty.
public struct FlushNamespaceResponse: WireMessage, WireDecodable, Equatable, Sendable {
  /// Entries up to this one are gone.
  public var version: UInt64 = 0
  /// That there were; some may have been over already.
  public var entries: UInt64 = 0

  public init(version: UInt64 = 0, entries: UInt64 = 0) {
    self.version = version
    self.entries = entries
  }

  public init(from reader: consuming WireReader) throws(WireError) {
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.version = try reader.uint64(field)
      case 2: self.entries = try reader.uint64(field)
      default: try reader.skip(field)
      }
    }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.uint64(field: 1, self.version)
    sink.uint64(field: 2, self.entries)
  }
}
