internal import Glibc
internal import NIOCore
internal import NIOPosix

/// The socket under a channel, for the one write that nearly every turn of a connection ends with.
///
/// A write through the channel passes the pipeline and the queue of pending writes, which costs as much
/// as everything else that happens to a call in user space when a turn has one call. So a turn offers
/// its bytes to the kernel first, and leaves to the channel what the kernel does not take: all of the
/// waiting, and all of the errors.
///
/// Used on the channel's event loop, while the channel is active and has no writes of its own pending.
struct DirectSocket {
  private let descriptor: CInt

  /// Nil where the channel is no socket, as in tests. Not for a channel with a handler that must see
  /// the bytes on their way, such as TLS: `Connection` is told so by whoever makes it.
  init?(_ channel: any Channel) {
    do {
      let descriptor = try channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(
        of: NIOBSDSocket.Handle.self
      ) { $0 }
      guard let descriptor else { return nil }
      self.descriptor = descriptor
    } catch {
      // The socket is closed already; the channel will say so.
      return nil
    }
  }

  /// How many of the bytes the kernel took; 0 also where the socket is broken, which whoever writes
  /// the rest through the channel will hear.
  func write(_ bytes: UnsafeRawBufferPointer) -> Int {
    let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
    return max(0, Glibc.send(self.descriptor, bytes.baseAddress, bytes.count, flags))
  }
}
