import Glomers
import Testing

@testable import Nodes

private func at(_ milliseconds: Int) -> Instant { .zero + .milliseconds(milliseconds) }

@Suite struct BeatTests {
  private let beat = Beat(start: at(100), period: .milliseconds(50))

  @Test(
    "the next beat is the first at or after an instant",
    arguments: [(0, 100), (100, 100), (101, 150), (150, 150), (10_001, 10_050)])
  func next(now: Int, expected: Int) {
    #expect(beat.next(from: at(now)) == at(expected))
  }

  @Test("a beat that is found late is followed slowly, one that is found early at once")
  func corrected() {
    func start(found: Int) -> Instant {
      let found = Beat(start: at(found), period: .milliseconds(50))
      return beat.corrected(by: found, tolerance: .milliseconds(10)).start
    }
    #expect(start(found: 208) == at(201))
    #expect(start(found: 197) == at(197))
    #expect(start(found: 200) == at(200))
  }

  @Test("one that is found later than noise explains has moved")
  func moved() {
    let found = Beat(start: at(215), period: .milliseconds(50))
    #expect(beat.corrected(by: found, tolerance: .milliseconds(10)).start == at(215))
  }
}

@Suite struct RoundTripTests {
  @Test("nothing is known before the first sample; then the lead is the round trip and at least 5 ms")
  func lead() {
    var roundTrip = RoundTrip()
    #expect(roundTrip.lead == nil)
    roundTrip.sample(.milliseconds(200))
    #expect(roundTrip.lead == .milliseconds(205))
  }

  @Test("the lead grows with the deviation, and shrinks again with steadiness")
  func deviation() {
    var roundTrip = RoundTrip()
    for index in 0..<50 { roundTrip.sample(.milliseconds(index.isMultiple(of: 2) ? 100 : 300)) }
    #expect(roundTrip.lead! > .milliseconds(400))
    for _ in 0..<100 { roundTrip.sample(.milliseconds(200)) }
    #expect(roundTrip.lead! < .milliseconds(206))
  }

  @Test("a negative sample, which only a broken peer can cause, is left out")
  func negative() {
    var roundTrip = RoundTrip()
    roundTrip.sample(.milliseconds(-5))
    #expect(roundTrip.lead == nil)
  }
}

@Suite struct ReplicatedSetTests {
  private let a = Origin(name: "a"), b = Origin(name: "b")

  @Test("a delta that joins on is taken in, what overlaps of it is left out")
  func overlap() {
    var set = ReplicatedSet()
    let newCounts = [
      set.merge(Delta(origin: a, after: 0, entries: [1, 2])),
      set.merge(Delta(origin: a, after: 1, entries: [2, 3])),
      set.merge(Delta(origin: a, after: 0, entries: [1, 2, 3])),
    ]
    #expect(newCounts == [2, 1, 0])
    #expect(set.values == [1, 2, 3])
    #expect(set.version[a] == 3)
  }

  @Test("a delta behind a gap is left out, and the version shows it")
  func gap() {
    var set = ReplicatedSet()
    let newCount = set.merge(Delta(origin: a, after: 1, entries: [2]))
    #expect(newCount == 0)
    #expect(set.values.isEmpty)
    #expect(set.version[a] == 0)
  }

  @Test("a value that two origins added is held once and counts for both")
  func twice() {
    var set = ReplicatedSet()
    _ = set.merge(Delta(origin: a, after: 0, entries: [1]))
    _ = set.merge(Delta(origin: b, after: 0, entries: [1]))
    #expect(set.values == [1])
    #expect(set.version[a] == 1 && set.version[b] == 1)
  }

  @Test("replicas that exchange deltas in any order, with losses, end up with the same", arguments: 1...30)
  func converges(seed: UInt64) {
    var random = Random(seed: seed)
    let origins = (0..<4).map { Origin(name: "\($0)") }
    var replicas = origins.map { _ in ReplicatedSet() }
    for value in 0..<60 {
      let owner = Int.random(in: 0..<4, using: &random)
      _ = replicas[owner].add(.integer(value % 45), from: origins[owner])
      let (from, to) = (Int.random(in: 0..<4, using: &random), Int.random(in: 0..<4, using: &random))
      let deltas = replicas[from].deltas(since: replicas[to].version).shuffled(using: &random)
      for delta in deltas where Bool.random(using: &random) { _ = replicas[to].merge(delta) }
    }
    for _ in 0..<2 {
      for (from, to) in (0..<4).flatMap({ from in (0..<4).map { (from, $0) } }) {
        for delta in replicas[from].deltas(since: replicas[to].version) { _ = replicas[to].merge(delta) }
      }
    }
    for replica in replicas {
      #expect(replica.version == replicas[0].version)
      #expect(Set(replica.values) == Set(replicas[0].values))
      #expect(replica.values.count == Set(replica.values).count)
    }
  }
}
