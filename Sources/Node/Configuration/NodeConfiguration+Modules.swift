internal import CacheStore
internal import GRPC
internal import HTTP2
internal import NIOCore

// What the modules below are told of a node's configuration.

extension StoreConfiguration {
  init(_ configuration: NodeConfiguration) {
    self.init(
      memoryBytes: configuration.memoryBytes,
      inlineValueMaxBytes: configuration.limits.inlineValueMaxBytes,
      valueMaxBytes: configuration.limits.valueMaxBytes,
      tombstonesMax: configuration.limits.tombstonesMax,
      policy: configuration.policy,
      cores: configuration.loops,
      namespaces: configuration.namespaces.map { .init($0) })
  }
}

extension Server.Configuration {
  init(_ limits: NodeLimits) {
    self.init()
    self.connectionsMax = limits.connectionsMax
    self.handshakeTimeout = .milliseconds(limits.handshakeTimeoutMilliseconds)
    self.connectionsPerAddressMax = limits.connectionsPerAddressMax
    self.handlersMax = limits.handlersMax
    self.buffersMaxBytes = limits.buffersMaxBytes
    self.connection.timeouts = ServerTimeouts(limits)
    self.connection.messageMaxBytes = limits.messageMaxBytes
    self.connection.outputBufferMaxBytes = limits.outputBufferMaxBytes
    self.connection.requestBufferMaxBytes = limits.requestBufferMaxBytes
    self.connection.answerBufferMaxBytes = limits.answerBufferMaxBytes
    self.connection.session.streamsMax = limits.streamsMax
    self.connection.session.streamWindowBytes = limits.streamWindowBytes
    self.connection.session.connectionWindowBytes = limits.connectionWindowBytes
    self.connection.session.headerListMaxBytes = limits.headerListMaxBytes
    self.connection.session.headersMax = limits.headersMax
    self.connection.session.protect(by: limits)
  }
}
