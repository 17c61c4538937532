internal import GRPC
internal import LarderAPI
internal import Logging
internal import Wire

// Namespaces that were made at run time come back with the entries in them.
extension SnapshotKeeper {
  /// Empty: there are none.
  var namespaceDefinitions: [UInt8] {
    DescribeNamespacesResponse(namespaces: self.namespaces.madeAtRunTime).serialized()
  }

  /// Those that the configuration has by now are as it says.
  func makeNamespaces(_ definitions: RawSpan) {
    let response: DescribeNamespacesResponse
    do {
      response = try DescribeNamespacesResponse(decoding: definitions)
    } catch {
      self.logger.warning(
        "namespaces of the snapshot cannot be read", metadata: ["reason": "\(error)"])
      return
    }
    for namespace in response.namespaces {
      do throws(NamespaceError) {
        _ = try self.namespaces.create(namespace.name, namespace.settings)
      } catch {
        if case .exists = error { continue }
        self.logger.warning(
          "a namespace of the snapshot was not made: its entries are left out",
          metadata: ["namespace": "\(namespace.name)", "reason": "\(error.status.message)"])
      }
    }
  }
}
