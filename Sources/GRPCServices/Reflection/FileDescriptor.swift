import Wire

/// What reflection needs to know of one `google.protobuf.FileDescriptorProto`, read from its bytes.
/// The numbers are those of google/protobuf/descriptor.proto.
struct FileDescriptor {
  /// The file as it is served.
  let bytes: [UInt8]
  /// As other files import it.
  private(set) var name = ""
  private(set) var imports: [String] = []
  /// Full names of all that the file declares: messages, fields, oneofs, enums and their values,
  /// services, and methods, these both as `package.Service.Method` and as `package.Service/Method`.
  private(set) var symbols: [String] = []
  /// Those of the symbols that are message types.
  private(set) var messages: [String] = []

  init(_ bytes: RawSpan) throws(WireError) {
    self.bytes = [UInt8](copying: bytes)
    var scope = ""
    // Names first: what follows is named after the package, and fields may come in any order.
    var reader = WireReader(bytes)
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.name = String(copyingUTF8: try reader.string(field))
      case 2: scope = String(copyingUTF8: try reader.string(field))
      case 3: self.imports.append(String(copyingUTF8: try reader.string(field)))
      default: try reader.skip(field)
      }
    }
    reader = WireReader(bytes)
    while let field = try reader.nextField() {
      switch field.number {
      case 4: try self.addMessage(try reader.message(field), in: scope)
      case 5: try self.addEnum(try reader.message(field), in: scope)
      case 6: try self.addService(try reader.message(field), in: scope)
      default: try reader.skip(field)
      }
    }
  }

  /// A DescriptorProto. Nesting ends at the reader's limit.
  private mutating func addMessage(
    _ message: consuming WireReader, in scope: String
  ) throws(WireError) {
    let fullName = Self.join(scope, try Self.name(of: copy message))
    self.symbols.append(fullName)
    self.messages.append(fullName)
    while let field = try message.nextField() {
      switch field.number {
      case 2, 8:  // Fields and oneofs.
        self.symbols.append(Self.join(fullName, try Self.name(of: try message.message(field))))
      case 3: try self.addMessage(try message.message(field), in: fullName)
      case 4: try self.addEnum(try message.message(field), in: fullName)
      default: try message.skip(field)
      }
    }
  }

  /// An EnumDescriptorProto. Its values are siblings of the enum, as in C++.
  private mutating func addEnum(
    _ message: consuming WireReader, in scope: String
  ) throws(WireError) {
    self.symbols.append(Self.join(scope, try Self.name(of: copy message)))
    while let field = try message.nextField() {
      switch field.number {
      case 2: self.symbols.append(Self.join(scope, try Self.name(of: try message.message(field))))
      default: try message.skip(field)
      }
    }
  }

  /// A ServiceDescriptorProto.
  private mutating func addService(
    _ message: consuming WireReader, in scope: String
  ) throws(WireError) {
    let fullName = Self.join(scope, try Self.name(of: copy message))
    self.symbols.append(fullName)
    while let field = try message.nextField() {
      switch field.number {
      case 2:
        let method = try Self.name(of: try message.message(field))
        self.symbols.append("\(fullName).\(method)")
        self.symbols.append("\(fullName)/\(method)")
      default: try message.skip(field)
      }
    }
  }

  /// Field 1 of every kind of descriptor.
  private static func name(of message: consuming WireReader) throws(WireError) -> String {
    var name = ""
    while let field = try message.nextField() {
      switch field.number {
      case 1: name = String(copyingUTF8: try message.string(field))
      default: try message.skip(field)
      }
    }
    return name
  }

  private static func join(_ scope: String, _ name: String) -> String {
    scope.isEmpty ? name : "\(scope).\(name)"
  }
}
