import LarderAPI
import ProtobufOracle

// Parts of messages that own their bytes, so that they can be kept and compared; the messages of
// LarderAPI are views. Each knows what protobuf-c must have read for it.

struct AnyExpiry {
  let expiry: Expiry

  init(_ values: inout RandomValues) {
    switch values.below(3) {
    case 0: self.expiry = .namespaceDefault
    case 1: self.expiry = .after(milliseconds: values.uint64())
    default: self.expiry = .never
    }
  }

  /// - Parameters:
  ///   - member: the field number of the member set, or 0.
  ///   - ttlField: the field number of `ttl_ms` in this message.
  func equals(member: UInt32, ttlField: UInt32, ttl: UInt64, noExpiry: protobuf_c_boolean) -> Bool {
    switch self.expiry {
    case .namespaceDefault: member == 0
    case .after(let milliseconds): member == ttlField && ttl == milliseconds
    case .never: member != 0 && member != ttlField && noExpiry == 1
    }
  }
}

struct AnyHit {
  let value: [UInt8]
  let info: HitInfo

  init(_ values: inout RandomValues) {
    self.value = values.bytes()
    self.info = HitInfo(
      version: values.uint64(), ttlMilliseconds: values.uint64(), flags: values.uint32(),
      source: Source(rawValue: Int32(values.below(4))), isStale: values.bool())
  }

  func equals(_ hit: Larder__V1__Hit) -> Bool {
    data(hit.value) == self.value && hit.version == self.info.version
      && hit.ttl_ms == self.info.ttlMilliseconds && hit.flags == self.info.flags
      && Int32(bitPattern: hit.source.rawValue) == self.info.source.rawValue
      && (hit.stale != 0) == self.info.isStale
  }
}

struct AnyItemError {
  let code: Int32
  let reason: [UInt8]
  let message: [UInt8]

  init(_ values: inout RandomValues) {
    self.code = values.int32()
    self.reason = values.text()
    self.message = values.text()
  }

  func equals(_ error: Larder__V1__ItemError) -> Bool {
    error.code == self.code && text(error.reason) == self.reason
      && text(error.message) == self.message
  }
}

struct AnySetRequest {
  let key: [UInt8]
  let value: [UInt8]
  let namespace: [UInt8]
  let expiry: AnyExpiry
  let flags: UInt32
  let condition: Condition
  let durability: Durability

  init(_ values: inout RandomValues) {
    self.key = values.text()
    self.value = values.bytes()
    self.namespace = values.text()
    self.expiry = AnyExpiry(&values)
    self.flags = values.uint32()
    switch values.below(4) {
    case 0: self.condition = .always
    case 1: self.condition = .ifAbsent
    case 2: self.condition = .ifPresent
    default: self.condition = .ifVersion(values.uint64())
    }
    self.durability = Durability(rawValue: Int32(values.below(3)))
  }

  func equals(_ request: Larder__V1__SetRequest) -> Bool {
    let condition =
      switch self.condition {
      case .always: request.condition_case.rawValue == 0
      case .ifAbsent: request.condition_case.rawValue == 6 && request.if_absent == 1
      case .ifPresent: request.condition_case.rawValue == 7 && request.if_present == 1
      case .ifVersion(let version):
        request.condition_case.rawValue == 8 && request.if_version == version
      }
    return condition && text(request.key) == self.key && data(request.value) == self.value
      && text(request.namespace_) == self.namespace && request.flags == self.flags
      && Int32(bitPattern: request.durability.rawValue) == self.durability.rawValue
      && self.expiry.equals(
        member: request.expiry_case.rawValue, ttlField: 4, ttl: request.ttl_ms,
        noExpiry: request.no_expiry)
  }

  /// The message, a view over this value's bytes.
  var message: SetRequest {
    @_lifetime(borrow self)
    get {
      SetRequest(
        key: self.key.span.bytes, value: self.value.span.bytes,
        namespace: self.namespace.span.bytes, expiry: self.expiry.expiry, flags: self.flags,
        condition: self.condition, durability: self.durability)
    }
  }
}
