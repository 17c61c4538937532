import GRPCServices
import LarderAPI
import Testing
import Wire

/// A message with only length-delimited fields, to build descriptors from.
private struct Fields: WireMessage {
  var fields: [(Int, [UInt8])]

  func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    for (number, bytes) in self.fields {
      sink.bytes(field: number, bytes.span.bytes, presence: .explicit)
    }
  }
}

/// A FileDescriptorSet of files that only have a name and imports.
private func descriptorSet(_ files: [(name: String, imports: [String])]) -> [UInt8] {
  Fields(
    fields: files.map { file in
      let imports = file.imports.map { (3, Array($0.utf8)) }
      return (1, Fields(fields: [(1, Array(file.name.utf8))] + imports).serialized())
    }
  ).serialized()
}

@Suite struct ReflectionIndexTests {
  private let index: ReflectionIndex

  init() throws {
    self.index = try ReflectionIndex(
      descriptorSet: DescriptorSet.bytes,
      services: [CacheMethod.service, AdminMethod.service, "grpc.health.v1.Health"])
  }

  /// The names of the files in the answer; each file starts with its name, field 1.
  private func files(_ query: ReflectionRequest.Query, in index: ReflectionIndex) -> [String]? {
    guard case .files(let files) = index.answer(ReflectionRequest(query: query)).answer else {
      return nil
    }
    return files.map { String(decoding: $0.dropFirst(2).prefix(Int($0[1])), as: UTF8.self) }
  }

  private func files(_ query: ReflectionRequest.Query) -> [String]? {
    self.files(query, in: self.index)
  }

  private func errorCode(_ query: ReflectionRequest.Query) -> Int32? {
    let response = self.index.answer(ReflectionRequest(query: query))
    guard case .error(let code, _) = response.answer else { return nil }
    return code
  }

  @Test func `every file of the set is found by its name`() {
    for name in [
      "larder/v1/cache.proto", "larder/v1/admin.proto", "grpc/health/v1/health.proto",
      "grpc/reflection/v1/reflection.proto", "grpc/reflection/v1alpha/reflection.proto",
      "google/protobuf/any.proto", "google/protobuf/duration.proto",
    ] {
      #expect(self.files(.fileByFilename(name)) == [name])
    }
  }

  @Test func `a file comes with what it imports, itself first`() {
    #expect(
      self.files(.fileByFilename("google/rpc/error_details.proto"))
        == ["google/rpc/error_details.proto", "google/protobuf/duration.proto"])
    #expect(
      self.files(.fileByFilename("google/rpc/status.proto"))
        == ["google/rpc/status.proto", "google/protobuf/any.proto"])
  }

  @Test func `every method of our services is found, by its path and by its dotted name`() {
    for path in CacheMethod.allPaths {
      let symbol = String(path.dropFirst())
      let dotted = String(symbol.map { $0 == "/" ? "." : $0 })
      #expect(self.files(.fileContainingSymbol(symbol)) == ["larder/v1/cache.proto"])
      #expect(self.files(.fileContainingSymbol(dotted)) == ["larder/v1/cache.proto"])
    }
    for path in AdminMethod.allPaths {
      #expect(
        self.files(.fileContainingSymbol(String(path.dropFirst()))) == ["larder/v1/admin.proto"])
    }
  }

  @Test(
    arguments: [
      ("larder.v1.Cache", "larder/v1/cache.proto"),
      ("larder.v1.SetRequest", "larder/v1/cache.proto"),
      ("larder.v1.SetRequest.if_version", "larder/v1/cache.proto"),
      ("larder.v1.SetRequest.condition", "larder/v1/cache.proto"),
      ("larder.v1.Source", "larder/v1/cache.proto"),
      ("larder.v1.SOURCE_NEAR_CACHE", "larder/v1/cache.proto"),
      ("larder.v1.NamespaceStatus", "larder/v1/admin.proto"),
      ("grpc.health.v1.HealthCheckResponse.ServingStatus", "grpc/health/v1/health.proto"),
      ("grpc.health.v1.HealthCheckResponse.SERVING", "grpc/health/v1/health.proto"),
      ("grpc.health.v1.HealthListResponse.StatusesEntry", "grpc/health/v1/health.proto"),
      ("grpc.reflection.v1.ServerReflection", "grpc/reflection/v1/reflection.proto"),
      ("grpc.reflection.v1alpha.ServerReflection", "grpc/reflection/v1alpha/reflection.proto"),
    ])
  func `symbols of every kind are found`(symbol: String, file: String) {
    #expect(self.files(.fileContainingSymbol(symbol)) == [file])
  }

  @Test func `what does not exist is NOT_FOUND`() {
    #expect(self.errorCode(.fileByFilename("larder/v1/none.proto")) == 5)
    #expect(self.errorCode(.fileContainingSymbol("larder.v1.None")) == 5)
    #expect(self.errorCode(.fileContainingSymbol("larder.v1")) == 5)
    #expect(self.errorCode(.fileContainingSymbol("")) == 5)
    #expect(self.errorCode(.allExtensionNumbersOfType("larder.v1.Source")) == 5)
    let request = ExtensionRequest(containingType: "larder.v1.Hit", number: 100)
    #expect(self.errorCode(.fileContainingExtension(request)) == 5)
  }

  @Test func `a message type without extensions has an empty list of them`() {
    let request = ReflectionRequest(query: .allExtensionNumbersOfType("larder.v1.Hit"))
    #expect(self.index.answer(request).answer == .extensionNumbers(baseType: "larder.v1.Hit", []))
  }

  @Test func `the services listed are the ones given, sorted`() {
    #expect(
      self.index.answer(ReflectionRequest(query: .listServices("*"))).answer
        == .services(["grpc.health.v1.Health", "larder.v1.Admin", "larder.v1.Cache"]))
  }

  @Test func `a request for nothing is INVALID_ARGUMENT`() {
    #expect(self.errorCode(.unset) == 3)
  }

  @Test func `the request is echoed`() {
    let request = ReflectionRequest(host: "h", query: .fileContainingSymbol("x"))
    #expect(self.index.answer(request).request == request)
  }

  @Test func `shared and circular imports are sent once each`() throws {
    let set = descriptorSet([
      ("a", ["b", "c"]), ("b", ["d"]), ("c", ["d"]), ("d", ["a"]), ("e", []),
    ])
    let index = try ReflectionIndex(descriptorSet: set, services: [])
    #expect(self.files(.fileByFilename("a"), in: index) == ["a", "b", "c", "d"])
    #expect(self.files(.fileByFilename("d"), in: index) == ["d", "a", "b", "c"])
    #expect(self.files(.fileByFilename("e"), in: index) == ["e"])
  }

  @Test func `a set that lacks an import is refused by name`() {
    #expect(throws: DescriptorSetError.importMissing(file: "a", imported: "b")) {
      try ReflectionIndex(descriptorSet: descriptorSet([("a", ["b"])]), services: [])
    }
  }

  @Test func `a set with the same file twice is refused by name`() {
    #expect(throws: DescriptorSetError.duplicate(file: "a")) {
      try ReflectionIndex(descriptorSet: descriptorSet([("a", []), ("a", [])]), services: [])
    }
  }

  @Test func `a set cut short is refused`() {
    #expect(throws: DescriptorSetError.malformed(.truncated)) {
      try ReflectionIndex(descriptorSet: Array(DescriptorSet.bytes.dropLast()), services: [])
    }
  }
}
