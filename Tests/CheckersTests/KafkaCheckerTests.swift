import History
import Checkers
import Glomers
import Lab
import Testing
import Wire

/// Each error has the history that shows it, and the nearest one that does not.
@Suite("The kafka checker")
struct KafkaCheckerTests {
  private typealias Change = (inout KafkaRecorder) -> Void

  /// Jepsen's name and ours, and the operations that show it; and nothing of the kind in the history next to it.
  private func expect(
    _ type: String, _ name: String, _ operations: [Int], wrong: Change, right: Change,
    _ location: SourceLocation = #_sourceLocation
  ) {
    let finding = KafkaRecorder.check(wrong)
    #expect(finding.verdict == .invalid, sourceLocation: location)
    #expect(finding.errorTypes.contains(.keyword(type)), "\(finding.figures)", sourceLocation: location)
    let named = finding.anomalies.filter { $0.name == name }
    #expect(named.first?.operations == operations, "\(finding.anomalies)", sourceLocation: location)
    let near = KafkaRecorder.check(right)
    #expect(!near.errorTypes.contains(.keyword(type)), "\(near.figures)", sourceLocation: location)
    #expect(!near.anomalies.contains { $0.name == name }, "\(near.anomalies)", sourceLocation: location)
  }

  @Test("messages that are sent and polled in order, by offsets with gaps, are valid")
  func plain() {
    let finding = KafkaRecorder.check {
      $0.send(0, "a", 1, at: 0)
      $0.send(0, "a", 2, at: 4)
      $0.send(1, "b", "x", at: 1)
      $0.assign(1, "a")
      $0.poll(1, "a", [(0, 1), (4, 2)])
      $0.poll(0, "b", [(1, "x")])
    }
    #expect(finding.verdict == .valid)
    #expect(finding.anomalies.isEmpty)
    #expect(finding.figures["error-types"] == [])
  }

  @Test("offsets beyond 64 bits leave the verdict open, and the largest of 64 bits do not")
  func oversized() {
    func finding(_ offset: JSON) -> Finding {
      KafkaRecorder.check {
        $0.begin(0, "send", [["send", "a", 1]])
        $0.end(0, .ok, "send", [["send", "a", [offset, 1]]])
        $0.begin(1, "poll", [["poll"]])
        $0.end(1, .ok, "poll", [["poll", ["a": [[offset, 1]]]]])
      }
    }
    let open = finding(JSON(number: "9223372036854775808"))
    #expect(open.verdict == .unknown)
    #expect(open.anomalies.map(\.name) == ["oversized-integer"] && open.anomalies[0].operations == [1])
    #expect(finding(.integer(.max)).verdict == .valid)
  }

  @Test("keys that look alike are two keys, each with messages and commits of its own")
  func keysByTheirBytes() {
    let pairs: [(JSONName, JSONName)] = [("\u{e9}", "e\u{301}"), ("a\u{323}\u{307}", "a\u{307}\u{323}")]
    for (one, other) in pairs {
      let finding = KafkaRecorder.check {
        $0.send(0, one, 1, at: 0)
        $0.send(0, other, 2, at: 0)
        $0.begin(1, "poll", [["poll"]])
        $0.end(1, .ok, "poll", [["poll", .object([one: [[0, 1]], other: [[0, 2]]])]])
        $0.assign(1, one, committed: 0)
        $0.assign(2, other, committed: nil)
      }
      #expect(finding.verdict == .valid && finding.anomalies.isEmpty, "\(finding)")
      let wrong = KafkaRecorder.check {
        $0.send(0, one, 1, at: 0)
        $0.poll(1, other, [(0, 1)])
        $0.assign(2, one, committed: 7)
      }
      #expect(Set(wrong.anomalies.map(\.name)).isSuperset(of: ["phantom-message", "runaway-commit"]))
    }
  }

  @Test("an offset that has two messages is inconsistent")
  func inconsistent() {
    expect("inconsistent-offsets", "inconsistent-offset", [1, 3]) {
      $0.send(0, "a", 1, at: 0)
      $0.send(1, "a", 2, at: 0)
      $0.poll(0, "a", [(0, 1)])
    } right: {
      $0.send(0, "a", 1, at: 0)
      $0.send(1, "b", 2, at: 0)
      $0.poll(0, "a", [(0, 1)])
    }
  }

