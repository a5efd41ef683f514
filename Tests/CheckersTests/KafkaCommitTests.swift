import History
import Glomers
import Lab
import Testing
@testable import Checkers

/// What Maelstrom's checker does not look at.
@Suite("The kafka checker, on committed offsets and on nodes")
struct KafkaCommitTests {
  private func anomalies(_ make: (inout KafkaRecorder) -> Void) -> [Anomaly] {
    KafkaRecorder.check {
      for offset in 0..<4 { $0.send(0, "a", .integer(10 + offset), at: offset) }
      make(&$0)
      $0.poll(7, "a", [(0, 10), (1, 11), (2, 12), (3, 13)])
    }.anomalies
  }

  private func polls(_ recorder: inout KafkaRecorder, _ client: Int, upTo end: Int) {
    recorder.poll(client, "a", (0...end).map { ($0, .integer(10 + $0)) })
  }

  @Test("a node that forgets what it has acknowledged loses a commit; another node may not know of it yet")
  func forgotten() {
    for committed in [nil, 1] {
      let found = anomalies {
        polls(&$0, 1, upTo: 2)
        $0.assign(1, "a", committed: committed)
      }
      #expect(found.map(\.name) == ["lost-commit"])
      #expect(found.first?.operations == [9, 10, 11])
      #expect(found.first?.node == "n1")
    }
    #expect(
      anomalies {
        polls(&$0, 1, upTo: 2)
        $0.assign(1, "a", committed: 2)
        $0.assign(2, "a")
      }.isEmpty)
  }

  @Test("a commit that is acknowledged while offsets are being listed may be missing from the list")
  func concurrent() {
    #expect(
      anomalies {
        $0.begin(1, "assign", ["a"])
        var other = $0
        other.begin(2, "poll", [["poll"]])
        other.end(2, .ok, "poll", [["poll", ["a": [[0, 10]]]]])
        $0 = other
        $0.end(1, .ok, "assign", ["a"], notes: ["committed": [:]])
      }.isEmpty)
  }

  @Test("what a node has shown to be committed does not go back there")
  func goesBack() {
    let found = anomalies {
      polls(&$0, 1, upTo: 2)
      $0.assign(2, "a", committed: 2)
      $0.assign(2, "a", committed: 1)
    }
    #expect(found.map(\.name) == ["lost-commit"])
    #expect(found.first?.operations == [11, 12, 13])
    #expect(
      anomalies {
        polls(&$0, 1, upTo: 2)
        $0.assign(2, "a", committed: 1)
        $0.assign(2, "a", committed: 2)
      }.isEmpty)
  }

  @Test("in the end every node knows what any has acknowledged")
  func inTheEnd() {
    let found = anomalies {
      polls(&$0, 1, upTo: 2)
      $0.assign(2, "a", isFinal: true)
    }
    #expect(found.map(\.name) == ["lost-commit"])
    #expect(
      anomalies {
        polls(&$0, 1, upTo: 2)
        $0.assign(2, "a", committed: 2, isFinal: true)
      }.isEmpty)
  }

  @Test("a committed offset that leaves out messages that nobody has committed runs ahead")
  func ahead() {
    let found = anomalies {
      polls(&$0, 1, upTo: 1)
      $0.assign(2, "a", committed: 3)
    }
    #expect(found.map(\.name) == ["runaway-commit"])
    #expect(found.first?.operations == [9, 10, 11])
    // The next offset is as good: nothing is left out.
    #expect(
      anomalies {
        polls(&$0, 1, upTo: 1)
        $0.assign(2, "a", committed: 2)
      }.isEmpty)
    // So is the first of a log of which nothing was committed.
    #expect(anomalies { $0.assign(2, "b", committed: 0) }.isEmpty)
  }

  @Test("so does one that nobody has committed, though no message is there yet", arguments: ["a", "b"])
  func nobodys(key: JSONName) {
    let found = anomalies {
      polls(&$0, 1, upTo: 1)
      $0.assign(2, key, committed: 5)
    }
    #expect(found.map(\.name) == ["runaway-commit"])
  }

  @Test("a commit that nobody knows the end of may count")
  func unknownCommit() {
    #expect(
      anomalies {
        $0.begin(1, "poll", [["poll"]])
        $0.end(1, .info, "poll", [["poll"]], notes: ["committing": ["a": 3]])
        $0.assign(2, "a", committed: 3)
      }.isEmpty)
  }

  @Test("a node that shows no more in the end, and not everything, lacks a message")
  func missing() {
    let found = anomalies {
      $0.seek(3, "a")
      $0.poll(3, "a", [(0, 10), (1, 11)], isFinal: true)
      $0.poll(3, "a", [], isFinal: true)
    }
    #expect(found.map(\.name) == ["missing-message"])
    #expect(found.first?.operations == [5, 9, 13])
    #expect(found.first?.node == "n3")
    // It was still reading when the test ended.
    #expect(
      anomalies {
        $0.seek(3, "a")
        $0.poll(3, "a", [(0, 10), (1, 11)], isFinal: true)
      }.isEmpty)
  }

  @Test("a lag above 5 s is worth a warning, and breaks a limit that was set")
  func highLag() {
    func anomalies(_ lagMax: Duration?, gap: Int) -> [Anomaly] {
      var recorder = KafkaRecorder()
      recorder.assign(1, "a")
      recorder.send(0, "a", 10, at: 0)
      for _ in 0..<gap { recorder.send(0, "b", 0, at: 0) }
      recorder.poll(1, "a", [])
      return KafkaChecker(lagMax: lagMax).check(recorder.history).anomalies.filter { $0.name == "high-lag" }
    }
    #expect(anomalies(nil, gap: 10).isEmpty)
    #expect(anomalies(.milliseconds(10), gap: 10).map(\.severity) == [.invalid])
    #expect(anomalies(.milliseconds(30), gap: 10).isEmpty)
    #expect(anomalies(nil, gap: 2600).map(\.severity) == [.warning])
  }

  @Test("where no poll lags, the worst lag is that of the first poll, and nothing without one")
  func noLag() {
    let none = KafkaRecorder.check { $0.send(0, "a", 10, at: 0) }
    #expect(none.figures["worst-realtime-lag"]?.text == "{:time 0.0, :lag 0.0}")
    let first = KafkaRecorder.check {
      $0.assign(1, "a")
      $0.poll(1, "a", [])
    }
    #expect(first.figures["worst-realtime-lag"]?["process"] == 1)
    #expect(first.figures["worst-realtime-lag"]?["key"] == "a")
  }

  @Test("of several keys with the same lag the first of the history is told, in every process")
  func sameLag() {
    let keys = (0..<12).map { "k\($0)" }
    let names = JSON.array(keys.map { .string($0) })
    let finding = KafkaRecorder.check { history in
      history.begin(1, "assign", names)
      history.end(1, .ok, "assign", names)
      history.begin(0, "txn", .array(keys.map { ["send", .string($0), 7] }))
      history.end(0, .ok, "txn", .array(keys.map { ["send", .string($0), [0, 7]] }))
      history.poll(1, "k0", [])
    }
    #expect(finding.figures["worst-realtime-lag"]?["key"] == "k0")
  }

  @Test("the lag is the time since there was more than a consumer has seen when it polled")
  func lag() {
    let finding = KafkaRecorder.check {
      $0.assign(1, "a")  // 1, 2 ms
      $0.send(0, "a", 10, at: 0)  // 3, 4 ms
      $0.send(0, "a", 11, at: 7)  // 5, 6 ms
      $0.poll(1, "a", [(0, 10)])  // 7, 8 ms: 7 - 6
      $0.poll(1, "a", [])  // 9, 10 ms: 9 - 6
      $0.poll(1, "a", [(7, 11)])
    }
    #expect(finding.worstLag == .milliseconds(3))
    #expect(finding.figures["worst-realtime-lag"]?["lag"] == .real(0.003))
    #expect(finding.figures["worst-realtime-lag"]?["time"] == .real(0.009))
    #expect(finding.figures["worst-realtime-lag"]?["process"] == .integer(1))
    #expect(finding.figures["worst-realtime-lag"]?["key"] == .string("a"))
  }
}
