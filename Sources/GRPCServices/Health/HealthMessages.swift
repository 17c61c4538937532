public import Wire

/// `grpc.health.v1.HealthCheckRequest`.
public struct HealthCheckRequest: WireMessage, WireDecodable, Equatable, Sendable {
  /// A service's full name, or any other name the server has a status for. Empty: the whole server.
  public var service: String

  /// Asks for the status of `service`.
  public init(service: String = "") {
    self.service = service
  }

  public init(from reader: consuming WireReader) throws(WireError) {
    self.init()
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.service = String(copyingUTF8: try reader.string(field))
      default: try reader.skip(field)
      }
    }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.string(field: 1, self.service)
  }
}

/// `grpc.health.v1.HealthCheckResponse`, whose only field is the status.
public struct HealthCheckResponse: WireMessage, WireDecodable, Equatable, Sendable {
  /// How the service is.
  public var status: ServingStatus

  /// Says that the service is in `status`.
  public init(status: ServingStatus = .unknown) {
    self.status = status
  }

  public init(from reader: consuming WireReader) throws(WireError) {
    self.init()
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.status = ServingStatus(rawValue: try reader.int32(field))
      default: try reader.skip(field)
      }
    }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.int32(field: 1, self.status.rawValue)
  }
}

/// `grpc.health.v1.HealthCheckResponse.ServingStatus`. An open enum, as proto3 has them.
public struct ServingStatus: RawRepresentable, Equatable, Sendable {
  /// The number on the wire.
  public var rawValue: Int32

  /// Any number, known here or not.
  public init(rawValue: Int32) {
    self.rawValue = rawValue
  }

  /// Not known yet.
  public static let unknown = Self(rawValue: 0)
  /// Takes calls.
  public static let serving = Self(rawValue: 1)
  /// Takes no calls now.
  public static let notServing = Self(rawValue: 2)
  /// The server has no such service. Only Watch says so; Check ends with NOT_FOUND.
  public static let serviceUnknown = Self(rawValue: 3)
}

/// `grpc.health.v1.HealthListRequest`: no fields.
public struct HealthListRequest: WireMessage, WireDecodable, Equatable, Sendable {
  /// Asks for every status.
  public init() {}

  public init(from reader: consuming WireReader) throws(WireError) {
    while let field = try reader.nextField() { try reader.skip(field) }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {}
}

/// `grpc.health.v1.HealthListResponse`.
public struct HealthListResponse: WireMessage, WireDecodable, Equatable, Sendable {
  /// By service name; written in the order of the names, so that equal answers are equal bytes.
  public var statuses: [String: ServingStatus]

  /// Says how each of these services is.
  public init(statuses: [String: ServingStatus] = [:]) {
    self.statuses = statuses
  }

  public init(from reader: consuming WireReader) throws(WireError) {
    self.init()
    while let field = try reader.nextField() {
      switch field.number {
      case 1:
        let entry = try Entry(from: try reader.message(field))
        self.statuses[entry.service] = entry.response.status
      default: try reader.skip(field)
      }
    }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    for (service, status) in self.statuses.sorted(by: { $0.key < $1.key }) {
      let response = HealthCheckResponse(status: status)
      sink.message(field: 1, Entry(service: service, response: response))
    }
  }

  /// One pair of the map: on the wire a map is repeated messages of key and value.
  private struct Entry: WireMessage, WireDecodable {
    var service: String
    var response: HealthCheckResponse

    init(service: String, response: HealthCheckResponse) {
      self.service = service
      self.response = response
    }

    init(from reader: consuming WireReader) throws(WireError) {
      self.init(service: "", response: HealthCheckResponse())
      while let field = try reader.nextField() {
        switch field.number {
        case 1: self.service = String(copyingUTF8: try reader.string(field))
        case 2: self.response = try HealthCheckResponse(from: try reader.message(field))
        default: try reader.skip(field)
        }
      }
    }

    func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
      // Map entries have explicit presence: other implementations write both, defaults included.
      sink.string(field: 1, self.service, presence: .explicit)
      sink.message(field: 2, self.response)
    }
  }
}
