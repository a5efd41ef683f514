internal import Glomers

/// What a replica knows of one peer, and when that makes it speak to it.
///
/// | state | meaning | what may be sent |
/// |---|---|---|
/// | unknown | The peer has not spoken to this incarnation. | questions, which back off |
/// | probing | The peer has spoken; it is not known whether messages reach it. | one message with entries at a time |
/// | replicating | The peer acknowledges what it is sent. | entries up to the window |
/// | silent | The peer has let two timeouts pass without a word; never on demand. | questions, which back off, each with one message of entries |
///
/// Entries go to a silent peer too, not counted as under way: it may hear us, and others bring its acknowledgement.
///
/// Transitions: unknown → probing when the peer speaks; probing → replicating when it acknowledges; replicating → probing
/// after a timeout of what it was sent; both → silent after two timeouts without a word; silent → probing when it speaks. A
/// peer whose incarnation changes begins anew. etcd's raft keeps the same kind of record of a follower (`tracker/progress.go`).
///
/// Invariants, asserted after every change:
/// - The state is unknown if and only if the peer's incarnation is not known.
/// - `sent` covers `known`: what a peer holds is never sent.
/// - Nothing is under way while the state is unknown or silent, and at most one message while it is probing.
/// - Under way are at most `windowBytes`, or a single message. (On demand the caller keeps to that: ``mayCarry(_:)``.)
///
/// On demand (``Pace/isOnDemand``) the caller's own messages bring the news, so there is neither news to tell nor a
/// version to wait for here, and no peer is taken for silent. A gap is asked for (*pulled*) after ``Pace/gapDelay``, and again
/// after each timeout, four times in all.
struct PeerProgress: Sendable {
  enum State: Equatable, Sendable { case unknown, probing, replicating, silent }

  let name: NodeID
  private let isOnDemand: Bool
  private(set) var state = State.unknown
  private(set) var incarnation: Incarnation?
  /// The highest version that this incarnation of the peer has advertised.
  private(set) var known = VersionVector()
  /// What this incarnation of the peer held when it first echoed a challenge of ours: it has accepted our incarnation, and
  /// takes nothing from an earlier one any more. Nil before that.
  private(set) var accepted: VersionVector?

  /// What the peer holds or has been sent.
  private var sent = VersionVector()
  private(set) var underWay: [UnderWay] = []
  /// Our version when we last spoke to the peer.
  private var told = VersionVector()
  private var lastSent: Instant?
  /// Whether the peer waits for a word of ours, and how soon it is to have it.
  private enum Owed: Sendable { case nothing, withinPeriod, atOnce }
  private var owed = Owed.nothing
  /// The peer is to be sent what it lacks of every stream.
  private var needsRepair = false
  /// The last message was cut off: more is to be sent as soon as the window allows.
  private var hasBacklog = false
  /// The version that the peer must show to hold, and since when.
  private var awaited: (version: VersionVector, since: Instant)?
  /// Whether the peer was seen to hold what we lack.
  private var hasGap = false
  /// Since when it is waited for that, or when the peer was last asked for it. Nil without a gap, and until the next
  /// ``schedule(_:_:isAsking:at:)`` begins the wait.
  private var gapSince: Instant?
  /// Since the peer last spoke.
  private var backOff = BackOff()
  /// What we have asked the peer to echo, and it us.
  private var challenge: Int?
  private var echo: Int?
  /// Another incarnation has spoken, and is being challenged.
  private var isDoubted = false
  /// On demand: the bytes of entries that the caller's own messages have taken to the peer since it last spoke, if it is
  /// not in touch.
  private var carriedUnheard = 0
  /// On demand: the caller wants the peer to be asked.
  private var isWanted = false
  /// On demand: what the peer was seen to hold and this node lacks is pulled; nil if there is nothing, or if the peer was
  /// asked in vain.
  private(set) var pull: Pull?

  private static let pullsMax = 4
  private let flaw: Flaw?
  init(name: NodeID, isOnDemand: Bool = false, flaw: Flaw? = nil) {
    (self.name, self.isOnDemand, self.flaw) = (name, isOnDemand, flaw)
  }

