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
