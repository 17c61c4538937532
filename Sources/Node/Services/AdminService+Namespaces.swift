internal import CacheStore
internal import GRPC
internal import LarderAPI
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import Wire

extension AdminService {
  func createNamespace(_ call: borrowing UnaryCall) throws(WireError) {
    let request = try CreateNamespaceRequest(decoding: call.message)
    self.answer(call) { registry throws(NamespaceError) in
      try registry.create(request.name, request.settings).serialized()
    }
  }

  func alterNamespace(_ call: borrowing UnaryCall) throws(WireError) {
    let request = try AlterNamespaceRequest(decoding: call.message)
    self.answer(call) { registry throws(NamespaceError) in
      try registry.alter(request.name, request.settings).serialized()
    }
  }

  func describeNamespaces(_ call: borrowing UnaryCall) throws(WireError) {
    let request = try DescribeNamespacesRequest(decoding: call.message)
    self.answer(call) { registry throws(NamespaceError) in
      DescribeNamespacesResponse(namespaces: try registry.describe(request.names)).serialized()
    }
  }

  /// Done at once, whatever the namespace holds; its memory comes back in steps afterwards.
  func flushNamespace(_ call: borrowing UnaryCall) throws(WireError) {
    let request = try FlushNamespaceRequest(decoding: call.message)
    guard let id = self.store.namespaces.id(of: request.name.utf8Span.span.bytes) else {
      return call.fail(NamespaceError.unknown(request.name).status)
    }
    let entries = self.store.statistics().namespaces[Int(id.rawValue)].entries
    let version = self.store.flush(id, now: self.clock.time(of: call))
    self.logger.info(
      "namespace flushed", metadata: ["namespace": "\(request.name)", "entries": "\(entries)"])
    call.reply(FlushNamespaceResponse(version: version.rawValue, entries: UInt64(entries)))
    let (store, clock) = (self.store, self.clock)
    Task {
      while store.reclaimFlushed(now: clock.time(.now())) { await Task.yield() }
    }
  }

  /// Answers from a thread that may wait: see `NamespaceRegistry`.
  private func answer(
    _ call: borrowing UnaryCall,
    with work: @escaping @Sendable (NamespaceRegistry) throws(NamespaceError) -> [UInt8]
  ) {
    let registry = self.namespaces
    call.answer { () async throws(Status) -> [UInt8] in
      let result: Result<[UInt8], NamespaceError>
      do {
        result = try await NIOThreadPool.singleton.runIfActive {
          do throws(NamespaceError) {
            return .success(try work(registry))
          } catch {
            return .failure(error)
          }
        }
      } catch {
        // The pool is the process' own and never ends; a cancelled task is all that comes here.
        throw Status(.cancelled, "the call was cancelled")
      }
      do throws(NamespaceError) {
        return try result.get()
      } catch {
        throw error.status
      }
    }
  }
}
