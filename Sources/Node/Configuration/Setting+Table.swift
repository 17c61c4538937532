internal import CacheStore

/// The one table of settings. Defaults stand beside the properties that the key paths name.
///
/// What each setting does is said once, in its summary, which is also its help text.
extension Setting {
  /// In the order of `larder serve --help`.
  public static let all: [Setting] =
    [.listen, .admin, .advertise, .nodeID, .loops, .config, .reloadInterval, .compression]
    + [.tlsCert, .tlsKey, .tlsCA, .tlsClientAuth, .tlsMinVersion, .plaintextListen]
    + [.handshakeTimeout]
    + Setting.cluster + Setting.membership
    + [.memory, .policy, .tombstonesMax, .expirySweepInterval] + Setting.snapshot
    + [.tokens, .insecure]
    + [.logLevel, .logFormat, .accessLog]
    + [.valueMax, .keyMax, .inlineValueMax, .ttlMax, .batchKeysMax, .batchReplyMax, .messageMax]
    + [.headerListMax, .headersMax, .streamsMax, .connectionsMax, .connectionsPerAddressMax]
    + [.handlersMax, .streamWindow]
    + [.connectionWindow, .outputBufferMax, .requestBufferMax, .answerBufferMax, .buffersMax]
    + [.compressionMin, .compressionMax]
    + [.drainTimeout]
    + [.rateLimitPerClient, .rateLimitBurst, .rateLimitClientsMax]
    + [.adminConnectionsMax, .adminRequestMax, .adminTimeout]
    + Setting.protection + Setting.timeouts

  // Node.

  package static let listen = Setting(
    "listen", .node, .listen,
    "Address to accept connections on. Port 0 takes a free port.")
  package static let admin = Setting(
    "admin", .node, .admin,
    "Address of the pages /metrics, /live and /ready over HTTP; off for none. Beyond this"
      + " machine only with --insecure.")
  package static let advertise = Setting(
    "advertise", .node, .advertise, derivedDefault: "the address of --listen",
    "Address at which other machines reach this node.")
  package static let nodeID = Setting(
    "node-id", .node, .nodeID, derivedDefault: "the advertised address",
    "Name of this node among its peers, unique in the cluster.")
  package static let loops = Setting(
    "loops", .node, .count(\.loops, 1...NodeLimits.loopsMax),
    derivedDefault: "one per core",
    "Event loops, each a thread that serves its share of the connections.")
  package static let config = Setting(
    "config", .node, .configFile,
    "YAML file to read settings from; its keys are the names of these flags.")
  package static let reloadInterval = Setting(
    "reload-interval", .node,
    .milliseconds(\.limits.reloadIntervalMilliseconds, 10...86_400_000),
    "Time between two looks whether certificates or tokens have changed. SIGHUP has them read at once."
  )

  // TLS.

  package static let tlsCert = Setting(
    "tls-cert", .tls, .file(\.tls.certificateFile),
    "PEM file of the node's certificate and those between it and its authority. Given, --listen"
      + " speaks TLS only.")
  package static let tlsKey = Setting(
    "tls-key", .tls, .file(\.tls.keyFile), "PEM file of the private key of --tls-cert.")
  package static let tlsCA = Setting(
    "tls-ca", .tls, .file(\.tls.clientAuthoritiesFile),
    "PEM file of the authorities that clients' certificates must come from. Given, clients need"
      + " one.")
  package static let tlsClientAuth = Setting(
    "tls-client-auth", .tls, .tlsClientAuth,
    "With --tls-ca: require refuses clients without a certificate, request lets them in.")
  package static let tlsMinVersion = Setting(
    "tls-min-version", .tls, .tlsMinVersion, "Oldest version of TLS to speak: 1.2 or 1.3.")
  package static let plaintextListen = Setting(
    "plaintext-listen", .tls, .plaintextListen,
    "With --tls-cert: a further address, without TLS, for clients on this machine.")
  package static let handshakeTimeout = Setting(
    "handshake-timeout", .tls, .milliseconds(\.limits.handshakeTimeoutMilliseconds, 10...600_000),
    "Time that a client has for its TLS handshake before its connection is closed.")

  // Compression.

