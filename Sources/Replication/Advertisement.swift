public import Wire

/// What every message between replicas says about its sender, whatever entries go along.
public struct Advertisement: Equatable, Sendable {
  /// The incarnation of the sender's process.
  public let incarnation: Incarnation
  /// What the sender holds: a cumulative acknowledgement that also shows what it lacks.
  public let version: VersionVector
  /// Whether the receiver is to advertise its own version, changed or not, and to send what the sender lacks.
  public let wantsAnswer: Bool
  /// Whether more entries follow once these are acknowledged, which the receiver then does at once.
  public let isPartial: Bool
  /// A number that the receiver is to send back: proof that its answer was sent after this message was received.
  public let challenge: Int?
  /// The receiver's challenge: the sender has accepted the receiver's incarnation.
  public let echo: Int?

  public init(
    _ incarnation: Incarnation, version: VersionVector, wantsAnswer: Bool = false, isPartial: Bool = false,
    challenge: Int? = nil, echo: Int? = nil
  ) {
    self.incarnation = incarnation
    self.version = version
    self.wantsAnswer = wantsAnswer
    self.isPartial = isPartial
    self.challenge = challenge
    self.echo = echo
  }
}

/// On the wire: the members `from`, `version` and, where they say something, `wants_answer`, `more`, `challenge` and `echo`.
extension Advertisement {
  public init(from body: JSONObject) throws(WireError) {
    self.init(
      Incarnation(name: try body.string("from")), version: try VersionVector(from: body),
      wantsAnswer: try body.optionalBool("wants_answer") ?? false,
      isPartial: try body.optionalBool("more") ?? false, challenge: try body.optionalInteger("challenge"),
      echo: try body.optionalInteger("echo"))
  }

  public func write(to body: inout JSONWriter) {
    body.member("from", incarnation.name)
    version.write(to: &body)
    if wantsAnswer { body.member("wants_answer", true) }
    if isPartial { body.member("more", true) }
    if let challenge { body.member("challenge", challenge) }
    if let echo { body.member("echo", echo) }
  }
}
