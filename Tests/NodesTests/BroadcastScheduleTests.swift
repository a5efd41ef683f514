import Glomers
import Testing

@testable import Nodes

private func at(_ milliseconds: Int) -> Instant { .zero + .milliseconds(milliseconds) }

@Suite struct HubScheduleTests {
  /// A hub that has scattered at 1,000 ms, and has known for long that batches come when they should.
  private func hub(budget: Int = 600, spokes: Int = 1) -> HubSchedule {
    var hub = HubSchedule(budget: .milliseconds(budget))
    _ = hub.received(.left(.zero), from: "n1", at: at(100))
    _ = hub.plan(latest: nil, at: at(100))
    _ = hub.scatter(at: at(100))
    for turn in 1...20 { _ = hub.received(.left(.seconds(turn)), from: "n1", at: at(1000 * turn + 100)) }
    _ = hub.plan(latest: nil, at: at(20_100))
    _ = hub.scatter(at: hub.due!)
    return hub
  }

  @Test("the period is the budget less a thirtieth, a round trip of 200 ms and a margin of 6 ms")
  func period() {
    var hub = hub()
    let due = hub.plan(latest: nil, at: at(20_900))!
    #expect(hub.scatter(at: due).period == .milliseconds(374))
  }

  @Test("before it knows better, a hub takes its computer for a late one")
  func coldStart() {
    var hub = HubSchedule(budget: .milliseconds(600))
    _ = hub.received(.left(.zero), from: "n1", at: at(100))
    let rhythm = hub.scatter(at: at(100))
    #expect(rhythm.margin == .milliseconds(50) && rhythm.period == .microseconds(267_500))
  }

  @Test(
    "a batch that was late makes margin and reserve longer, and the period shorter; in the end it is forgotten"
  )
  func margin() {
    var hub = hub()
    _ = hub.received(.left(.seconds(21)), from: "n1", at: at(21_140))
    let due = hub.plan(latest: nil, at: at(21_140))!
    let late = hub.scatter(at: due)
    #expect(late.margin > .milliseconds(38) && late.margin <= .milliseconds(40))
    #expect(late.period == .milliseconds(380) - late.margin - late.margin * 5 / 4)
    for turn in 22...34 { _ = hub.received(.left(.seconds(turn)), from: "n1", at: at(1000 * turn + 100)) }
    _ = hub.plan(latest: nil, at: at(34_100))
    #expect(hub.scatter(at: hub.due!).margin == .milliseconds(12))
    for turn in 35...142 { _ = hub.received(.left(.seconds(turn)), from: "n1", at: at(1000 * turn + 100)) }
    _ = hub.plan(latest: nil, at: at(142_100))
    #expect(hub.scatter(at: hub.due!).margin == .milliseconds(6))
  }

  @Test("a value whose budget would be over is not made to wait for the next regular scatter")
  func extra() {
    var hub = hub()
    let regular = hub.plan(latest: nil, at: at(20_900))!
    let period = hub.scatter(at: regular).period
    let now = regular + .milliseconds(3)
    func latest(age: Duration) -> Instant {
      hub.received(.left(now - at(100), age: age), from: "n1", at: now)
    }
    // A hop takes 100 of 580 ms, and the scatter one more.
    #expect(latest(age: .zero) == now + .milliseconds(380))
    #expect(hub.plan(latest: latest(age: .zero), at: now) == regular + period)
    #expect(hub.plan(latest: latest(age: period), at: now) == now + .milliseconds(6))
  }

  @Test("where a budget is too short for the shortest period, values wait for the regular scatters")
  func shortBudget() {
    var hub = hub(budget: 210)
    let regular = hub.plan(latest: nil, at: at(20_900))!
    let rhythm = hub.scatter(at: regular)
    let now = regular + rhythm.period - rhythm.margin
    let latest = hub.received(.left(now - at(100), age: rhythm.period), from: "n1", at: now)
    #expect(hub.plan(latest: latest, at: now) == regular + rhythm.period)
  }

  @Test(
    "extra scatters leave the regular ones where they are, and there are no more of them than of those in the end"
  )
  func credit() {
    var hub = hub()
    let regular = hub.plan(latest: nil, at: at(20_900))!
    let period = hub.scatter(at: regular).period
    var now = regular
    var waits: [Duration] = []
    while hub.plan(latest: now, at: now)! < regular + period {
      waits.append(hub.due! - now)
      now = hub.due!
      #expect(now + hub.scatter(at: now).next == regular + period)
    }
    #expect(waits == Array(repeating: .milliseconds(5), count: 4))
  }