  package static let compression = Setting(
    "compression", .node, .compression,
    "Compresses replies for clients that accept it: off, gzip or deflate. Requests may always be.")
  package static let compressionMin = Setting(
    "compression-min", .limits,
    .bytes(\.limits.compressionMinBytes, 0...NodeLimits.int32MaxBytes),
    "Smallest reply to compress.")
  package static let compressionMax = Setting(
    "compression-max", .limits,
    .bytes(\.limits.compressionMaxBytes, 0...NodeLimits.int32MaxBytes),
    "Largest reply to compress; compressing holds up the other calls of its event loop.")

  // Storage.

  package static let memory = Setting(
    "memory", .storage, .bytes(\.memoryBytes, (1 << 20)...(1 << 50)),
    "Byte budget of the store: keys, values and all per-entry overhead. The process takes more.")
  package static let policy = Setting(
    "policy", .storage, .policy,
    "Which entries stay when memory is full: lru, lru2, s3-fifo, sieve or w-tinylfu. Compare them on"
      + " your own traffic: larder simulate.")
  package static let tombstonesMax = Setting(
    "tombstones-max", .storage, .count(\.limits.tombstonesMax, 1...1_000_000_000),
    "Deletes remembered, so that an older copy cannot come back to life.")
  package static let expirySweepInterval = Setting(
    "expiry-sweep-interval", .storage,
    .milliseconds(\.limits.expirySweepIntervalMilliseconds, 10...3_600_000),
    "Time between two looks for expired entries. Reads never return one in between.")

  // Security.

  package static let tokens = Setting(
    "tokens", .security, .file(\.tokensFile),
    "YAML file of who may call and what for, by bearer token or client certificate.")
  package static let insecure = Setting(
    "insecure", .security, .toggle(\.isInsecure),
    "Serve other machines without asking who calls, because the network keeps others out.")

  // Logging.

  package static let logLevel = Setting(
    "log-level", .logging, .logLevel,
    "Least severe level to write: trace, debug, info, notice, warning, error or critical.")
  package static let logFormat = Setting(
    "log-format", .logging, .logFormat,
    "text for people, json for machines; auto is text on a terminal and json elsewhere.")

  package static let accessLog = Setting(
    "access-log", .logging, .accessLog,
    "Calls to log when they end: off, errors (those that did not end with OK) or all. The method"
      + " of those refused on their headers, such as of unknown methods, is \"other\".")

  // Limits.

