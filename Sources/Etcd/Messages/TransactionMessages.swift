public import Wire

/// `etcdserverpb.RequestOp`: one operation of a transaction.
public enum RequestOperation: WireMessage, WireDecodable, Equatable, Sendable {
  case range(RangeRequest)
  case put(PutRequest)
  case deleteRange(DeleteRangeRequest)
  /// None that is known here.
  case none

  public init(from reader: consuming WireReader) throws(WireError) {
    self = .none
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self = .range(try RangeRequest(from: try reader.message(field)))
      case 2: self = .put(try PutRequest(from: try reader.message(field)))
      case 3: self = .deleteRange(try DeleteRangeRequest(from: try reader.message(field)))
      default: try reader.skip(field)
      }
    }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    switch self {
    case .range(let request): sink.message(field: 1, request)
    case .put(let request): sink.message(field: 2, request)
    case .deleteRange(let request): sink.message(field: 3, request)
    case .none: break
    }
  }
}

/// `etcdserverpb.ResponseOp`: what came of one operation of a transaction.
public enum ResponseOperation: WireMessage, WireDecodable, Equatable, Sendable {
  case range(RangeResponse)
  case put(PutResponse)
  case deleteRange(DeleteRangeResponse)
  /// None that is known here.
  case none

  public init(from reader: consuming WireReader) throws(WireError) {
    self = .none
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self = .range(try RangeResponse(from: try reader.message(field)))
      case 2: self = .put(try PutResponse(from: try reader.message(field)))
      case 3: self = .deleteRange(try DeleteRangeResponse(from: try reader.message(field)))
      default: try reader.skip(field)
      }
    }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    switch self {
    case .range(let response): sink.message(field: 1, response)
    case .put(let response): sink.message(field: 2, response)
    case .deleteRange(let response): sink.message(field: 3, response)
    case .none: break
    }
  }
}

/// `etcdserverpb.TxnRequest`: does one list of operations or another, at once and as a whole.
public struct Transaction: WireMessage, WireDecodable, Equatable, Sendable {
  /// All must hold.
  public var conditions: [Compare]
  /// What is done where they do. etcd writes no key twice in it.
  public var success: [RequestOperation]
  /// What is done where one does not.
  public var failure: [RequestOperation]

  /// Does `success` if all `conditions` hold, and `failure` otherwise.
  public init(
    if conditions: [Compare] = [], then success: [RequestOperation] = [],
    else failure: [RequestOperation] = []
  ) {
    self.conditions = conditions
    self.success = success
    self.failure = failure
  }

  public init(from reader: consuming WireReader) throws(WireError) {
    self.init()
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.conditions.append(try Compare(from: try reader.message(field)))
      case 2: self.success.append(try RequestOperation(from: try reader.message(field)))
      case 3: self.failure.append(try RequestOperation(from: try reader.message(field)))
      default: try reader.skip(field)
      }
    }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    for condition in self.conditions { sink.message(field: 1, condition) }
    for operation in self.success { sink.message(field: 2, operation) }
    for operation in self.failure { sink.message(field: 3, operation) }
  }
}

/// `etcdserverpb.TxnResponse`.
public struct TransactionResponse: WireMessage, WireDecodable, Equatable, Sendable {
  /// Who answers, and when in its history.
  public var header = ResponseHeader()
  /// The conditions held.
  public var hasSucceeded = false
  /// One for each operation that was done, in order.
  public var responses: [ResponseOperation] = []

  /// An answer to be filled in.
  public init() {}

  public init(from reader: consuming WireReader) throws(WireError) {
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.header = try ResponseHeader(from: try reader.message(field))
      case 2: self.hasSucceeded = try reader.bool(field)
      case 3: self.responses.append(try ResponseOperation(from: try reader.message(field)))
      default: try reader.skip(field)
      }
    }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.message(field: 1, self.header)
    sink.bool(field: 2, self.hasSucceeded)
    for response in self.responses { sink.message(field: 3, response) }
  }
}
