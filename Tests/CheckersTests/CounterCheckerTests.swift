import Glomers
import Support
import Testing
import Wire

@testable import Lab
@testable import History
@testable import Checkers

@Suite struct CounterCheckerTests {
  private func check(
    onlyGrows: Bool = false, _ make: (inout RecordedHistory) -> Void
  ) -> Finding {
    CounterChecker(nodes: ["n0", "n1"], onlyGrows: onlyGrows).check(RecordedHistory.made(make))
  }

  // MARK: Maelstrom's verdict

  @Test("final reads of what was acknowledged are valid, and reported as Maelstrom does")
  func valid() {
    let found = check {
      $0.add(0, 5)
      $0.add(1, -7)
      $0.read(0, -2, isFinal: true)
      $0.read(1, -2, isFinal: true)
    }
    #expect(found.verdict == .valid)
    #expect(found.anomalies == [])
    #expect(
      found.edn
        == ["errors": nil, "final-reads": [-2, -2], "acceptable": [[-2, -2]], "valid?": true])
  }

  @Test("an add of unknown outcome may be counted or not")
  func unknown() {
    for total in [5, 15] {
      let found = check {
        $0.add(0, 5)
        $0.add(1, 10, .info)
        for node in 0...1 { $0.read(node, .integer(total), isFinal: true) }
      }
      #expect(found.verdict == .valid)
      #expect(found.anomalies == [])
      #expect(found.figures["acceptable"] == [[5, 5], [15, 15]])
    }
  }

  @Test("sums next to each other are one range, as Maelstrom has it")
  func ranges() {
    let found = check {
      for delta in [1, 2, 10, -4] as [JSON] { $0.add(0, delta, .info) }
    }
    #expect(found.figures["acceptable"] == [[-4, 3], [6, 13]])
  }

  @Test("without final reads there is nothing to judge, as with Maelstrom")
  func noReads() {
    let found = check { $0.add(0, 5) }
    #expect(found.verdict == .valid)
    #expect(found.figures["final-reads"] == [])
  }

  @Test("sums beyond 64 bits are exact, and off by one is wrong")
  func wideSums() {
    func verdict(_ total: String) -> Verdict {
      check {
        for _ in 0...1 { $0.add(0, .integer(.max)) }
        for node in 0...1 { $0.read(node, JSON(number: total), isFinal: true) }
      }.verdict
    }
    #expect(verdict("18446744073709551614") == .valid)
    #expect(verdict("18446744073709551615") == .invalid)
    let ignored = check {
      $0.add(0, JSON(number: "18446744073709551616"))
      for node in 0...1 { $0.read(node, 0, isFinal: true) }
    }
    #expect(ignored.verdict == .invalid)
    #expect(ignored.anomalies.contains { $0.name == "wrong-total" })
  }

  @Test("with an add that can't be summed, nobody can tell what an integer must be; what is none is wrong")
  func unsummed() {
    let huge = JSON(number: "1" + String(repeating: "0", count: 40))
    func found(_ add: JSON, _ kind: Operation.Kind, _ total: JSON) -> Finding {
      check {
        $0.add(0, add, kind)
        for node in 0...1 { $0.read(node, total, isFinal: true) }
      }
    }
    for add in [huge, 1.5] {
      let unknown = found(add, .ok, 0)
      #expect(unknown.verdict == .unknown && unknown.anomalies.map(\.name) == ["unsummed-add"])
      #expect(found(add, .ok, "x").verdict == .invalid)
      // What certainly did not happen needs no sum.
      #expect(found(add, .fail, 0).verdict == .valid && found(add, .fail, 1).verdict == .invalid)
    }
  }

  // MARK: wrong-total

  @Test("an acknowledged add that a final read lacks is named")
  func lostAdd() {
    let found = check {
      $0.add(0, 5)
      $0.add(0, 2)
      $0.read(0, 7, isFinal: true)
      $0.read(1, 5, isFinal: true)
    }
    #expect(found.verdict == .invalid)
    let wrong = found.anomalies.first { $0.name == "wrong-total" }
    #expect(wrong?.operations == [2, 6, 7])
    #expect(wrong?.node == "n1")
    #expect(found.figures["errors"] != .null)
  }

  @Test("an add that is counted twice, and one that was refused and is counted, are named")
  func countedWrongly() {
    let twice = check {
      $0.add(0, 5)
      $0.add(1, 3)
      for node in 0...1 { $0.read(node, 11, isFinal: true) }
    }
    #expect(
      twice.anomalies.filter { $0.name == "wrong-total" }.map(\.operations) == [[2, 4, 5], [2, 6, 7]])
    let refused = check {
      $0.add(0, 5)
      $0.add(1, 3, .fail)
      for node in 0...1 { $0.read(node, 8, isFinal: true) }
    }
    #expect(refused.verdict == .invalid)
    #expect(refused.anomalies.first?.operations == [2, 4, 5])
    #expect(refused.anomalies.map(\.name).contains("impossible-read"))
  }

  @Test("a wrong total that no single add explains names the read alone")
  func noCulprit() {
    let found = check {
      $0.add(0, 5)
      for node in 0...1 { $0.read(node, -90, isFinal: true) }
    }
    #expect(found.anomalies.first { $0.name == "wrong-total" }?.operations == [2, 3])
  }

  @Test("a final read that is no integer is wrong")
  func notAnInteger() {
    let found = check { $0.read(0, 1.5, isFinal: true) }
    #expect(found.verdict == .invalid)
  }

  // MARK: divergent-replicas

  @Test("nodes that differ in the end are found, though each may be right by itself")
  func divergent() {
    let found = check {
      $0.add(0, 5)
      $0.add(1, 10, .info)
      $0.read(0, 5, isFinal: true)
      $0.read(1, 15, isFinal: true)
    }
    #expect(found.verdict == .valid, "Maelstrom sees nothing")
    #expect(found.anomalies.map(\.name) == ["divergent-replicas"])
    #expect(found.anomalies.first?.operations == [4, 5, 6, 7])
  }

  // MARK: impossible-read

  @Test("a read beyond all that was begun until then is found")
  func beyond() {
    let found = check {
      $0.add(0, 5)
      $0.read(0, 8)
      $0.add(0, 3)
      for node in 0...1 { $0.read(node, 8, isFinal: true) }
    }
    #expect(found.verdict == .valid, "Maelstrom sees nothing")
    #expect(found.anomalies.map(\.name) == ["impossible-read"])
    #expect(found.anomalies.first?.operations == [2, 3])
  }

  @Test("a read may show an add that is under way, and lack any")
  func possible() {
    let found = check {
      $0.begin(1, "add", 3)
      $0.read(0, 3)
      $0.end(1)
      $0.read(0, 0)
      for node in 0...1 { $0.read(node, 3, isFinal: true) }
    }
    #expect(found.anomalies == [])
  }

  @Test("a sum between two possible ones is impossible, too")
  func gap() {
    let make = { (shown: JSON) in
      check {
        $0.add(0, 5)
        $0.add(0, 10)
        $0.read(0, shown)
        for node in 0...1 { $0.read(node, 15, isFinal: true) }
      }
    }
    #expect(make(7).anomalies.map(\.name) == ["impossible-read"])
    #expect(make(10).anomalies == [])
  }

  // MARK: shrunken-counter

  @Test("a counter that only grows and goes back at one node is found")
  func goesBack() {
    let make = { (onlyGrows: Bool) in
      check(onlyGrows: onlyGrows) {
        $0.add(0, 5)
        $0.add(0, 3)
        $0.read(0, 8)
        $0.read(1, 0)
        $0.read(0, 5)
        for node in 0...1 { $0.read(node, 8, isFinal: true) }
      }
    }
    #expect(make(true).anomalies.map(\.name) == ["shrunken-counter"])
    #expect(make(true).anomalies.first?.operations == [5, 8, 9])
    #expect(make(false).anomalies == [])
  }

  @Test("reads of one node at the same time may be answered in either order")
  func overlapping() {
    let found = check(onlyGrows: true) {
      $0.add(0, 5)
      $0.begin(2, "read", node: "n0")
      $0.read(0, 5)
      $0.end(2, .ok, 0)
      for node in 0...1 { $0.read(node, 5, isFinal: true) }
    }
    #expect(found.anomalies == [])
  }

  // MARK: unread-node

  @Test("a final read that never came is found, one that came at the second try is not missed")
  func unread() {
    let make = { (retries: Bool) in
      check {
        $0.read(0, 0, isFinal: true)
        $0.begin(1, "read", isFinal: true)
        $0.end(1, .fail)
        if retries {
          $0.begin(3, "read", node: "n1", isFinal: true)
          $0.end(3, .ok, 0)
        }
      }
    }
    #expect(make(false).anomalies.map(\.name) == ["unread-node"])
    #expect(make(false).anomalies.first?.operations == [2, 3])
    #expect(make(false).anomalies.first?.severity == .unknown)
    #expect(make(true).anomalies == [])
  }
}

extension RecordedHistory {
  fileprivate mutating func add(_ client: Int, _ delta: JSON, _ kind: Operation.Kind = .ok) {
    begin(client, "add", delta)
    end(client, kind)
  }
}
