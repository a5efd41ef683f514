import Glomers
import Support
import Testing

@testable import Lab
@testable import History
@testable import Checkers

@Suite("Linearizability")
struct LinearizabilityTests {
  private func check(_ make: (inout RecordedHistory) -> Void) -> Finding {
    LinearizabilityChecker().check(RecordedHistory.made(make))
  }

  private func isAccepted(_ finding: Finding) -> Bool {
    finding.verdict == .valid && finding.anomalies.isEmpty
  }

  @Test("a read of what was written last is right, one of what was written before is not")
  func staleRead() throws {
    let good = check {
      $0.writeRegister(0, 1)
      $0.writeRegister(1, 2)
      $0.readRegister(0, 2)
    }
    #expect(isAccepted(good))
    let bad = check {
      $0.writeRegister(0, 1)
      $0.writeRegister(1, 2)
      $0.readRegister(0, 1)
    }
    #expect(bad.verdict == .invalid)
    let anomaly = try #require(bad.anomalies.first)
    #expect(anomaly.name == "nonlinearizable" && anomaly.severity == .invalid && anomaly.node == "n0")
    // The write that made the only possible value, and the read that does not fit it.
    #expect(anomaly.operations == [3, 4, 5])
    #expect(
      anomaly.detail.hasPrefix("key 0: a read found 1") && anomaly.detail.hasSuffix("leaves 2"), "\(anomaly)")
  }

  @Test("of two writes at the same time either may be last, but not both")
  func concurrentWrites() throws {
    func history(_ first: JSON, _ second: JSON) -> Finding {
      check {
        $0.begin(0, "write", [0, 1])
        $0.begin(1, "write", [0, 2])
        $0.end(0)
        $0.end(1)
        $0.readRegister(0, first)
        $0.readRegister(1, second)
      }
    }
    #expect(isAccepted(history(1, 1)))
    #expect(isAccepted(history(2, 2)))
    let anomaly = try #require(history(1, 2).anomalies.first)
    #expect(anomaly.detail.hasSuffix("leaves 1"))
    #expect(anomaly.operations == [2, 6, 7])
  }

  @Test("a counter-example shows every value that there could be, and who put it there")
  func possibleValues() throws {
    let finding = check {
      $0.begin(0, "write", [0, 1])
      $0.begin(1, "write", [0, 2])
      $0.end(0)
      $0.end(1)
      $0.readRegister(2, 3)
    }
    let anomaly = try #require(finding.anomalies.first)
    #expect(anomaly.detail.hasSuffix("leaves 1 or 2"))
    #expect(anomaly.operations == [2, 3, 4, 5])
    let result = finding.edn["results"]
    guard case .map(let keys)? = result else {
      Issue.record("no results: \(finding.edn.text)")
      return
    }
    #expect(keys.map(\.key) == [0])
    let linearizable = keys[0].value["linearizable"]
    #expect(linearizable?["valid?"] == false)
    #expect(linearizable?["op"]?["value"] == [0, 3])
    #expect(finding.edn["failures"] == [0])
  }

  @Test("a compare-and-set that succeeded has met its value")
  func compareAndSet() {
    let good = check {
      $0.writeRegister(0, 1)
      $0.compareAndSet(1, 1, 2)
      $0.readRegister(0, 2)
    }
    #expect(isAccepted(good))
    let twice = check {
      $0.writeRegister(0, 1)
      $0.compareAndSet(1, 1, 2)
      $0.compareAndSet(2, 1, 3)
    }
    #expect(twice.anomalies.map(\.name) == ["nonlinearizable"])
    #expect(twice.anomalies[0].detail.contains("a cas from 1 to 3 succeeded"))
  }

  @Test("a write of unknown outcome may have happened, much later, or not at all, but only once")
  func unknown() {
    func history(_ values: JSON...) -> Finding {
      check { history in
        history.writeRegister(0, 1)
        history.writeRegister(1, 2, .info)
        for value in values { history.readRegister(2, value) }
      }
    }
    #expect(isAccepted(history(1, 1)))
    #expect(isAccepted(history(1, 2, 2)))
    #expect(history(1, 2, 1).verdict == .invalid)
  }

  @Test("two writes of unknown outcome that are the same may happen at two times")
  func unknownTwins() {
    func history(_ twins: Int) -> Finding {
      check { history in
        for twin in 0..<twins { history.writeRegister(twin, 7, .info) }
        history.writeRegister(10, 1)
        history.readRegister(10, 7)
        history.writeRegister(10, 2)
        history.readRegister(10, 7)
      }
    }
    #expect(isAccepted(history(2)))
    #expect(history(1).verdict == .invalid)
  }

  @Test("a write that failed did not happen, and a write that has not yet begun can't be read")
  func failed() {
    let failed = check {
      $0.writeRegister(0, 1, .fail)
      $0.readRegister(1, 1)
    }
    #expect(failed.verdict == .invalid)
    let early = check {
      $0.readRegister(1, 1)
      $0.writeRegister(0, 1)
    }
    #expect(early.verdict == .invalid)
    #expect(early.anomalies[0].operations == [0, 1])
    #expect(early.anomalies[0].detail.hasSuffix("leaves no value"))
  }

  @Test("keys are looked at one by one, and each has its result")
  func keys() {
    let finding = check {
      $0.writeRegister(0, 1, key: "a")
      $0.writeRegister(0, 2, key: "b")
      $0.readRegister(1, 1, key: "a")
      $0.readRegister(1, 1, key: "b")
    }
    #expect(finding.verdict == .invalid)
    #expect(finding.edn["failures"] == ["b"])
    #expect(finding.anomalies.map(\.name) == ["nonlinearizable"])
  }

  @Test("an error that says what the value was not is held against the node, though Jepsen looks away")
  func impossibleErrors() throws {
    let refused: JSON = ["precondition-failed", "current value 1 is not 1"]
    let missing: JSON = ["key-does-not-exist", "key does not exist"]
    for (from, error, isRight) in [(JSON(1), refused, false), (2, refused, true), (1, missing, false)] {
      let finding = check {
        $0.writeRegister(0, 1)
        $0.compareAndSet(1, from, 3, .fail, error: error)
      }
      #expect(finding.verdict == .valid)
      #expect(finding.anomalies.isEmpty == isRight)
      guard !isRight else { continue }
      let anomaly = try #require(finding.anomalies.first)
      #expect(anomaly.name == "impossible-error" && anomaly.severity == .invalid)
      #expect(anomaly.operations == [1, 2, 3])
    }
    // An error that says nothing of the value.
    let aborted = check {
      $0.writeRegister(0, 1)
      $0.compareAndSet(1, 1, 3, .fail, error: ["abort", "no"])
      $0.readRegister(0, 1)
    }
    #expect(isAccepted(aborted))
  }

  @Test("a read of nothing fits everywhere, as Knossos has it; an error that says so does not")
  func nothing() {
    let finding = check {
      $0.writeRegister(0, 1)
      $0.readRegister(1, .null)
    }
    #expect(isAccepted(finding))
    #expect(isAccepted(check { $0.readRegister(1, .null) }))
    let missing = check {
      $0.writeRegister(0, 1)
      $0.begin(1, "read", [0, .null])
      $0.end(1, .fail, nil, error: ["key-does-not-exist", "not found"])
    }
    #expect(missing.anomalies.map(\.name) == ["impossible-error"])
  }

  @Test("registers without keys are one register, whose cas has no key either")
  func unkeyed() {
    func history(_ last: JSON) -> Finding {
      check {
        $0.begin(0, "write", 3)
        $0.end(0)
        $0.begin(0, "cas", [3, 5])
        $0.end(0)
        $0.begin(1, "read")
        $0.end(1, .ok, last)
      }
    }
    #expect(isAccepted(history(5)) && isAccepted(history(.null)))
    #expect(history(5).edn["results"] == .map([.init(.null, history(5).edn["results"]!.firstValue!)]))
    #expect(history(3).verdict == .invalid && history(3).edn["failures"] == [nil])
    #expect(history(3).anomalies.map(\.name) == ["nonlinearizable"])
    // Pairs are values where a cas shows that there are no keys.
    let pairs = check {
      $0.begin(0, "write", [1, 2])
      $0.end(0)
      $0.begin(0, "cas", [[1, 2], 5])
      $0.end(0)
      $0.begin(1, "read")
      $0.end(1, .ok, 5)
    }
    #expect(isAccepted(pairs))
  }

  @Test("a key that is right has Knossos's keys in its result, too")
  func configurations() {
    let finding = check { $0.writeRegister(0, 1) }
    let linearizable = finding.edn["results"]?.firstValue?["linearizable"]
    #expect(linearizable?["configs"] == [] && linearizable?["final-paths"] == [])
  }

  @Test(
    "open writes whose values nobody needs cost nothing, and those that are needed come before what needs them"
  )
  func openWrites() {
    func history(_ last: JSON) -> History {
      RecordedHistory.made { history in
        for client in 0..<40 { history.writeRegister(client, .integer(100 + client), .info) }
        for (place, value) in [1, 2, 103, 3, 120].enumerated() {
          if value < 100 { history.writeRegister(50, .integer(value)) }
          history.readRegister(60 + place, .integer(value))
        }
        for client in 70..<74 { history.begin(client, "write", [0, .integer(client)]) }
        for client in 70..<74 { history.end(client) }
        history.readRegister(80, last)
      }
    }
    for (last, verdict) in [(71, .valid), (139, .valid), (103, .invalid), (2, .invalid)] as [(JSON, Verdict)]
    {
      let finding = LinearizabilityChecker(effortMax: 100_000).check(history(last))
      #expect(finding.verdict == verdict, "\(last)")
    }
  }

  @Test("what takes more effort than there is stays unknown, and leaves other keys their verdict")
  func effort() {
    let history = RecordedHistory.made { history in
      history.writeRegister(0, 1, key: "easy")
      history.readRegister(0, 1, key: "easy")
      for client in 0..<20 { history.begin(client, "write", ["hard", .integer(client)]) }
      for client in 0..<20 { history.end(client) }
      // One of them was the last, and not both.
      for value in [7, 8] as [JSON] { history.readRegister(0, value, key: "hard") }
    }
    let finding = LinearizabilityChecker(effortMax: 10_000).check(history)
    #expect(finding.verdict == .unknown)
    #expect(finding.edn["failures"] == ["hard"])
    #expect(finding.anomalies.isEmpty)
    #expect(finding.edn.pretty(in: .edn).contains("The first 20 of 22 operations can be explained"))
  }

  /// Twenty writes at once, which can be ordered in 20! ways, and what came before and after.
  private func crowd(_ before: JSON, _ after: JSON, isKnown: Bool = true) -> Finding {
    LinearizabilityChecker(effortMax: 10_000).check(
      RecordedHistory.made { history in
        history.writeRegister(0, before, isKnown ? .ok : .info)
        for client in 0..<20 { history.begin(client + 1, "write", [0, .integer(client)]) }
        for client in 0..<20 { history.end(client + 1) }
        history.readRegister(30, after)
      })
  }

  @Test("a value that nobody wrote, or that was overwritten, needs no search")
  func refuted() {
    let never = crowd(50, -1)
    #expect(never.verdict == .invalid)
    #expect(
      never.anomalies.first?.detail.contains("a read found -1, and nobody had begun to write that") == true)
    let overwritten = crowd(50, 50)
    #expect(overwritten.verdict == .invalid)
    #expect(
      overwritten.anomalies.first?.detail.contains(
        "a read found 50, and between the last write of that and this one a write of 19 succeeded") == true)
    // It may have happened after all of them.
    #expect(crowd(50, 50, isKnown: false).verdict != .invalid)
  }

  @Test("what is refuted without a search is refuted by every search", arguments: 0..<20)
  func refutationsAreSound(block: Int) {
    var refuted = 0
    for seed in 0..<100 {
      let random = RandomRegisterHistory(
        seed: UInt64(1_000 + block * 100 + seed), clients: 3, operations: 9, crashes: 0.2, lies: 0.2)
      for key in RegisterHistory(random.history).keys {
        guard let (operation, _) = Refutation(key.operations).found() else { continue }
        refuted += 1
        var effort = Int.max
        var search = LinearizationSearch(key.operations)
        guard case .stuck(let obstacle) = search.run(effort: &effort) else {
          Issue.record("seed \(seed) of block \(block): operation \(operation) fits")
          continue
        }
        // The search gets no further than to what is refuted.
        #expect(key.operations[obstacle.operation].end! <= key.operations[operation].end!)
      }
    }
    #expect(refuted > 10)
  }

  @Test("other functions are none of its business; values that no register has leave the verdict unknown")
  func strangers() {
    #expect(isAccepted(check { $0.broadcast(0, 1) }))
    let strange = check {
      $0.begin(0, "cas", [0, [1, 2]])
      $0.end(0, .fail)
      $0.begin(0, "read", 7)
      $0.end(0, .ok, 7)
      $0.begin(0, "cas", [0, 7])
      $0.end(0)
    }
    #expect(strange.verdict == .unknown && strange.anomalies.map(\.name) == ["malformed-operation"])
    #expect(strange.anomalies[0].operations == [2] && strange.anomalies[0].severity == .warning)
  }

  @Test("a long history of many clients takes about as many steps as it has operations")
  func long() {
    let history = RandomRegisterHistory(seed: 3, clients: 10, operations: 3000, crashes: 0.002).history
    let finding = LinearizabilityChecker(effortMax: 300_000).check(history)
    #expect(isAccepted(finding))
  }

  @Test("small histories are judged as by trying every order", arguments: 0..<40)
  func twin(block: Int) {
    var rejected = 0
    for seed in 0..<50 {
      // Half of the histories are full of operations of unknown outcome.
      let random = RandomRegisterHistory(
        seed: UInt64(block * 50 + seed), clients: 3, operations: 7, crashes: block < 20 ? 0.25 : 0.6,
        lies: 0.15)
      let expected = isLinearizableByDefinition(random.operations)
      let finding = LinearizabilityChecker().check(random.history)
      #expect((finding.verdict == .valid) == expected, "seed \(block * 50 + seed)")
      rejected += expected ? 0 : 1
      guard !expected, let anomaly = finding.anomalies.first else { continue }
      // What had ended before the operation that fits nowhere is linearizable; with that operation it is not.
      let end = anomaly.operations.last!
      #expect(isLinearizableByDefinition(random.prefix(before: end)), "seed \(block * 50 + seed)")
      #expect(!isLinearizableByDefinition(random.prefix(before: end + 1)), "seed \(block * 50 + seed)")
    }
    #expect(rejected > (block < 20 ? 5 : 1) && rejected < 45)
  }
}

extension EDN {
  /// The first value of a map.
  fileprivate var firstValue: EDN? {
    guard case .map(let members) = self else { return nil }
    return members.first?.value
  }
}