  // MARK: Hearing

  /// Whether a message is from the peer's present incarnation, so that its entries may be taken in.
  ///
  /// The first incarnation that speaks is believed. One that differs from it may be newer, or a message of an older one
  /// that was long under way. So it is challenged, and believed once it has sent the challenge back: only a process that
  /// runs now can do that.
  ///
  /// - Parameter fresh: a challenge that was never used.
  mutating func admits(_ advertisement: Advertisement, fresh: Int) -> Bool {
    guard let incarnation else {
      incarnation = advertisement.incarnation
      return true
    }
    guard incarnation != advertisement.incarnation else { return true }
    guard let challenge, advertisement.echo == challenge else {
      challenge = challenge ?? fresh
      isDoubted = true
      owed = .atOnce
      return false
    }
    if flaw != .trustsTheDead { self = PeerProgress(name: name, isOnDemand: isOnDemand, flaw: flaw) }
    self.incarnation = advertisement.incarnation
    self.challenge = challenge
    return true
  }

  /// Takes note of a message that ``admits(_:fresh:)`` has let through, after its entries were taken in.
  ///
  /// - Parameter mayWait: no answer is needed if the peer asks for the first time, for it will have one anyway.
  mutating func hear(
    _ advertisement: Advertisement, holding mine: VersionVector, mayWait: Bool, at now: Instant
  ) {
    let isFirst = state == .unknown
    known.merge(advertisement.version)
    sent.merge(known)
    let underWayBefore = underWay.count
    underWay.removeAll { known.covers($0.ends) }
    let hasAcknowledged = underWay.count < underWayBefore
    backOff = BackOff()
    carriedUnheard = 0

    if let echo = advertisement.echo, echo == challenge {
      accepted = accepted ?? advertisement.version
      challenge = nil
      isDoubted = false
    }
    let isAsked = advertisement.wantsAnswer || advertisement.challenge != nil && !isOnDemand
    if let challenge = advertisement.challenge {
      echo = challenge
      if !(isFirst && mayWait && lastSent != nil) { owed = .atOnce }
    }
    if advertisement.isPartial { owed = .atOnce }
    if advertisement.wantsAnswer, owed == .nothing { owed = .withinPeriod }

    if isFirst || state == .silent {
      state = .probing
      awaited = nil
      if !isOnDemand { needsRepair = !known.covers(mine) }
    } else {
      renewAwaited(hasAcknowledged, at: now)
      if state == .probing, hasAcknowledged || awaited == nil { state = .replicating }
    }
    if isAsked, !known.covers(mine) {
      // It asks because what was sent has not come; on demand, that is so unless this acknowledges some of it.
      if advertisement.wantsAnswer, !isOnDemand || !hasAcknowledged { forgetUnderWay() }
      needsRepair = true
    }
    hasGap = !mine.covers(advertisement.version)
    // Only a repair that goes on puts off the question; other messages must not.
    if !hasGap {
      gapSince = nil
    } else if advertisement.isPartial || flaw == .putsOffRepairs {
      gapSince = now
    }
    if flaw == .putsOffRepairs { awaited?.since = now }
    if isOnDemand {
      if !hasGap {
        pull = nil
      } else if advertisement.isPartial {
        pull = Pull(state: .isComing)
      } else {
        pull = pull ?? Pull(state: .seen)
      }
    }
    check()
  }

  /// What the peer is waited for, now that it has advertised a version.
  private mutating func renewAwaited(_ hasAcknowledged: Bool, at now: Instant) {
    guard let awaited else { return }
    if known.covers(told) {
      self.awaited = nil
    } else if known.covers(awaited.version) {
      self.awaited = lastSent.map { (told, $0) }
    } else if hasAcknowledged, hasBacklog {
      self.awaited?.since = now
    }
  }

  private mutating func forgetUnderWay() {
    underWay = []
    sent = known
  }

  // MARK: Speaking

  private func interval(_ pace: Pace) -> Duration {
    backOff.interval(state == .unknown ? Pace.askInterval : pace.timeout, pace)
  }

