public import Glomers
public import Replication
public import Wire
internal import Workloads

/// What broadcast nodes say to each other. What has values or asks for them has the sender's advertisement too: its
/// incarnation and its version vector, which acknowledges all that the sender holds, and shows what the sender lacks.
/// (Mail tells the whole vector to the hub alone.)
public enum Gossip: Equatable, Sendable {
  /// A spoke's new values, for the hub to scatter.
  case batch(Delta<JSON>, Advertisement, BatchTiming)
  /// A node's new values, for every peer to have without waiting for a scatter.
  case mail(Delta<JSON>, Advertisement, BatchTiming)
  /// The hub's news, for everybody. `echo` is the stamp of the receiver's last batch plus the time for which
  /// that lay at the hub.
  case scatter([Delta<JSON>], Holding, Rhythm, echo: Duration?)
  /// Pairwise anti-entropy (``Dissemination``): what the receiver was seen to lack, a question, an answer.
  case sync([Delta<JSON>], Advertisement)
  /// Measures the round trip.
  case ping, pong
}

/// What a scatter says of its hub: an advertisement that may be short.
public struct Holding: Equatable, Sendable {
  /// What the hub holds: all of it, or ``VersionVector/digest``.
  public enum Content: Equatable, Sendable {
    case version(VersionVector)
    case digest(Int)
  }

  public let incarnation: Incarnation
  public let content: Content
  /// Whether more entries follow once these are acknowledged.
  public let isPartial: Bool
}

/// What a spoke tells the hub about time.
public struct BatchTiming: Equatable, Sendable {
  /// The spoke's clock as the batch left; it comes back in the next scatter.
  public let stamp: Duration
  /// For how long the oldest value of the batch has waited.
  public let age: Duration
  /// The shortest of the last round trips; nil before one is measured.
  public let roundTrip: Duration?
  /// By how much scatters, and the spoke's own timers, were late: the greatest recent value.
  public let lateness: Duration
}

/// When a hub scatters.
public struct Rhythm: Equatable, Sendable {
  /// The hub's clock as this scatter left.
  public let sent: Duration
  /// From this scatter to the next one.
  public let next: Duration
  /// From each to the next after that.
  public let period: Duration
  /// The shortest round trip that the hub knows of: a start for spokes that have not measured theirs.
  public let roundTrip: Duration?
  /// How long before a scatter batches are to land.
  public let margin: Duration
  /// For how long a node gathers new values that it mails to all; nil where the hub scatters them.
  public var mailPeriod: Duration?
}

extension BroadcastNode.Message: WireMessage {
  public init(type: String, body: JSONObject) throws(WireError) {
    if let gossip = try Gossip(type: type, body: body) {
      self = .peer(gossip)
    } else {
      self = .client(try Broadcast(type: type, body: body))
    }
  }

  public func write(to body: inout JSONWriter) {
    switch self {
    case .client(let message): message.write(to: &body)
    case .peer(let gossip): gossip.write(to: &body)
    }
  }
}

extension Gossip {
  /// Nil for a type that is not a peer's.
  init?(type: String, body: JSONObject) throws(WireError) {
    // Six comparisons less for each request of a client.
    guard type.utf8.first == UInt8(ascii: "g") else { return nil }
    switch type {
    case "gossip_batch", "gossip_mail":
      let deltas = try Delta<JSON>.read(from: body)
      guard deltas.count == 1 else { throw .malformed("\(type) has one delta, not \(deltas.count)") }
      let (said, timing) = (try Advertisement(from: body), try BatchTiming(from: body))
      self = type == "gossip_mail" ? .mail(deltas[0], said, timing) : .batch(deltas[0], said, timing)
    case "gossip_scatter":
      self = .scatter(
        try Delta.read(from: body), try Holding(from: body), try Rhythm(from: body),
        echo: try body.optionalClockReading("echo"))
    case "gossip_sync":
      self = .sync(try Delta.read(from: body), try Advertisement(from: body))
    case "gossip_ping":
      self = .ping
    case "gossip_pong":
      self = .pong
    default:
      return nil
    }
  }