  @Test("a message at two offsets is a duplicate")
  func duplicate() {
    expect("duplicate", "duplicate-message", [1, 3]) {
      $0.send(0, "a", 1, at: 0)
      $0.poll(1, "a", [(0, 1), (1, 1)])
    } right: {
      $0.send(0, "a", 1, at: 0)
      $0.poll(1, "a", [(0, 1)])
      $0.poll(0, "a", [(0, 1)])
    }
  }

  @Test("a message below one that was read, and that nobody read, is lost")
  func lost() {
    expect("lost-write", "lost-write", [1, 5]) {
      $0.send(0, "a", 1, at: 0)
      $0.send(0, "a", 2, at: 1)
      $0.poll(1, "a", [(1, 2)])
    } right: {
      $0.send(0, "a", 1, at: 0)
      $0.send(0, "a", 2, at: 1)
      $0.poll(1, "a", [(1, 2)])
      $0.poll(0, "a", [(0, 1)])
    }
  }

  @Test("a send that nobody knows the end of is not lost")
  func unknownSend() {
    let finding = KafkaRecorder.check {
      $0.send(0, "a", 1, .info)
      $0.send(1, "a", 2, at: 1)
      $0.poll(1, "a", [(1, 2)])
    }
    #expect(finding.verdict == .valid)
    #expect(finding.anomalies.isEmpty)
  }

  @Test("a message that was acknowledged and never polled is unseen")
  func unseen() {
    expect("unseen", "unseen-message", [3]) {
      $0.send(0, "a", 1, at: 0)
      $0.send(0, "a", 2, at: 1)
      $0.poll(1, "a", [(0, 1)])
    } right: {
      $0.send(0, "a", 1, at: 0)
      $0.send(0, "a", 2, .info)
      $0.poll(1, "a", [(0, 1)])
    }
  }

  @Test("a message is shown though its send has certainly failed")
  func aborted() {
    expect("G1a", "aborted-read", [1, 3]) {
      $0.send(0, "a", 1, .fail)
      $0.poll(1, "a", [(0, 1)])
    } right: {
      $0.send(0, "a", 1, .info)
      $0.poll(1, "a", [(0, 1)])
    }
  }

  @Test("a message can't be shown before its send begins")
  func future() {
    expect("G1c-realtime", "future-read", [1, 2]) {
      $0.poll(1, "a", [(0, 1)])
      $0.send(0, "a", 1, at: 0)
    } right: {
      $0.begin(0, "send", [["send", "a", 1]])
      $0.poll(1, "a", [(0, 1)])
      $0.end(0, .ok, "send", [["send", "a", [0, 1]]])
    }
  }

  @Test("a message that nobody has sent is a phantom, unless its send is still under way")
  func phantom() {
    let finding = KafkaRecorder.check { $0.poll(1, "a", [(0, 1)]) }
    #expect(finding.anomalies.map(\.name) == ["phantom-message"])
    let near = KafkaRecorder.check {
      $0.begin(0, "send", [["send", "a", 1]])
      $0.poll(1, "a", [(0, 1)])
    }
    #expect(near.anomalies.isEmpty)
  }

  @Test("a transaction must not see what it sends itself")
  func precommitted() {
    expect("precommitted-read", "precommitted-read", [1]) {
      $0.begin(0, "txn", [["send", "a", 1], ["poll"]])
      $0.end(0, .ok, "txn", [["send", "a", [0, 1]], ["poll", ["a": [[0, 1]]]]])
    } right: {
      $0.send(1, "a", 1, at: 0)
      $0.begin(0, "txn", [["send", "a", 2], ["poll"]])
      $0.end(0, .ok, "txn", [["send", "a", [1, 2]], ["poll", ["a": [[0, 1]]]]])
    }
  }
}

@Suite("The kafka checker, on order")
struct KafkaOrderTests {
  private func sends(_ recorder: inout KafkaRecorder) {
    for offset in 0..<4 { recorder.send(9, "a", .integer(10 + offset), at: offset) }
  }

