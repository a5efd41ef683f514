import Glomers
import Lab
import Support
import Testing
import Wire
@testable import History
@testable import Checkers

@Suite("The unique-ids checker")
struct UniqueIDsTests {
  @Test("ids that differ are valid")
  func distinct() {
    let history = RecordedHistory.made {
      $0.generate(0, "b")
      $0.generate(1, "a")
      $0.begin(0, "generate")
      $0.end(0, .info)
    }
    let finding = UniqueIDsChecker().check(history)
    #expect(
      finding.edn.text == """
        {:attempted-count 3, :acknowledged-count 2, :duplicated-count 0, :duplicated {}, :range ["a" "b"], \
        :valid? true}
        """)
    #expect(finding.anomalies.isEmpty)
  }

  @Test("ids of any size, and of any kind, are told apart and put in order")
  func large() {
    let ids: [JSON] = [
      JSON(number: "18446744073709551617"), JSON(number: "18446744073709551616"), 1, 1.0,
      JSON(number: "-9223372036854775809"), JSON(number: "1e400"), JSON(escaped: #"\ud800"#.utf8),
    ]
    func check(_ ids: [JSON]) -> Finding {
      UniqueIDsChecker().check(RecordedHistory.made { record in for id in ids { record.generate(0, id) } })
    }
    let distinct = check(ids)
    #expect(distinct.verdict == .valid)
    #expect(distinct.figures["range"]?.text == #"[-9223372036854775809N "\ud800"]"#)
    #expect(check(Array(ids[0...3])).figures["range"]?.text == "[1 18446744073709551617N]")
    let twice = check(ids + [JSON(number: "18446744073709551617")])
    #expect(twice.verdict == .invalid)
    #expect(twice.figures["duplicated"]?.text == "{18446744073709551617N 2}")
    #expect(twice.figures["duplicated"]?.text(in: .json) == #"{"18446744073709551617": 2}"#)
  }

  @Test("an id given twice is shown by the first two operations that gave it")
  func twice() {
    let history = RecordedHistory.made {
      $0.generate(0, 5)
      $0.generate(1, 6)
      $0.generate(2, 5)
      $0.generate(0, 5)
    }
    let finding = UniqueIDsChecker().check(history)
    #expect(finding.verdict == .invalid)
    #expect(finding.figures["duplicated"]?.text == "{5 3}")
    #expect(
      finding.anomalies == [
        Anomaly("duplicate-id", "the id 5 was given 3 times", operations: [1, 5], node: "n2")
      ])
  }

  @Test("ids nobody acknowledged do not count")
  func failed() {
    let history = RecordedHistory.made {
      $0.generate(0, 5)
      $0.begin(1, "generate")
      $0.end(1, .fail, 5)
    }
    #expect(UniqueIDsChecker().check(history).verdict == .valid)
  }

  @Test("ids of any type are compared and ordered")
  func anyType() {
    let ids: [JSON] = [["a": 1], [2, 1], [3], "x", 2, 1.5, false, nil, true]
    let history = RecordedHistory.made { for id in ids { $0.generate(0, id) } }
    let finding = UniqueIDsChecker().check(history)
    #expect(finding.verdict == .valid)
    #expect(finding.figures["range"]?.text == #"[nil {"a" 1}]"#)
  }

  @Test("the 48 ids given most often are listed")
  func mostOften() {
    let history = RecordedHistory.made {
      for id in 0..<60 {
        for _ in 0..<(id < 10 ? 2 : 3) { $0.generate(0, .integer(id)) }
      }
    }
    let finding = UniqueIDsChecker().check(history)
    #expect(finding.figures["duplicated-count"] == 60)
    guard case .map(let listed)? = finding.figures["duplicated"] else {
      Issue.record("no map of duplicates")
      return
    }
    #expect(listed.map(\.key) == (12..<60).map { .integer($0) })
  }

  @Test("a run without ids is valid and has an empty range")
  func empty() {
    #expect(UniqueIDsChecker().check(History()).figures["range"]?.text == "[nil nil]")
  }
}
