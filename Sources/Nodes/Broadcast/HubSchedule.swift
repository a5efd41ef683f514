internal import Glomers

/// When the hub scatters. Pure: it knows time and delays, and nothing of values.
///
/// A value waits at its spoke for the next batch, at most one period, travels one hop, waits at the hub, and
/// travels one more hop. The hub makes its period as long as the budget then allows:
///
///     period = budget − round trip − margin − reserve
///
/// *margin*: batches are to land this long before the scatter. It follows the lateness of the batches that
/// came. *reserve*: what the hub's timer and the scatter may be late by. It follows the lateness of both:
/// spokes report it.
///
/// A batch that lands after its scatter says how old its values are. Where they can't wait for the next
/// regular scatter, the hub sends an extra one: a computer that is late costs messages, and not the limit.
/// (A spoke that is late itself mails such values to all: ``SpokeSchedule/mails(_:)``.) Extra scatters don't
/// shift the regular ones. They use up credit, which a regular scatter earns: so there are at most as many of
/// them in the end.
struct HubSchedule: Sendable {
  /// A difference between two instants that is not worth a message.
  static let slack = Duration.milliseconds(10)
  /// What the hub assumes of lateness before it knows: a computer that has just begun to run is late.
  private static let firstLateness = Duration.milliseconds(50)
  private static let creditMax = 4

  private struct Spoke: Sendable {
    /// Reception by the hub's clock less sending by the spoke's: the delay of a hop and the difference of the
    /// clocks.
    var delays = RecentMinimum()
    var roundTrip: Duration?
    var lateness = Duration.zero
    /// Of the last batch since the last scatter.
    var batch: (stamp: Duration, received: Instant)?
  }

  private let budget: Duration
  private var spokes: [NodeID: Spoke] = [:]
  private var measured = RoundTrip()
  /// Until when the first scatter waits for a round trip to be measured.
  private var measuringEnd: Instant?
  /// Of batches, and of this node's own timers.
  private var lateness: DecayingPeak
  /// What the regular scatters leave unused of the budget, for what is late.
  private var reserve = Duration.zero
  /// Within what time the regular scatters bring a value to every node: the budget, unless that is too short for them.
  private var promise: Duration
  /// When the next scatter is to leave; nil while there is no news.
  private(set) var due: Instant?
  /// The regular scatters; nil before the first.
  private var beat: Beat?
  private var credit = Self.creditMax
  /// For how long nodes gather new values that they mail to all; nil while the hub scatters.
  private(set) var mailPeriod: Duration?

  init(budget: Duration) {
    self.budget = budget
    promise = Self.punctual(budget)
    lateness = DecayingPeak(assuming: Self.firstLateness, memory: DecayingPeak.memory(budget))
  }

  // MARK: What the hub learns

  /// The round trip is being measured. Returns false if that is needless.
  mutating func beginMeasuring(at now: Instant) -> Bool {
    guard measured.shortest == nil, measuringEnd == nil else { return false }
    measuringEnd = now + max(budget, .milliseconds(600))
    return true
  }

  /// - Parameter roundTrip: nil if there was no answer.
  /// - Returns: whether the first scatter still waits for this.
  mutating func endMeasuring(_ roundTrip: Duration?, at now: Instant) -> Bool {
    if let roundTrip { measured.sample(roundTrip) }
    defer { measuringEnd = nil }
    return measuringEnd.map { now < $0 } ?? false
  }

  /// A batch or mail has come. Returns when its oldest value has to leave at the latest: the value came to the spoke at
  /// `now − lateness − hop − age`, and is to be at every node within what was promised, of which the scatter takes a hop,
  /// and what is late the reserve. (Were it the budget where that is too short, every batch would want an extra scatter.)
  mutating func received(_ timing: BatchTiming, from spoke: NodeID, at now: Instant) -> Instant {
    let delay = now - Instant.zero - timing.stamp
    spokes[spoke, default: Spoke()].delays.add(delay)
    let lateness = delay - (spokes[spoke]!.delays.value ?? delay)
    self.lateness.add(lateness, at: now)
    spokes[spoke]!.roundTrip = timing.roundTrip
    spokes[spoke]!.lateness = timing.lateness
    spokes[spoke]!.batch = (timing.stamp, now)
    let hop = (roundTrip ?? .zero) / 2
    return now - lateness - hop - timing.age + promise - hop - reserve
  }

  // MARK: When to scatter

  /// There is news. Returns when to wake the hub, if that is to change.
  ///
  /// - Parameter latest: when the news has to leave to be in time; nil if it can wait for the next regular
  ///   scatter.
  mutating func plan(latest: Instant?, at now: Instant) -> Instant? {
    var wanted = mailPeriod.map { now + $0 } ?? beat?.next(from: now) ?? now
    if let latest, mailPeriod == nil, credit > 0, latest + Self.slack < wanted {
      // Others may be as late: they go along.
      let grace = max(Self.slack / 2, min(lateness.value(at: now) / 4, budget / 96))
      wanted = min(wanted, max(latest, now + grace))
    }
    wanted = max(wanted, measuringEnd ?? wanted)
    if let due, due <= wanted { return nil }
    due = wanted
    return wanted
  }

