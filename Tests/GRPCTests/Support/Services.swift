import NIOCore

@testable import GRPC

/// A unary service made of one closure.
final class Unary: UnaryService {
  private let body: @Sendable (borrowing UnaryCall) -> Void

  init(_ body: @escaping @Sendable (borrowing UnaryCall) -> Void) { self.body = body }

  func serve(_ call: borrowing UnaryCall) { self.body(call) }

  /// Answers with the message it was sent.
  static let echo = Unary { call in
    let message = call.message
    call.reply(size: message.byteCount) { output in
      for offset in message.byteOffsets {
        output.append(message.unsafeLoad(fromByteOffset: offset, as: UInt8.self))
      }
    }
  }
}

/// A streaming service made of one closure.
final class Streaming: StreamingService {
  private let body: @Sendable (StreamingCall) async throws -> Void

  init(_ body: @escaping @Sendable (StreamingCall) async throws -> Void) { self.body = body }

  func serve(_ call: StreamingCall) async throws { try await self.body(call) }

  /// Answers each message with the same.
  static let echo = Streaming { call in
    for try await message in call.messages { try await call.send(message) }
  }
}

/// Parks every call.
///
/// `@unchecked Sendable`: used on the one event loop of its test's server only.
final class ParkingLot: UnaryService, @unchecked Sendable {
  private(set) var parked: [ParkedCall] = []

  func serve(_ call: borrowing UnaryCall) { self.parked.append(call.park()) }

  /// Answers every parked call with `bytes`.
  func answer(_ bytes: [UInt8]) {
    let parked = self.parked
    self.parked = []
    for call in parked { call.resume { $0.reply(bytes) } }
  }
}

/// Parks every call, and hears of those that are abandoned; the first has the tag 1.
///
/// `@unchecked Sendable`: used on the one event loop of its test's server only.
final class WatchedLot: UnaryService, ParkedCallObserver, @unchecked Sendable {
  private(set) var parked: [ParkedCall] = []
  private(set) var abandoned: [UInt64] = []

  func serve(_ call: borrowing UnaryCall) {
    self.parked.append(call.park(observer: self, tag: UInt64(self.parked.count + 1)))
  }

  func abandoned(tag: UInt64) { self.abandoned.append(tag) }
}

extension UnaryCall {
  /// Answers with `bytes`.
  func reply(_ bytes: [UInt8]) {
    self.reply(size: bytes.count) { output in
      for byte in bytes { output.append(byte) }
    }
  }
}

/// A large value, and whoever keeps it alive.
final class Value: Sendable {
  /// `nonisolated(unsafe)`: written in `init` only.
  nonisolated(unsafe) let buffer: UnsafeMutableRawBufferPointer

  init(_ bytes: [UInt8]) {
    self.buffer = .allocate(byteCount: bytes.count, alignment: 1)
    self.buffer.copyBytes(from: bytes)
  }

  deinit { self.buffer.deallocate() }
}