  private func hasRoom(_ pace: Pace) -> Bool {
    if underWay.isEmpty { return true }
    let bytes = underWay.bytes
    return state == .replicating && bytes + pace.messageBytesMax <= pace.windowBytes
  }

  /// When this peer is next to be told something. An instant that has passed means now.
  ///
  /// - Parameter isAsking: whether it is needed that the peer accepts this incarnation.
  mutating func schedule(_ pace: Pace, _ mine: VersionVector, isAsking: Bool, at now: Instant) -> Instant? {
    if hasGap, gapSince == nil { gapSince = now }
    if let pull, pull.due == nil {
      self.pull?.due = now + (pull.state == .seen ? pace.gapDelay : pace.timeout)
    }
    return due(pace, mine, isAsking)
  }

  /// Mutating, since this is copied otherwise.
  private mutating func due(_ pace: Pace, _ mine: VersionVector, _ isAsking: Bool) -> Instant? {
    let now = Instant(nanoseconds: .min)
    if owed == .atOnce || hasBacklog && hasRoom(pace) && isKnown { return now }
    if isOnDemand { return dueOnDemand(isAsking) }
    guard isKnown else { return lastSent.map { $0 + interval(pace) } ?? now }
    let hasNews = owed == .withinPeriod || needsRepair && !hasBacklog || told.total != mine.total
    guard let lastSent else { return hasNews || isAsking ? now : gapSince.map { $0 + interval(pace) } }
    var due = hasNews ? lastSent + pace.period : nil
    for since in [awaited?.since, gapSince] {
      guard let since else { continue }
      let late = max(since + interval(pace), lastSent + pace.period)
      due = min(due ?? late, late)
    }
    if isAsking, !hasAccepted {
      let again = lastSent + Pace.askInterval
      due = min(due ?? again, again)
    }
    return due
  }

  private func dueOnDemand(_ isAsking: Bool) -> Instant? {
    if isWanted || isKnown && (owed == .withinPeriod || needsRepair && !hasBacklog) {
      return Instant(nanoseconds: .min)
    }
    guard isAsking, !hasAccepted else { return pull?.due }
    let question = lastSent.map { $0 + Pace.askInterval } ?? Instant(nanoseconds: .min)
    return min(pull?.due ?? question, question)
  }

  var hasAccepted: Bool { accepted != nil }

  /// Whether the peer is in touch.
  var isKnown: Bool { state == .probing || state == .replicating }

  /// What the peer is to be sent now, if anything.
  ///
  /// - Parameters:
  ///   - stream: this node's own; nil while it is not settled.
  ///   - fresh: a challenge that was never used.
  mutating func push(
    _ pace: Pace, _ mine: VersionVector, _ me: (incarnation: Incarnation, stream: Incarnation?),
    isAsking: Bool, fresh: Int, at now: Instant
  ) -> Push? {
    if mine.covers(known) {
      hasGap = false
      gapSince = nil
      pull = nil
    }
    guard let due = due(pace, mine, isAsking), due <= now else { return nil }
    let wantsAnswer: Bool
    if isOnDemand {
      wantsAnswer = takeQuestion(pace, at: now)
    } else {
      wantsAnswer = isKnown ? repeatIfLate(pace, at: now) : isQuestion(pace)
    }
    let challenges = state == .unknown && !isOnDemand || isAsking && !hasAccepted || isDoubted
    if challenges { challenge = challenge ?? fresh }

    var scope = Push.Scope.nothing
    if isKnown {
      let news = isOnDemand ? nil : me.stream
      let wanted = needsRepair ? Push.Scope.all : news.map { .stream($0) } ?? .nothing
      if hasRoom(pace) {
        scope = wanted
      } else if wanted == .all || news.map({ sent[$0] < mine[$0] }) ?? false {
        hasBacklog = true
      }
      if isOnDemand || known.covers(mine) {
        awaited = nil
      } else if wantsAnswer || awaited == nil {
        awaited = (mine, now)
      }
    }
    if state == .silent { scope = .all }
    told = mine
    lastSent = now
    owed = .nothing
    let push = Push(
      peer: name, known: known, since: sent, scope: scope,
      bytesMax: flaw == .sendsAllAtOnce ? .max : pace.messageBytesMax,
      incarnation: me.incarnation, wantsAnswer: wantsAnswer, challenge: challenges ? challenge : nil,
      echo: echo)
    echo = nil
    check()
    return push
  }