  package static let valueMax = Setting(
    "value-max", .limits,
    .bytes(\.limits.valueMaxBytes, 1...StoreConfiguration.valueMaxBytesMax),
    "Largest value. Raising it may need --message-max and --batch-reply-max raised.")
  package static let keyMax = Setting(
    "key-max", .limits, .bytes(\.limits.keyMaxBytes, 1...NodeLimits.keyMaxBytesMax),
    "Longest key; 64KiB at most.")
  package static let inlineValueMax = Setting(
    "inline-value-max", .limits,
    .bytes(\.limits.inlineValueMaxBytes, StoreConfiguration.inlineValueRange),
    "Largest value copied whole into a reply; larger ones are sent piece by piece.")
  package static let ttlMax = Setting(
    "ttl-max", .limits, .milliseconds(\.limits.ttlMaxMilliseconds, 1...(36_500 * 86_400_000)),
    "Longest time to live that a writer may state.")
  package static let batchKeysMax = Setting(
    "batch-keys-max", .limits, .count(\.limits.batchKeysMax, 1...1_000_000),
    "Keys or items in one GetMany, SetMany or DeleteMany.")
  package static let batchReplyMax = Setting(
    "batch-reply-max", .limits, .bytes(\.limits.batchReplyMaxBytes, 1...NodeLimits.int32MaxBytes),
    "Size of a GetMany reply; the keys beyond it are answered as deferred.")
  package static let messageMax = Setting(
    "message-max", .limits, .bytes(\.limits.messageMaxBytes, 1...NodeLimits.int32MaxBytes),
    "Size of one gRPC message. Many clients refuse replies above 4MiB unless told otherwise.")
  package static let headerListMax = Setting(
    "header-list-max", .limits, .bytes(\.limits.headerListMaxBytes, (4 << 10)...(1 << 20)),
    "Size of one request's headers, decoded.")
  package static let headersMax = Setting(
    "headers-max", .limits, .count(\.limits.headersMax, 16...4_096),
    "Header fields of one request.")
  package static let streamsMax = Setting(
    "streams-max", .limits, .count(\.limits.streamsMax, 1...1_000_000),
    "Concurrent calls on one connection.")
  package static let connectionsMax = Setting(
    "connections-max", .limits, .count(\.limits.connectionsMax, 1...1_000_000),
    "Open connections.")
  package static let connectionsPerAddressMax = Setting(
    "connections-per-address-max", .limits,
    .count(\.limits.connectionsPerAddressMax, 1...1_000_000),
    "Open connections from one IPv4 address, or from one /64 network of IPv6.")
  package static let handlersMax = Setting(
    "handlers-max", .limits, .count(\.limits.handlersMax, 1...1_000_000),
    "Streaming calls being served, cancelled ones included until their handler returns.")
  package static let streamWindow = Setting(
    "stream-window", .limits,
    .bytes(\.limits.streamWindowBytes, (64 << 10)...NodeLimits.int32MaxBytes),
    "HTTP/2 flow-control window of one call.")
  package static let connectionWindow = Setting(
    "connection-window", .limits,
    .bytes(\.limits.connectionWindowBytes, (64 << 10)...NodeLimits.int32MaxBytes),
    "HTTP/2 flow-control window of one connection, shared by its calls.")
  package static let outputBufferMax = Setting(
    "output-buffer-max", .limits, .bytes(\.limits.outputBufferMaxBytes, (32 << 10)...(1 << 30)),
    "Output that one connection gathers before it is flushed.")
  package static let requestBufferMax = Setting(
    "request-buffer-max", .limits, .bytes(\.limits.requestBufferMaxBytes, 1...(1 << 40)),
    "Messages not yet whole that one connection may hold.")
  package static let answerBufferMax = Setting(
    "answer-buffer-max", .limits, .bytes(\.limits.answerBufferMaxBytes, 1...(1 << 40)),
    "Answers not yet read that one connection may hold before its calls are refused.")
  package static let buffersMax = Setting(
    "buffers-max", .limits, .bytes(\.limits.buffersMaxBytes, 1...(1 << 40)),
    "Messages and answers that all connections may hold before calls are refused; connections that"
      + " hold next to nothing may hold a sixteenth more. Large values that are not read count against"
      + " those who ask for more of them.")
  package static let drainTimeout = Setting(
    "drain-timeout", .limits, .milliseconds(\.limits.drainTimeoutMilliseconds, 0...86_400_000),
    "Time that open calls get to end once the node was told to stop.")
  package static let rateLimitPerClient = Setting(
    "rate-limit-per-client", .limits,
    .count(\.limits.rateLimitPerClient, 0...NodeLimits.rateLimitMax),
    "Calls a second from one caller, or one address where callers are not known; 0: any number.")
  package static let rateLimitBurst = Setting(
    "rate-limit-burst", .limits, .count(\.limits.rateLimitBurst, 0...NodeLimits.rateLimitMax),
    "Calls that a client may make at once after a pause; 0: those of one second.")
  package static let rateLimitClientsMax = Setting(
    "rate-limit-clients-max", .limits, .count(\.limits.rateLimitClientsMax, 1...10_000_000),
    "Clients whose calls are counted; beyond it the one that paused longest is forgotten.")
  package static let adminConnectionsMax = Setting(
    "admin-connections-max", .limits, .count(\.limits.adminConnectionsMax, 1...10_000),
    "Open connections to the admin pages.")
  package static let adminRequestMax = Setting(
    "admin-request-max", .limits, .bytes(\.limits.adminRequestMaxBytes, (1 << 10)...(1 << 20)),
    "Size of one request for an admin page, headers included.")
  package static let adminTimeout = Setting(
    "admin-timeout", .limits, .milliseconds(\.limits.adminTimeoutMilliseconds, 10...3_600_000),
    "Time for one request for an admin page to come whole, and again for its answer.")
}