  /// There is nothing to scatter after all.
  mutating func skip() { due = nil }

  /// A scatter leaves now. Returns what it tells the spokes of the next ones.
  mutating func scatter(at now: Instant) -> Rhythm {
    let due = min(due ?? now, now)
    self.due = nil
    mailPeriod = mailPeriodNeeded
    lateness.add(now - due, at: now)
    let margin = margin(at: now)
    if let beat, mailPeriod == nil, due < beat.next(from: due) {
      credit -= 1
    } else {
      credit = min(credit + 1, Self.creditMax)
      reserve = reserve(at: now)
      let period = mailPeriod ?? period(margin: margin)
      promise = max(punctual, (roundTrip ?? .zero) + period + margin + reserve)
      // A timer that is late does not shift the scatters to come, unless it is very late.
      beat = Beat(start: (now - due > period / 2 ? now : due) + period, period: period)
    }
    let next = beat!.next(from: now + .nanoseconds(1))
    return Rhythm(
      sent: now - Instant.zero, next: next - now, period: beat!.period, roundTrip: roundTrip, margin: margin,
      mailPeriod: mailPeriod)
  }

  /// The stamp of a spoke's last batch, plus the time for which that has lain here. Given once.
  mutating func takeEcho(for spoke: NodeID, at now: Instant) -> Duration? {
    guard let batch = spokes[spoke]?.batch else { return nil }
    spokes[spoke]!.batch = nil
    return batch.stamp + (now - batch.received)
  }

  /// From a scatter to the first probe. Every spoke should have acknowledged by then: two periods, for
  /// acknowledgements are delayed, and a round trip.
  var probeDelay: Duration {
    (mailPeriod ?? beat?.period ?? budget) * 2 + (roundTrip ?? budget)
  }

  /// How long a probe waits for its answer: peers that were cut off stay behind for no longer than that after
  /// a heal. While the round trip is not known it may be long, and most probes would be for nothing.
  var probeTimeout: Duration { roundTrip.map { max(.milliseconds(500), $0 * 3 / 2) } ?? .seconds(4) }

  // MARK: The period

  /// The shortest round trip that is known; nil while none is. A longer one that a spoke reports may come
  /// from a node that was stopped, or a clock that was set.
  private var roundTrip: Duration? {
    let reported = spokes.values.lazy.compactMap(\.roundTrip).min()
    guard let reported, let own = measured.shortest else { return reported ?? measured.shortest }
    return min(reported, own)
  }

  /// The budget, less a thirtieth for what is not foreseen.
  static func punctual(_ budget: Duration) -> Duration { budget - budget / 30 }
  private var punctual: Duration { Self.punctual(budget) }

  /// Of a long budget more is spent on being early.
  private var marginMin: Duration { max(.milliseconds(5), budget / 100) }

  private func margin(at now: Instant) -> Duration {
    max(marginMin, min(lateness.value(at: now), budget / 12))
  }

  /// The hub's timer and the scatter may be as late as the latest ones were, and a quarter more: the latest were not the
  /// worst.
  private func reserve(at now: Instant) -> Duration {
    let reports = spokes.values.map(\.lateness)
    let mean = reports.isEmpty ? Duration.zero : reports.reduce(.zero, +) / reports.count
    return min((mean + lateness.value(at: now)) * 5 / 4, budget / 5)
  }

  private func period(margin: Duration) -> Duration {
    guard let roundTrip else { return budget }
    // A period of one hop makes nothing sooner where each node is delivered its messages in order: a scatter is then always
    // under way to a spoke, and its clients' requests wait behind that. Three tenths more leave them time between two
    // scatters, even if one of these is late.
    // However long the round trip is said to be, a value does not wait for ever.
    let shortest = min(roundTrip * 13 / 20 + Self.slack / 4, max(budget, .seconds(5)))
    return max(punctual - roundTrip - margin - reserve, shortest)
  }

  /// For how long nodes gather what they mail straight to all; nil where the hub serves.
  ///
  /// Direct mail takes one hop, and up to N / 2 times the messages. It serves where a hub, which takes two hops,
  /// can't be in time, but one hop can.
  private var mailPeriodNeeded: Duration? {
    // Mail begins where the round trip is longer than the budget by the slack, and ends where it is shorter by the slack:
    // with one limit for both, a round trip that varies about it would change the mode again and again.
    guard let roundTrip, mailPeriod == nil ? budget + Self.slack < roundTrip : budget < roundTrip + Self.slack
    else { return nil }
    let rest = punctual - roundTrip / 2
    return rest > .zero ? max(rest, Self.slack) : nil
  }
}
