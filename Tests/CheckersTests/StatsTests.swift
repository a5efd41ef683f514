import Glomers
import Lab
import Support
import Testing
@testable import History
@testable import Checkers

@Suite("Stats and availability")
struct StatsTests {
  private let mixed = RecordedHistory.made {
    $0.broadcast(0, 1)
    $0.broadcast(0, 2, .info)
    $0.begin(1, "read")
    $0.nemesis("start-partition")
    $0.end(1, .fail)
    $0.nemesis("start-partition")
    $0.read(1, [])
  }

  @Test("operations are counted by how they ended, in all and by function, the nemesis's left out")
  func counts() {
    #expect(
      OperationStats(mixed).edn.text == """
        {:count 4, :ok-count 2, :fail-count 1, :info-count 1, :by-f {\
        :broadcast {:count 2, :ok-count 1, :fail-count 0, :info-count 1, :valid? true}, \
        :read {:count 2, :ok-count 1, :fail-count 1, :info-count 0, :valid? true}}, :valid? true}
        """)
  }

  @Test("a function that never succeeds makes the stats invalid")
  func neverOk() {
    let history = RecordedHistory.made {
      $0.broadcast(0, 1, .info)
      $0.read(1, [])
    }
    #expect(OperationStats(history).verdict == .invalid)
  }

  @Test("functions whose names look alike are counted together, with all their latencies")
  func lookAlikes() {
    let history = RecordedHistory.made {
      for name in (0..<9).map({ "f\($0)" }) + ["caf\u{e9}", "cafe\u{301}", "caf\u{e9}"] {
        $0.begin(0, name)
        $0.end(0, name == "cafe\u{301}" && name.utf8.count > 5 ? .fail : .ok)
      }
    }
    let found = OperationStats(history).functions.filter { $0.name == "caf\u{e9}" }
    #expect(found.count == 1 && found.first?.counts.ok == 2 && found.first?.counts.fail == 1)
    #expect(OperationStats(history).verdict == .valid)
    #expect(OperationLatencies(history).functions["caf\u{e9}"] != nil)
    #expect(OperationLatencies(history).functions.count == 10)
  }

  @Test("a run without operations is valid")
  func empty() {
    #expect(OperationStats(History()).verdict == .valid)
  }

  @Test(
    "half of the operations ok is enough for what asks for no more",
    arguments: [
      (nil, Verdict.valid), (.fraction(0.5), .valid), (.fraction(0.51), .invalid), (.total, .invalid),
    ] as [(Availability?, Verdict)])
  func availability(wanted: Availability?, verdict: Verdict) {
    let successes = Successes(mixed, wanted: wanted)
    #expect(successes.verdict == verdict && successes.share == 0.5)
    #expect(successes.edn["ok-fraction"]?.text == "0.5")
  }

  @Test("total availability counts operations that never ended as not ok")
  func unended() {
    let history = RecordedHistory.made {
      $0.read(0, [])
      $0.begin(0, "read")
    }
    #expect(Successes(history, wanted: .total).verdict == .invalid)
  }

  @Test("nothing asked is totally available")
  func nothingAsked() {
    let successes = Successes(History(), wanted: .total)
    #expect(successes.verdict == .valid)
    #expect(successes.edn.text == "{:ok-fraction 1, :valid? true}")
  }

  @Test("the worst part decides about the whole")
  func merging() {
    #expect(Verdict.merging([]) == .valid)
    #expect(Verdict.merging([.valid, .unknown, .valid]) == .unknown)
    #expect(Verdict.merging([.unknown, .invalid]) == .invalid)
    #expect([Verdict.valid, .unknown, .invalid].map(\.edn.text) == ["true", ":unknown", "false"])
  }
}
