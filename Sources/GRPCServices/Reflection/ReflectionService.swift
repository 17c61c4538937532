public import GRPC
internal import NIOCore
internal import Wire

/// grpc.reflection: what lets grpcurl and its like call a server without its proto files. Version v1
/// and its older twin v1alpha, which differ in name only.
public final class ReflectionService: StreamingService {
  private let index: ReflectionIndex

  public init(_ index: ReflectionIndex) { self.index = index }

  /// The names of the services, as the index lists them.
  public static let services = [
    "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection",
  ]

  /// The calls of the services, for a `Server`.
  public var registrations: [ServiceRegistration] {
    [.streaming(paths: Self.services.map { "/\($0)/ServerReflectionInfo" }, self)]
  }

  public func serve(_ call: StreamingCall) async throws {
    for try await message in call.messages {
      let request: ReflectionRequest
      do {
        request = try ReflectionRequest(decoding: message.readableBytesSpan)
      } catch {
        throw malformed(error)
      }
      try await call.send(ByteBuffer(bytes: self.index.answer(request).serialized()))
    }
  }
}
