import Glomers
import Lab
import Support
import Testing
@testable import Checkers

@Suite("The echo checker")
struct EchoTests {
  @Test("an echo of what was sent is valid, whatever it is")
  func same() {
    let history = RecordedHistory.made {
      $0.begin(0, "echo", ["a": [1, nil, 2.5]])
      $0.end(0)
    }
    let finding = EchoChecker().check(history)
    #expect(finding.edn.text == "{:errors [], :valid? true}")
    #expect(finding.anomalies.isEmpty)
  }

  @Test("another payload than was sent is a wrong echo")
  func other() {
    let history = RecordedHistory.made {
      $0.begin(0, "echo", "Please echo 3")
      $0.begin(1, "echo", "Please echo 4")
      $0.end(0, .ok, "Please echo 4")
      $0.end(1)
    }
    let finding = EchoChecker().check(history)
    #expect(finding.verdict == .invalid)
    #expect(
      finding.figures.text == """
        {:errors [["Expected a message with :echo" "Please echo 3" "But received" "Please echo 4"]]}
        """)
    #expect(
      finding.anomalies == [
        Anomaly(
          "wrong-echo", #""Please echo 3" came back as "Please echo 4""#, operations: [0, 2], node: "n0")
      ])
  }

  @Test("an integer does not come back as a real")
  func realForInteger() {
    let history = RecordedHistory.made {
      $0.begin(0, "echo", 1)
      $0.end(0, .ok, 1.0)
    }
    #expect(EchoChecker().check(history).anomalies.map(\.name) == ["wrong-echo"])
  }

  @Test("an echo that is not answered is an error, as in Maelstrom, but no wrong echo")
  func unanswered() {
    let history = RecordedHistory.made {
      $0.begin(0, "echo", "x")
      $0.end(0, .info)
      $0.begin(1, "echo", "y")
    }
    let finding = EchoChecker().check(history)
    #expect(finding.verdict == .invalid)
    #expect(finding.anomalies.isEmpty)
    #expect(
      finding.figures.text == """
        {:errors [["Expected a message with :echo" "x" "But received" nil] \
        ["Expected a message with :echo" "y" "But received" nil]]}
        """)
  }
}