  @Test("a round trip that one spoke takes for very long, or all do, does not make values wait for ever")
  func bogusRoundTrip() {
    var hub = hub()
    let bogus = BatchTiming.left(.seconds(21), roundTrip: .seconds(3600))
    _ = hub.received(bogus, from: "n2", at: at(21_100))
    _ = hub.plan(latest: nil, at: at(21_100))
    #expect(hub.scatter(at: hub.due!).period == .milliseconds(374))
    _ = hub.received(bogus, from: "n1", at: at(22_000))
    _ = hub.plan(latest: nil, at: at(22_000))
    #expect(hub.scatter(at: hub.due!).period == .seconds(5))
  }

  @Test("a timer that is late does not shift the scatters to come")
  func lateTimer() {
    var hub = hub()
    let due = hub.plan(latest: nil, at: at(20_900))!
    let rhythm = hub.scatter(at: due + .milliseconds(90))
    #expect(rhythm.next == rhythm.period - .milliseconds(90))
  }

  @Test(
    "a period is thirteen twentieths of a round trip at the least; below two hops nodes mail; below one, which nothing meets, they don't"
  )
  func shortBudgets() {
    func rhythm(_ budget: Int) -> Rhythm {
      var hub = hub(budget: budget)
      let due = hub.plan(latest: nil, at: at(20_900))!
      return hub.scatter(at: due)
    }
    #expect(rhythm(300).period == .microseconds(132_500))
    #expect(rhythm(210).period == .microseconds(132_500) && rhythm(210).mailPeriod == nil)
    #expect(rhythm(180).mailPeriod != nil)
    #expect(rhythm(90).mailPeriod == nil)
  }
}

@Suite struct SpokeScheduleTests {
  /// A spoke whose clock is ten years ahead of the hub's, a hop of 100 ms away. The hub scattered at 0, by
  /// its clock.
  private let ahead = Duration.seconds(10 * 365 * 86_400)

  private func spoke() -> SpokeSchedule {
    var spoke = SpokeSchedule(budget: .milliseconds(600))
    spoke.received(echo: ahead - .milliseconds(100), at: at(100) + ahead)
    _ = spoke.follow(.told(.zero, next: .milliseconds(400), period: .milliseconds(400)), at: at(100) + ahead)
    return spoke
  }

  @Test("a batch leaves one hop and a margin before the hub scatters, whatever the clocks show")
  func slot() {
    var spoke = spoke()
    #expect(spoke.plan(at: at(150) + ahead) == at(300) + ahead)
    var careful = spoke
    _ = careful.follow(
      .told(
        .milliseconds(400), next: .milliseconds(400), period: .milliseconds(400), margin: .milliseconds(30)),
      at: at(500) + ahead)
    careful.skip()
    #expect(careful.plan(at: at(510) + ahead) == at(670) + ahead)
  }

  @Test("a scatter that comes late does not move the slots, and is told to the hub")
  func lateScatter() {
    var spoke = spoke()
    _ = spoke.follow(
      .told(.milliseconds(400), next: .milliseconds(400), period: .milliseconds(400)), at: at(570) + ahead)
    #expect(spoke.plan(at: at(580) + ahead) == at(700) + ahead)
    #expect(spoke.takeTiming(at: at(700) + ahead).lateness > .milliseconds(68))
  }

  @Test("a batch tells how long its oldest value has waited")
  func age() {
    var spoke = spoke()
    _ = spoke.plan(at: at(150) + ahead)
    _ = spoke.plan(at: at(200) + ahead)
    let timing = spoke.takeTiming(at: at(300) + ahead)
    #expect(timing.age == .milliseconds(150) && timing.roundTrip == .milliseconds(200))
    _ = spoke.plan(at: at(310) + ahead)
    #expect(spoke.takeTiming(at: at(700) + ahead).age == .milliseconds(390))
  }

  @Test("timeouts double until an answer comes, at most three times")
  func backOff() {
    var spoke = SpokeSchedule(budget: .milliseconds(600))
    let first = spoke.acknowledgementTimeout
    for factor in [2, 4, 8, 8] {
      spoke.backOff()
      #expect(spoke.acknowledgementTimeout == first * factor)
    }
    spoke.received(echo: .zero, at: at(1400))
    // A period, and a round trip of 1.4 s with a variation of half of that.
    #expect(spoke.acknowledgementTimeout == .milliseconds(600 + 1400 * 3 + 20))
  }
}