  private func expect(
    _ type: String, _ name: String, _ operations: [Int], wrong: (inout KafkaRecorder) -> Void,
    right: (inout KafkaRecorder) -> Void, _ location: SourceLocation = #_sourceLocation
  ) {
    let all: (inout KafkaRecorder) -> Void = { $0.poll(8, "a", [(0, 10), (1, 11), (2, 12), (3, 13)]) }
    let finding = KafkaRecorder.check {
      sends(&$0)
      wrong(&$0)
      all(&$0)
    }
    #expect(finding.errorTypes == [.keyword(type)], "\(finding.figures)", sourceLocation: location)
    #expect(finding.anomalies.map(\.name) == [name], sourceLocation: location)
    #expect(finding.anomalies.first?.operations == operations, sourceLocation: location)
    let near = KafkaRecorder.check {
      sends(&$0)
      right(&$0)
      all(&$0)
    }
    #expect(near.verdict == .valid, "\(near.figures)", sourceLocation: location)
    #expect(near.anomalies.isEmpty, sourceLocation: location)
  }

  @Test("a poll that leaves out a message skips it")
  func innerSkip() {
    expect("int-poll-skip", "poll-skip", [3, 9]) {
      $0.poll(1, "a", [(0, 10), (2, 12)])
    } right: {
      $0.poll(1, "a", [(1, 11), (2, 12)])
    }
  }

  @Test("a poll whose offsets fall is not monotonic")
  func innerBack() {
    expect("int-nonmonotonic-poll", "nonmonotonic-poll", [9]) {
      $0.poll(1, "a", [(1, 11), (0, 10)])
    } right: {
      $0.poll(1, "a", [(0, 10), (1, 11)])
    }
  }

  @Test("a consumer that leaves out a message between two polls skips it")
  func outerSkip() {
    expect("poll-skip", "poll-skip", [5, 9, 11]) {
      $0.poll(1, "a", [(0, 10), (1, 11)])
      $0.poll(1, "a", [(3, 13)])
    } right: {
      $0.poll(1, "a", [(0, 10), (1, 11)])
      $0.poll(2, "a", [(3, 13)])
    }
  }

  @Test("a consumer that is assigned other keys in between may begin anywhere")
  func reassigned() {
    expect("poll-skip", "poll-skip", [3, 9, 13]) {
      $0.poll(1, "a", [(0, 10)])
      $0.assign(1, "a", committed: 0)
      $0.poll(1, "a", [(2, 12)])
    } right: {
      $0.poll(1, "a", [(0, 10)])
      $0.assign(1, "b")
      $0.poll(1, "a", [(2, 12)])
    }
  }

  @Test("a consumer that sees a message again goes back")
  func outerBack() {
    expect("nonmonotonic-poll", "nonmonotonic-poll", [9, 11]) {
      $0.poll(1, "a", [(0, 10), (1, 11)])
      $0.poll(1, "a", [(1, 11), (2, 12)])
    } right: {
      $0.poll(1, "a", [(0, 10), (1, 11)], .info)
      $0.poll(1, "a", [(1, 11), (2, 12)])
    }
  }

  @Test("sends of a process whose offsets fall are not monotonic")
  func sendsBack() {
    expect("nonmonotonic-send", "nonmonotonic-send", [9, 11]) {
      $0.send(1, "b", 1, at: 5)
      $0.send(1, "b", 2, at: 4)
      $0.poll(2, "b", [(4, 2), (5, 1)])
    } right: {
      $0.send(1, "b", 1, at: 5)
      $0.send(2, "b", 2, at: 4)
      $0.poll(2, "b", [(4, 2), (5, 1)])
    }
  }

  @Test("a transaction whose sends fall is not monotonic; that others come in between is allowed")
  func innerSends() {
    expect("int-nonmonotonic-send", "nonmonotonic-send", [9]) {
      $0.begin(1, "txn", [["send", "b", 1], ["send", "b", 2]])
      $0.end(1, .ok, "txn", [["send", "b", [5, 1]], ["send", "b", [4, 2]]])
      $0.poll(2, "b", [(4, 2), (5, 1)])
    } right: {
      $0.begin(1, "txn", [["send", "b", 1], ["send", "b", 2]])
      $0.end(1, .ok, "txn", [["send", "b", [4, 1]], ["send", "b", [5, 2]]])
      $0.poll(2, "b", [(4, 1), (5, 2)])
    }
    let finding = KafkaRecorder.check {
      $0.send(2, "b", 3, at: 5)
      $0.begin(1, "txn", [["send", "b", 1], ["send", "b", 2]])
      $0.end(1, .ok, "txn", [["send", "b", [4, 1]], ["send", "b", [6, 2]]])
      $0.poll(2, "b", [(4, 1), (5, 3), (6, 2)])
    }
    #expect(finding.verdict == .valid)
    #expect(finding.figures["error-types"] == [.keyword("int-send-skip")])
  }
}
