internal import NIOCore

extension UnaryCall {
  /// Parks the call, and answers it with what `work` returns or throws, which runs in a task of its
  /// own. For calls that must ask elsewhere; one that costs no more than a look-up answers at once.
  ///
  /// The task is not cancelled when the client gives up; its answer is dropped then.
  public func answer(with work: @escaping @Sendable () async throws(Status) -> [UInt8]) {
    let eventLoop = self.eventLoop
    // Emptied on the loop, for the reason that `ServerConnection.start` gives.
    let parked = NIOLoopBoundBox<ParkedCall?>(self.park(), eventLoop: eventLoop)
    Task {
      let result: Result<[UInt8], Status>
      do throws(Status) {
        result = .success(try await work())
      } catch {
        result = .failure(error)
      }
      eventLoop.execute {
        parked.value.take()?.resume { call in
          switch result {
          case .success(let message):
            call.reply(size: message.count) { output in
              for byte in message { output.append(byte) }
            }
          case .failure(let status): call.fail(status)
          }
        }
      }
    }
  }

  /// The event loop that the call is served on.
  private var eventLoop: any EventLoop {
    guard let context = self.connection.context else {
      preconditionFailure("calls are served while their connection is up")
    }
    return context.eventLoop
  }
}
