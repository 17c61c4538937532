public import Wire

/// Answers gRPC reflection's questions about a fixed set of proto files. No I/O; built once, at
/// start.
///
/// Files are sent with all that they import, directly or not: clients build a whole schema from one
/// answer, and some never ask for the rest. Extensions are not indexed, since proto3 files have
/// none but custom options.
public struct ReflectionIndex: Sendable {
  private let files: [FileDescriptor]
  /// Places in `files`.
  private let fileByName: [String: Int]
  private let fileBySymbol: [String: Int]
  private let messages: Set<String>
  /// For each file its own place and those of all that it imports.
  private let closures: [[Int]]
  private let services: [String]

  /// Indexes a set of files.
  ///
  /// - Parameters:
  ///   - descriptorSet: a serialised google.protobuf.FileDescriptorSet with all imports.
  ///   - services: the full names of the services that the server has; what `list_services` answers.
  public init(
    descriptorSet: [UInt8], services: [String]
  ) throws(DescriptorSetError) {
    let files: [FileDescriptor]
    do throws(WireError) {
      files = try Self.files(in: descriptorSet.span.bytes)
    } catch {
      throw .malformed(error)
    }
    var fileByName: [String: Int] = [:]
    var fileBySymbol: [String: Int] = [:]
    for (index, file) in files.enumerated() {
      guard fileByName.updateValue(index, forKey: file.name) == nil else {
        throw .duplicate(file: file.name)
      }
      for symbol in file.symbols { fileBySymbol[symbol] = index }
    }
    self.closures = try Self.closures(of: files, fileByName)
    self.files = files
    self.fileByName = fileByName
    self.fileBySymbol = fileBySymbol
    self.messages = Set(files.flatMap(\.messages))
    self.services = services.sorted()
  }

  /// The answer to one request. What is not found is an answer too, with error code 5 (NOT_FOUND).
  public func answer(_ request: ReflectionRequest) -> ReflectionResponse {
    ReflectionResponse(to: request, self.answer(request.query))
  }

  private func answer(_ query: ReflectionRequest.Query) -> ReflectionResponse.Answer {
    switch query {
    case .fileByFilename(let name):
      guard let index = self.fileByName[name] else { return .notFound("file", name) }
      return self.fileWithImports(index)
    case .fileContainingSymbol(let symbol):
      guard let index = self.fileBySymbol[symbol] else { return .notFound("symbol", symbol) }
      return self.fileWithImports(index)
    case .fileContainingExtension(let request):
      return .notFound("extension", "\(request.containingType):\(request.number)")
    case .allExtensionNumbersOfType(let type):
      // A known type without extensions is answered with an empty list, as grpc-go and C++ do.
      guard self.messages.contains(type) else { return .notFound("message type", type) }
      return .extensionNumbers(baseType: type, [])
    case .listServices:
      return .services(self.services)
    case .unset:
      // 3 is INVALID_ARGUMENT.
      return .error(code: 3, message: "the request asks for nothing that this server knows of")
    }
  }

  private func fileWithImports(_ index: Int) -> ReflectionResponse.Answer {
    .files(self.closures[index].map { self.files[$0].bytes })
  }

  /// The files of a FileDescriptorSet, whose field 1 they are.
  private static func files(in descriptorSet: RawSpan) throws(WireError) -> [FileDescriptor] {
    var files: [FileDescriptor] = []
    var reader = WireReader(descriptorSet)
    while let field = try reader.nextField() {
      switch field.number {
      case 1: files.append(try FileDescriptor(try reader.bytes(field)))
      default: try reader.skip(field)
      }
    }
    return files
  }

  private static func closures(
    of files: [FileDescriptor], _ fileByName: [String: Int]
  ) throws(DescriptorSetError) -> [[Int]] {
    var closures: [[Int]] = []
    for start in files.indices {
      // Breadth first, so that the file asked for comes first. Seen files are not taken again: two
      // imports may share a third.
      var closure = [start]
      var next = 0
      while next < closure.count {
        let file = files[closure[next]]
        for name in file.imports {
          guard let index = fileByName[name] else {
            throw .importMissing(file: file.name, imported: name)
          }
          if !closure.contains(index) { closure.append(index) }
        }
        next += 1
      }
      closures.append(closure)
    }
    return closures
  }
}

/// Why a descriptor set cannot be served.
public enum DescriptorSetError: Error, Equatable, CustomStringConvertible {
  /// The bytes are not a FileDescriptorSet.
  case malformed(WireError)
  /// Two files have the same name.
  case duplicate(file: String)
  /// A file imports one that is not in the set.
  case importMissing(file: String, imported: String)

  /// What is wrong, and what to do about it.
  public var description: String {
    switch self {
    case .malformed(let error):
      "the descriptor set is malformed: \(error); regenerate it with `make protos`"
    case .duplicate(let file):
      "the descriptor set has \(file) twice; regenerate it with `make protos`"
    case .importMissing(let file, let imported):
      "the descriptor set lacks \(imported), which \(file) imports; "
        + "generate it with protoc's --include_imports"
    }
  }
}

extension ReflectionResponse.Answer {
  /// 5 is NOT_FOUND.
  fileprivate static func notFound(_ kind: String, _ name: String) -> Self {
    .error(code: 5, message: "this server has no \(kind) \"\(name)\"")
  }
}
