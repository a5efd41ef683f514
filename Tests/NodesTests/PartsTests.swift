import Glomers
import Testing
import Wire
import Workloads

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
}

@Suite struct RoundTripTests {
  @Test("the first sample is the round trip, half of it its variation, and the timeout three times as long")
  func first() {
    var roundTrip = RoundTrip()
    #expect(roundTrip.shortest == nil && roundTrip.timeout == nil)
    roundTrip.sample(.milliseconds(200))
    #expect(roundTrip.shortest == .milliseconds(200))
    #expect(roundTrip.timeout == .milliseconds(600))
  }

  @Test(
    "the timeout grows with the variation, and shrinks again with steadiness, to 20 ms above the round trip")
  func variation() {
    var roundTrip = RoundTrip()
    for index in 0..<50 { roundTrip.sample(.milliseconds(index.isMultiple(of: 2) ? 100 : 300)) }
    #expect(roundTrip.timeout! > .milliseconds(400))
    for _ in 0..<100 { roundTrip.sample(.milliseconds(200)) }
    #expect(roundTrip.timeout! >= .milliseconds(220) && roundTrip.timeout! < .milliseconds(221))
  }

  @Test("one sample far beyond the timeout is left out; when the next says the same, the network is slower")
  func slower() {
    var roundTrip = RoundTrip()
    roundTrip.sample(.milliseconds(200))
    roundTrip.sample(.seconds(8))
    #expect(roundTrip.timeout == .milliseconds(600))
    roundTrip.sample(.seconds(9))
    #expect(roundTrip.timeout! > .seconds(8))
    #expect(roundTrip.shortest == .milliseconds(200))
    for _ in 0..<8 { roundTrip.sample(.seconds(8)) }
    #expect(roundTrip.shortest == .seconds(8))
  }

  @Test("a first sample of a node that was stopped is forgotten when a much shorter one comes")
  func firstOutlier() {
    var roundTrip = RoundTrip()
    roundTrip.sample(.seconds(60))
    roundTrip.sample(.milliseconds(200))
    #expect(roundTrip.timeout == .milliseconds(600))
  }

  @Test("a negative sample, which only a broken peer can cause, is left out")
  func negative() {
    var roundTrip = RoundTrip()
    roundTrip.sample(.milliseconds(-5))
    #expect(roundTrip.shortest == nil)
  }
}

@Suite struct DecayingPeakTests {
  @Test(
    "a peak is what is assumed until a sample comes, then the greatest of late, long a part of it, and in the end nothing"
  )
  func decays() {
    var peak = DecayingPeak(assuming: .milliseconds(25), memory: .seconds(8))
    #expect(peak.value(at: at(100_000)) == .milliseconds(25))
    peak.add(.milliseconds(1), at: at(100_000))
    #expect(peak.value(at: at(101_000)) == .microseconds(12_500))
    #expect(peak.value(at: at(102_000)) == .zero)
    peak.add(.milliseconds(40), at: at(104_000))
    #expect(peak.value(at: at(104_000)) == .milliseconds(40))
    #expect(peak.value(at: at(108_000)) == .milliseconds(20))
    #expect(peak.value(at: at(112_000)) == .milliseconds(12))
    #expect(peak.value(at: at(183_000)) == .milliseconds(12))
    #expect(peak.value(at: at(184_000)) == .zero)
  }
}

@Suite struct LogNumbersTests {
  @Test("each key has its own number, also where short ones share a place, and long ones have none")
  func numbers() {
    var numbers = LogNumbers()
    let short: [JSONName] = [
      "", "\0", "\0\0", "a", "a\0", "\u{e9}", "e\u{301}", "a\u{323}\u{307}", "a\u{307}\u{323}",
    ]
    let keys =
      short + (0..<300).map { JSONName("\($0)") }
      + (0..<20).map { JSONName("a key of many bytes, number \($0)") }
    for (number, key) in keys.enumerated() {
      #expect(numbers[key] == nil)
      numbers.add(key, number)
    }
    for (number, key) in keys.enumerated() { #expect(numbers[key] == number) }
    #expect(numbers["300"] == nil)
  }
}

@Suite struct EntryListTests {
  /// Offsets without gaps, with a gap after each, and with gaps here and there.
  @Test(
    "an offset's place is the first at or beyond it, wherever in the list, and beyond its ends",
    arguments: [[1], [3], [1, 1, 1, 1, 4]])
  func places(steps: [Int]) {
    var list = EntryList()
    var offsets: [Int] = []
    var next = 0
    for count in 0..<600 {
      if count < 20 || count > 590 {
        for offset in stride(from: -1, through: next + 2, by: count < 20 ? 1 : 7) {
          let expected = offsets.firstIndex { $0 >= offset } ?? offsets.count
          #expect(list.place(of: offset) == expected, "offset \(offset) of \(count) entries")
        }
      }
      offsets.append(next)
      list.append(.init(next, 0))
      next += steps[count % steps.count]
    }
  }
}