  /// A question to a peer that is unknown or silent. Returns whether an answer is asked for besides the echo.
  private mutating func isQuestion(_ pace: Pace) -> Bool {
    if lastSent != nil { backOff.add(interval(pace)) }
    return state == .silent
  }

  // MARK: On demand

  /// The next push is due at once.
  mutating func say(repairing: Bool, asking: Bool) {
    owed = .atOnce
    if repairing { needsRepair = true }
    if asking { isWanted = true }
  }

  /// Whether a message of the caller's own may have entries. Such messages bring news, so they don't wait until the peer is
  /// known to be reached.
  func mayCarry(_ pace: Pace) -> Bool {
    let bytes = isKnown ? underWay.bytes : carriedUnheard
    return bytes == 0 || bytes + pace.messageBytesMax <= pace.windowBytes
  }

  /// Takes note of the entries of a message of the caller's own.
  mutating func carried(_ message: UnderWay, isComplete: Bool) {
    if !isComplete { needsRepair = true }
    guard message.bytes > 0 else { return }
    guard isKnown else {
      carriedUnheard += message.bytes
      return
    }
    sent.merge(message.ends)
    underWay.carry(message, isProbing: state == .probing)
  }

  mutating func putOffPull(_ pace: Pace, at now: Instant) {
    pull = Pull(state: .comesFromAnother, due: now + pace.timeout)
  }

  /// Whether the push that leaves now asks. A peer that does not answer is asked ever less often, and then no more.
  private mutating func takeQuestion(_ pace: Pace, at now: Instant) -> Bool {
    let pulls = mayPull(pace, at: now)
    guard isWanted || pulls else { return false }
    isWanted = false
    backOff.add(interval(pace))
    if pull != nil {
      pull = backOff.count < Self.pullsMax ? Pull(state: .isComing, due: now + interval(pace)) : nil
    }
    return true
  }

  /// Takes note of what is late. Returns whether anything is, so that an answer is asked for.
  private mutating func repeatIfLate(_ pace: Pace, at now: Instant) -> Bool {
    let interval = interval(pace)
    let isLate = awaited.map { $0.since + interval <= now } ?? false
    let isGapLate = gapSince.map { $0 + interval <= now } ?? false
    guard isLate || isGapLate else { return false }
    backOff.add(interval)
    if isGapLate { gapSince = now }
    if isLate {
      forgetUnderWay()
      needsRepair = true
      hasBacklog = false
      state = .probing
    }
    if backOff.count > 1 {
      forgetUnderWay()
      state = .silent
    }
    return true
  }

  /// Takes note of the entries that went along with a push.
  mutating func sent(_ bytes: Int, ends: VersionVector, isComplete: Bool, _ pace: Pace) {
    guard isKnown else { return }
    if bytes > 0 {
      underWay.append(UnderWay(bytes: bytes, ends: ends, after: sent, pace))
      sent.merge(ends)
    }
    hasBacklog = !isComplete
    if isComplete { needsRepair = false }
    check()
    assert(
      isOnDemand || underWay.count < 2 || underWay.bytes <= pace.windowBytes,
      "more is under way to \(name) than the window allows")
  }

  private func check() { assert(problem == nil, problem ?? "") }

  /// Which of the invariants of the state does not hold, in words.
  var problem: String? {
    if !sent.covers(known) { return "\(name) is thought to lack what it has shown to hold" }
    let most = state == .replicating ? Int.max : state == .probing ? 1 : 0
    if underWay.count > most { return "\(name) is \(state), and too much is under way to it" }
    if (state == .unknown) != (incarnation == nil) {
      return "\(name) is \(state), and its incarnation is \(incarnation == nil ? "not known" : "known")"
    }
    return nil
  }
}
