internal import Replication
internal import Glomers
public import Wire
internal import Workloads

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
    switch type {
    case "gossip_batch", "gossip_mail":
      let deltas = try Delta<JSON>.read(from: body)
      guard deltas.count == 1 else { throw .malformed("\(type) has one delta, not \(deltas.count)") }
      let (version, stamp) = (try VersionVector(from: body), try body.clockReading("stamp"))
      let lead = try body.optionalDuration("lead")
      self =
        type == "gossip_mail"
        ? .mail(deltas[0], version: version, stamp: stamp, lead: lead)
        : .batch(deltas[0], version: version, stamp: stamp, lead: lead)
    case "gossip_scatter":
      self = .scatter(
        try Delta.read(from: body), try Holding(from: body),
        Rhythm(
          next: try body.duration("next"), period: try body.duration("period"),
          lead: try body.optionalDuration("lead"), mailPeriod: try body.optionalDuration("mail_period")),
        echo: try body.optionalClockReading("echo"))
    case "gossip_sync":
      self = .sync(
        try Delta.read(from: body), version: try VersionVector(from: body),
        wantsAnswer: try body.bool("wants_answer"))
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
    case .batch(let delta, let version, let stamp, let lead):
      body.member("type", "gossip_batch")
      body.news(delta, version, stamp: stamp, lead: lead)
    case .mail(let delta, let version, let stamp, let lead):
      body.member("type", "gossip_mail")
      body.news(delta, version, stamp: stamp, lead: lead)
    case .scatter(let deltas, let holding, let rhythm, let echo):
      body.member("type", "gossip_scatter")
      Delta.write(deltas, to: &body)
      holding.write(to: &body)
      body.duration("next", rhythm.next)
      body.duration("period", rhythm.period)
      if let lead = rhythm.lead { body.duration("lead", lead) }
      if let mailPeriod = rhythm.mailPeriod { body.duration("mail_period", mailPeriod) }
      if let echo { body.duration("echo", echo) }
    case .sync(let deltas, let version, let wantsAnswer):
      body.member("type", "gossip_sync")
      Delta.write(deltas, to: &body)
      version.write(to: &body)
      body.member("wants_answer", wantsAnswer)
    case .ping:
      body.member("type", "gossip_ping")
    case .pong:
      body.member("type", "gossip_pong")
    }
  }
}

/// The member `version` or the member `digest`.
extension Holding {
  fileprivate init(from body: JSONObject) throws(WireError) {
    if let digest = try body.optionalInteger("digest") {
      self = .digest(digest)
    } else {
      self = .version(try VersionVector(from: body))
    }
  }

  fileprivate func write(to body: inout JSONWriter) {
    switch self {
    case .version(let version): version.write(to: &body)
    case .digest(let digest): body.member("digest", digest)
    }
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

  /// What a monotonic clock showed. Such a clock begins anywhere, often when the host was started: a limit of 285 years
  /// keeps its nanoseconds within 64 bits.
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
  /// What a batch and a letter to all have in common.
  fileprivate mutating func news(
    _ delta: Delta<JSON>, _ version: VersionVector, stamp: Duration, lead: Duration?
  ) {
    Delta.write([delta], to: &self)
    version.write(to: &self)
    duration("stamp", stamp)
    if let lead { duration("lead", lead) }
  }

  fileprivate mutating func duration(_ key: String, _ duration: Duration) {
    member(key, Int(duration.nanoseconds / 1000))
  }
}
