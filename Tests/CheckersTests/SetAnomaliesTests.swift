import Glomers
import Lab
import Support
import Testing
@testable import Checkers

/// For every anomaly a history that has it, and the nearest one that has not.
@Suite("Anomalies of broadcast")
struct SetAnomaliesTests {
  private let nodes: [NodeID] = ["n0", "n1"]

  private func anomalies(_ make: (inout RecordedHistory) -> Void) -> [Anomaly] {
    SetChecker(adding: "broadcast", nodes: nodes).check(RecordedHistory.made(make)).anomalies
  }

  // MARK: lost-value

  @Test("a value that one node lacks in the end is lost, even where the very last read shows it")
  func lostAtOneNode() {
    let found = anomalies {
      $0.broadcast(0, 7)
      $0.read(0, [], isFinal: true)
      $0.read(1, [7], isFinal: true)
    }
    #expect(
      found == [
        Anomaly("lost-value", "the final read of n0 lacks 7", operations: [1, 2, 3], node: "n0")
      ])
  }

  @Test("a value that every node has in the end is not lost, whatever earlier reads lack")
  func notLost() {
    let found = anomalies {
      $0.broadcast(0, 7)
      $0.read(1, [])
      $0.read(0, [7], isFinal: true)
      $0.read(1, [7], isFinal: true)
    }
    #expect(found.isEmpty)
  }

  @Test("a value nobody acknowledged is lost where another read has shown it before, and else is not")
  func unacknowledged() {
    let shown = anomalies {
      $0.broadcast(0, 7, .info)
      $0.read(0, [7], isFinal: true)
      $0.read(1, [], isFinal: true)
    }
    #expect(shown.map(\.name) == ["lost-value"])
    #expect(shown.first?.operations == [3, 4, 5])
    let concurrent = anomalies {
      $0.broadcast(0, 7, .info)
      $0.begin(0, "read", isFinal: true)
      $0.begin(1, "read", isFinal: true)
      $0.end(0, .ok, [7])
      $0.end(1, .ok, [])
    }
    #expect(concurrent.isEmpty)
    let unseen = anomalies {
      $0.broadcast(0, 7, .info)
      $0.read(0, [], isFinal: true)
      $0.read(1, [], isFinal: true)
    }
    #expect(unseen.isEmpty)
  }

  @Test("many lost values of a node are one anomaly, which names the smallest")
  func manyLost() {
    let found = anomalies {
      for value in (0..<11).reversed() { $0.broadcast(0, .integer(value)) }
      $0.read(0, [], isFinal: true)
      $0.read(1, .array((0..<11).map { .integer($0) }), isFinal: true)
    }
    #expect(found.count == 1)
    #expect(found.first?.detail == "the final read of n0 lacks 0, 1, 2, 3, 4, 5, 6, 7 and 3 other values")
    #expect(found.first?.operations == [21, 22, 23])
  }

  @Test("without final reads the last read that lacks a value counts, as for Jepsen")
  func lostWithoutFinalReads() {
    let lost = anomalies {
      $0.broadcast(0, 7)
      $0.read(1, [])
    }
    #expect(lost.map(\.name) == ["lost-value"])
    #expect(lost.first?.operations == [1, 2, 3])
    #expect(lost.first?.detail == "the last read, one of n1, lacks 7")
    #expect(lost.first?.node == "n1")
    let found = anomalies {
      $0.broadcast(0, 7)
      $0.read(1, [])
      $0.read(0, [7])
    }
    #expect(found.isEmpty)
  }

  // MARK: vanished-value

  @Test("a value that a node has shown and then lacks has vanished")
  func vanished() {
    let found = anomalies {
      $0.broadcast(0, 7)
      $0.read(0, [7])
      $0.read(1, [7])
      $0.read(0, [])
      $0.read(0, [7])
    }
    #expect(
      found == [
        Anomaly(
          "vanished-value", "n0 no longer shows what it has shown before: 7", operations: [3, 6, 7],
          node: "n0", breaking: .monotonicReads)
      ])
  }

  @Test("a value that one node has shown and another not yet has not vanished")
  func notVanished() {
    let found = anomalies {
      $0.broadcast(0, 7)
      $0.read(0, [7])
      $0.read(1, [])
      $0.read(1, [7])
    }
    #expect(found.isEmpty)
  }

  @Test("of two reads of a node at the same time one may lack what the other shows")
  func concurrentReads() {
    let found = anomalies {
      $0.broadcast(0, 7)
      $0.begin(0, "read")
      $0.begin(2, "read", node: "n0")
      $0.end(0, .ok, [7])
      $0.end(2, .ok, [])
      $0.read(0, [7])
    }
    #expect(found.isEmpty)
  }

  // MARK: duplicate-value

  @Test("a value that a read shows twice is a duplicate, one that two reads show is not")
  func duplicates() {
    let twice = anomalies {
      $0.broadcast(0, 7)
      $0.read(0, [7])
      $0.read(0, [7, 7])
    }
    #expect(
      twice == [
        Anomaly("duplicate-value", "a read of n0 shows more than once: 7", operations: [5], node: "n0")
      ])
    let once = anomalies {
      $0.broadcast(0, 7)
      $0.read(0, [7])
      $0.read(0, [7])
    }
    #expect(once.isEmpty)
  }

  @Test("an integer and the same real are two values")
  func integersAndReals() {
    let found = anomalies {
      $0.broadcast(0, 1)
      $0.broadcast(0, 1.0)
      $0.read(0, [1, 1.0])
    }
    #expect(found.isEmpty)
  }

  // MARK: phantom-value

  @Test("a value that nobody sent is a phantom")
  func neverSent() {
    let found = anomalies {
      $0.broadcast(0, 7)
      $0.read(0, [7, 8])
    }
    #expect(
      found == [
        Anomaly("phantom-value", "a read of n0 shows what nobody has sent: 8", operations: [3], node: "n0")
      ])
  }

  @Test("a value read before it is sent is a phantom")
  func sentLater() {
    let found = anomalies {
      $0.read(0, [7])
      $0.broadcast(1, 7)
      $0.read(0, [7])
    }
    #expect(found.map(\.name) == ["phantom-value"])
    #expect(found.first?.operations == [1, 2])
    #expect(found.first?.detail == "a read of n0 shows what is sent only later: 7")
  }

  @Test("a value read before its broadcast is answered is no phantom")
  func sentMeanwhile() {
    let found = anomalies {
      $0.begin(0, "read")
      $0.begin(1, "broadcast", 7)
      $0.end(0, .ok, [7])
      $0.end(1)
      $0.read(0, [7])
    }
    #expect(found.isEmpty)
  }

  // MARK: aborted-read

  @Test("a value whose broadcast certainly failed must not be read, one of unknown fate may")
  func abortedRead() {
    let failed = anomalies {
      $0.broadcast(0, 7, .fail)
      $0.read(1, [7])
    }
    #expect(failed.map(\.name) == ["aborted-read"])
    #expect(failed.first?.operations == [0, 1, 3])
    let unknown = anomalies {
      $0.broadcast(0, 7, .info)
      $0.read(1, [7])
    }
    #expect(unknown.isEmpty)
    let sentAgain = anomalies {
      $0.broadcast(0, 7, .fail)
      $0.broadcast(0, 7)
      $0.read(1, [7])
    }
    #expect(sentAgain.isEmpty)
  }

  // MARK: unread-node

  @Test("whether a node of which all final reads fail has everything nobody knows")
  func unreadNode() {
    let found = anomalies {
      $0.broadcast(0, 7)
      $0.read(0, [7], isFinal: true)
      $0.begin(1, "read", isFinal: true)
      $0.end(1, .fail)
    }
    #expect(found.map(\.name) == ["unread-node"])
    #expect(found.first?.severity == .unknown && found.first?.demand == .finalReads)
    #expect(found.first?.operations == [4, 5])
    #expect(found.first?.node == "n1")
  }

  @Test("one final read of a node that succeeds is enough")
  func readNode() {
    let found = anomalies {
      $0.broadcast(0, 7)
      $0.read(0, [7], isFinal: true)
      $0.begin(1, "read", isFinal: true)
      $0.end(1, .fail)
      $0.begin(3, "read", node: "n1", isFinal: true)
      $0.end(3, .ok, [7])
    }
    #expect(found.isEmpty)
  }

  @Test("each node has an anomaly of its own")
  func perNode() {
    let found = anomalies {
      $0.broadcast(0, 7)
      $0.read(0, [7, 9], isFinal: true)
      $0.read(1, [7, 8, 8], isFinal: true)
    }
    #expect(found.map(\.name) == ["duplicate-value", "phantom-value", "phantom-value"])
    #expect(found.map(\.node) == ["n1", "n0", "n1"])
  }

  @Test("phantoms and aborted reads are those of the definition, in random histories", arguments: 0..<200)
  func phantomTwin(seed: UInt64) {
    let history = RandomSetHistory.made(seed: seed)
    let operations = Array(history.operations)
    let adds = Dictionary(grouping: operations.filter { $0.function == "broadcast" }, by: \.value)
    var expected: Set<String> = []
    for read in operations where read.function == "read" && read.kind == .ok {
      for value in read.value.array! {
        let begun = adds[value, default: []].filter { $0.kind == .invoke }
        let isOpen = begun.contains { history.completion(of: $0.index)?.kind != .fail }
        guard let first = begun.first, first.index < read.index else {
          expected.insert("phantom-value \(read.node!)")
          continue
        }
        if !isOpen { expected.insert("aborted-read \(read.node!)") }
      }
    }
    let anomalies = SetChecker(adding: "broadcast", nodes: nodes).check(history).anomalies
    let found = anomalies.filter { ["phantom-value", "aborted-read"].contains($0.name) }
    #expect(Set(found.map { "\($0.name) \($0.node!)" }) == expected, "seed \(seed)")
    for anomaly in found {
      let read = history[anomaly.operations.last!]
      #expect(
        anomaly.operations.contains { history[$0].function == "read" && history[$0].node == anomaly.node })
      #expect(read.index < history.count)
    }
  }

  @Test("vanished values are those of the definition, in random histories", arguments: 0..<200)
  func vanishedTwin(seed: UInt64) {
    let history = RandomSetHistory.made(seed: seed)
    let reads = history.operations.filter { $0.function == "read" && $0.kind == .ok }
    let nodesWithVanished = Set(
      reads.flatMap { earlier in
        reads.filter { later in
          later.node == earlier.node && history.invocation(of: later.index)!.index > earlier.index
            && !Set(earlier.value.array!).isSubset(of: later.value.array!)
        }.map(\.node)
      })
    let found = SetChecker(adding: "broadcast", nodes: nodes).check(history).anomalies.filter {
      $0.name == "vanished-value"
    }
    #expect(Set(found.map(\.node)) == nodesWithVanished, "seed \(seed)")
    for anomaly in found {
      let (shown, begin, lacking) = (anomaly.operations[0], anomaly.operations[1], anomaly.operations[2])
      #expect(history.completion(of: begin)?.index == lacking)
      #expect(shown < begin)
      #expect(!Set(history[shown].value.array!).isSubset(of: history[lacking].value.array!))
    }
  }
}
