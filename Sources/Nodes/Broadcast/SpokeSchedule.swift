internal import Glomers

/// When a spoke sends its batches, and how long it waits for the hub. Pure: it knows time and delays, and
/// nothing of values.
///
/// A batch is to land at the hub a margin before the next scatter leaves. The hub's scatters tell when they
/// left by the hub's clock, and when the next one is to leave. The least delay of the latest scatters is the
/// difference of the two clocks and one hop: so a scatter that comes late does not move the slots.
struct SpokeSchedule: Sendable {
  private static let backOffMax = 3
  /// No timeout is doubled beyond this.
  private static let timeoutMax = Duration.seconds(20)
  /// Mail to all costs two units of credit, and a batch earns one.
  private static let mailCost = 2
  private static let creditMax = 8

  private let budget: Duration
  private var roundTrip: RoundTrip
  /// The round trip that the hub tells of, for as long as this node has measured none.
  private var toldRoundTrip: Duration?
  /// Reception by this clock less sending by the hub's.
  private var delays = RecentMinimum()
  /// Of scatters, and of this node's own timers.
  private var lateness: DecayingPeak
  /// When batches leave; nil until the hub's rhythm is known.
  private var slots: Beat?
  /// When the oldest value that waits for the next batch came.
  private var oldest: Instant?
  /// When the next batch leaves; nil while there is nothing to send.
  private(set) var due: Instant?
  /// For how long new values are gathered that are mailed to all; nil while the hub scatters them.
  private(set) var mailPeriod: Duration?
  /// How many timeouts there have been since the last answer.
  private var timeoutCount = 0
  private var credit = SpokeSchedule.creditMax

  /// - Parameter roundTripMax: longer samples are left out.
  init(budget: Duration, roundTripMax: Duration = RoundTrip.longest) {
    self.budget = budget
    roundTrip = RoundTrip(limit: roundTripMax)
    lateness = DecayingPeak(memory: DecayingPeak.memory(budget))
  }

  /// There is a new value. Returns when to wake the node for the next batch, if that is to change.
  mutating func plan(at now: Instant) -> Instant? {
    oldest = oldest ?? now
    guard due == nil else { return nil }
    due = mailPeriod.map { now + $0 } ?? slots?.next(from: now) ?? now
    return due
  }

  /// The batch leaves now. Returns the figures that it has for the hub.
  mutating func takeTiming(at now: Instant) -> BatchTiming {
    let age = now - (oldest ?? now)
    if let due { lateness.add(now - due, at: now) }
    oldest = nil
    due = nil
    return BatchTiming(
      stamp: now - Instant.zero, age: max(age, .zero), roundTrip: roundTrip.shortest,
      lateness: lateness.value(at: now))
  }

  /// Whether a batch that leaves now is to be mailed to all, which takes one hop: by way of the hub, which takes two, it
  /// would be late.
  ///
  /// This computer was late to send it, so the next hops may be late as well: they are reckoned with half as much again as
  /// the greatest recent lateness. Mail to all costs as many messages as a scatter. So at most every other batch is mailed,
  /// but for a few at first.
  mutating func mails(_ timing: BatchTiming) -> Bool {
    credit = min(credit + 1, Self.creditMax)
    guard mailPeriod == nil, let slots, slots.period < budget,
      let roundTrip = timing.roundTrip ?? toldRoundTrip
    else { return false }
    let reserve = min(timing.lateness * 3 / 2, budget / 5)
    let ageMax = HubSchedule.punctual(budget) - roundTrip - reserve + HubSchedule.slack / 2
    // Where two hops take nearly all of the budget, every batch would be late.
    guard ageMax > roundTrip / 2 + HubSchedule.slack, timing.age > ageMax, credit >= Self.mailCost else {
      return false
    }
    credit -= Self.mailCost
    return true
  }

  /// There is nothing to send after all.
  mutating func skip() {
    oldest = nil
    due = nil
  }

  /// A scatter brought back the stamp of a batch and the time for which that lay at the hub.
  mutating func received(echo: Duration, at now: Instant) {
    roundTrip.sample(now - Instant.zero - echo)
    timeoutCount = 0
  }

  /// The hub has scattered. Returns when to wake the node for the batch that waits, if that is to change.
  mutating func follow(_ rhythm: Rhythm, at now: Instant) -> Instant? {
    let delay = now - Instant.zero - rhythm.sent
    if let least = delays.value, delay - least > budget { delays = RecentMinimum() }  // A clock was set.
    delays.add(delay)
    let lateness = delay - (delays.value ?? delay)
    self.lateness.add(lateness, at: now)
    mailPeriod = rhythm.mailPeriod
    toldRoundTrip = rhythm.roundTrip
    guard mailPeriod == nil, let roundTrip = roundTrip.shortest ?? toldRoundTrip else {
      slots = nil
      return nil
    }
    let slots = Beat(
      start: now - lateness + rhythm.next - roundTrip - rhythm.margin, period: rhythm.period)
    self.slots = slots
    // Move a waiting batch to the corrected slot only if that delays it by less than half a period: otherwise
    // each scatter that lands near the slot would postpone the batch for ever.
    let slot = slots.next(from: now)
    guard let due, slot != due, slot - due < rhythm.period / 2 else { return nil }
    self.due = slot
    return slot
  }

  /// Another hub serves, whose rhythm is not known. What the last one may not have got is late already.
  mutating func changeHub(at now: Instant) {
    delays = RecentMinimum()
    slots = nil
    due = nil
    oldest = now - budget
  }

  /// The hub did not acknowledge in time: wait longer for the next (RFC 6298, 5.5), until an answer tells how
  /// long.
  mutating func backOff() { timeoutCount = min(timeoutCount + 1, Self.backOffMax) }

  /// A suspected hub has spoken.
  mutating func trust() { timeoutCount = 0 }

  /// How long a hub takes to show that it holds what it was sent: a batch may just have missed a scatter.
  var expectedDelay: Duration {
    (slots?.period ?? budget) + min(roundTrip.timeout ?? budget, max(budget, RoundTrip.longest))
      + HubSchedule.slack * 2
  }

  /// The unit of the random delays with which orphans are offered.
  var orphanDelay: Duration { min(expectedDelay, max(budget * 2, .seconds(3))) }

  /// How long a hub may take until it is suspected.
  var acknowledgementTimeout: Duration {
    min(expectedDelay * (1 << timeoutCount), max(expectedDelay, Self.timeoutMax))
  }
}