  func write(to body: inout JSONWriter) {
    switch self {
    case .batch(let delta, let said, let timing):
      body.member("type", "gossip_batch")
      Delta.write([delta], to: &body)
      said.write(to: &body)
      timing.write(to: &body)
    case .mail(let delta, let said, let timing):
      body.member("type", "gossip_mail")
      Delta.write([delta], to: &body)
      said.write(to: &body)
      timing.write(to: &body)
    case .scatter(let deltas, let holding, let rhythm, let echo):
      body.member("type", "gossip_scatter")
      Delta.write(deltas, to: &body)
      holding.write(to: &body)
      rhythm.write(to: &body)
      if let echo { body.duration("echo", echo) }
    case .sync(let deltas, let said):
      body.member("type", "gossip_sync")
      Delta.write(deltas, to: &body)
      said.write(to: &body)
    case .ping:
      body.member("type", "gossip_ping")
    case .pong:
      body.member("type", "gossip_pong")
    }
  }
}

extension BatchTiming {
  fileprivate init(from body: JSONObject) throws(WireError) {
    self.init(
      stamp: try body.clockReading("stamp"), age: try body.duration("age"),
      roundTrip: try body.optionalDuration("round_trip"), lateness: try body.duration("late"))
  }

  fileprivate func write(to body: inout JSONWriter) {
    body.duration("stamp", stamp)
    body.duration("age", age)
    if let roundTrip { body.duration("round_trip", roundTrip) }
    body.duration("late", lateness)
  }
}

extension Rhythm {
  fileprivate init(from body: JSONObject) throws(WireError) {
    self.init(
      sent: try body.clockReading("sent"), next: try body.duration("next"),
      period: try body.duration("period"), roundTrip: try body.optionalDuration("round_trip"),
      margin: try body.duration("margin"), mailPeriod: try body.optionalDuration("mail_period"))
  }

  fileprivate func write(to body: inout JSONWriter) {
    body.duration("sent", sent)
    body.duration("next", next)
    body.duration("period", period)
    if let roundTrip { body.duration("round_trip", roundTrip) }
    body.duration("margin", margin)
    if let mailPeriod { body.duration("mail_period", mailPeriod) }
  }
}

/// As an ``Advertisement``, but with the member `digest` in place of `version` where that is all that is told.
extension Holding {
  fileprivate init(from body: JSONObject) throws(WireError) {
    incarnation = Incarnation(name: try body.string("from"))
    isPartial = try body.optionalBool("more") ?? false
    if let digest = try body.optionalInteger("digest") {
      content = .digest(digest)
    } else {
      content = .version(try VersionVector(from: body))
    }
  }

  fileprivate func write(to body: inout JSONWriter) {
    body.member("from", incarnation.name)
    switch content {
    case .version(let version): version.write(to: &body)
    case .digest(let digest): body.member("digest", digest)
    }
    if isPartial { body.member("more", true) }
  }
}

/// Durations travel as whole microseconds.
extension JSONObject {
  fileprivate func duration(_ key: String) throws(WireError) -> Duration {
    guard let duration = try optionalDuration(key) else { throw .malformed("\(key) is missing") }
    return duration
  }

  /// An interval between two messages or a round trip: at most 12 days, more than any option allows.
  fileprivate func optionalDuration(_ key: String) throws(WireError) -> Duration? {
    try optionalDuration(key, microsecondsMax: 1 << 40)
  }

  fileprivate func clockReading(_ key: String) throws(WireError) -> Duration {
    guard let reading = try optionalClockReading(key) else { throw .malformed("\(key) is missing") }
    return reading
  }

  /// What a monotonic clock showed. Such a clock begins anywhere, often when the host was started: a limit of
  /// 285 years keeps its nanoseconds within 64 bits.
  fileprivate func optionalClockReading(_ key: String) throws(WireError) -> Duration? {
    try optionalDuration(key, microsecondsMax: 1 << 53)
  }

  private func optionalDuration(_ key: String, microsecondsMax: Int) throws(WireError) -> Duration? {
    guard let microseconds = try optionalInteger(key) else { return nil }
    guard 0..<microsecondsMax ~= microseconds else {
      throw .malformed("\(key) must be a number of microseconds from 0 to below \(microsecondsMax)")
    }
    return .microseconds(microseconds)
  }
}

extension JSONWriter {
  fileprivate mutating func duration(_ key: String, _ duration: Duration) {
    member(key, Int(duration.nanoseconds / 1000))
  }
}
