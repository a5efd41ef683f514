import Glomers
import Support
import Testing

@testable import Lab
@testable import History
@testable import Checkers

@Suite("set-full")
struct SetFullTests {
  private func figures(_ make: (inout RecordedHistory) -> Void) -> EDN {
    SetChecker(adding: "broadcast", nodes: []).check(RecordedHistory.made(make)).edn
  }

  @Test("a value is stable from the last read that lacks it, counted from its acknowledgement")
  func stableLatency() {
    let edn = figures {
      $0.broadcast(0, 7)  // acknowledged at 1 ms
      $0.clock = .milliseconds(250)
      $0.read(1, [])
      $0.read(1, [7])
    }
    #expect(edn["valid?"] == true)
    #expect(edn["stable-count"] == 1)
    #expect(edn["stale"] == [7])
    // Jepsen adds a nanosecond to the read's beginning.
    #expect(edn["stable-latencies"]?.text == "{0 249, 0.5 249, 0.95 249, 0.99 249, 1 249}")
    #expect(edn["lost-latencies"] == nil)
    guard case .vector(let worst)? = edn["worst-stale"] else {
      Issue.record("no worst-stale")
      return
    }
    #expect(worst.count == 1)
    #expect(worst.first?["element"] == 7)
    #expect(worst.first?["outcome"] == .keyword("stable"))
    #expect(worst.first?["known"]?["index"] == 1)
    #expect(worst.first?["last-absent"]?["index"] == 2)
  }

  @Test("a value that every read shows has the latency 0")
  func fresh() {
    let edn = figures {
      $0.broadcast(0, 7)
      $0.read(1, [7])
    }
    #expect(edn["stable-latencies"]?.text == "{0 0, 0.5 0, 0.95 0, 0.99 0, 1 0}")
    #expect(edn["stale-count"] == 0)
    #expect(edn["worst-stale"] == [])
  }

  @Test("an acknowledged value that the last read lacks is lost")
  func lost() {
    let edn = figures {
      $0.broadcast(0, 7)
      $0.read(1, [7])
      $0.clock = .milliseconds(100)
      $0.read(1, [])
    }
    #expect(edn["valid?"] == false)
    #expect(edn["lost"] == [7])
    #expect(edn["lost-latencies"]?.text == "{0 1, 0.5 1, 0.95 1, 0.99 1, 1 1}")
  }

  @Test("a read that began before a value was known may lack it")
  func concurrentRead() {
    let edn = figures {
      $0.begin(1, "read")
      $0.broadcast(0, 7)
      $0.end(1, .ok, [])
    }
    #expect(edn["valid?"] == .keyword("unknown"))
    #expect(edn["never-read"] == [7])
  }

  @Test("a value nobody acknowledged is known once a read has shown it")
  func knownByRead() {
    let edn = figures {
      $0.broadcast(0, 7, .info)
      $0.read(1, [7])
      $0.read(1, [])
    }
    #expect(edn["lost"] == [7])
    let unseen = figures {
      $0.broadcast(0, 7, .info)
      $0.read(1, [])
    }
    #expect(unseen["never-read"] == [7])
    #expect(unseen["lost"] == [])
  }

  @Test("reads that failed say nothing")
  func failedReads() {
    let edn = figures {
      $0.broadcast(0, 7)
      $0.read(1, [7])
      $0.begin(1, "read")
      $0.end(1, .fail, [])
    }
    #expect(edn["valid?"] == true)
  }

  @Test("a run without reads is unknown")
  func nothingRead() {
    #expect(figures { $0.broadcast(0, 7) }["valid?"] == .keyword("unknown"))
  }

  @Test("duplicates are counted by the most that one read shows")
  func duplicates() {
    let edn = figures {
      $0.broadcast(0, 7)
      $0.broadcast(0, 8)
      $0.read(1, [7, 8, 7])
      $0.read(1, [8, 7, 7, 7])
    }
    #expect(edn["valid?"] == false)
    #expect(edn["duplicated"]?.text == "{7 3}")
    #expect(edn["duplicated-count"] == 1)
  }

  @Test("quantiles are elements of the sorted latencies, not interpolated")
  func quantiles() {
    let edn = figures {
      for value in 0..<10 {
        $0.clock = .milliseconds(10 * value)
        $0.begin(0, "broadcast", .integer(value))
        $0.clock = .milliseconds(10 * value)
        $0.end(0)
      }
      $0.clock = .milliseconds(90)
      $0.read(1, [])
      $0.read(1, .array((0..<10).map { .integer($0) }))
    }
    #expect(edn["stable-latencies"]?.text == "{0 0, 0.5 50, 0.95 90, 0.99 90, 1 90}")
  }

  @Test("only the eight slowest are described, the slowest first")
  func worstStale() {
    let edn = figures {
      for value in 0..<12 {
        $0.broadcast(0, .integer(value))
        $0.clock += .milliseconds(100)
      }
      $0.read(1, [])
      $0.read(1, .array((0..<12).map { .integer($0) }))
    }
    guard case .vector(let worst)? = edn["worst-stale"] else {
      Issue.record("no worst-stale")
      return
    }
    #expect(worst.compactMap { $0["element"] } == [0, 1, 2, 3, 4, 5, 6, 7])
    #expect(edn["stale-count"] == 12)
  }

  @Test("every element ends as in a literal transcription of Jepsen's definition", arguments: 0..<300)
  func twin(seed: UInt64) {
    let history = RandomSetHistory.made(seed: seed)
    let set = SetHistory(history, adding: "broadcast")
    let found = SetFull(set, history).elements
    let expected = LiteralSetFull.elements(of: history)
    #expect(found.count == expected.count)
    for element in found {
      let twin = expected[set.value(element.number)]
      #expect(twin?.outcome == element.outcome.rawValue, "\(set.value(element.number)), seed \(seed)")
      #expect(twin?.known?.index == element.known, "known: \(set.value(element.number)), seed \(seed)")
      #expect(
        twin?.lastPresent?.index == element.lastPresent, "present: \(set.value(element.number)), seed \(seed)"
      )
      #expect(
        twin?.lastAbsent?.index == element.lastAbsent, "absent: \(set.value(element.number)), seed \(seed)")
      #expect(
        twin?.stableLatency == element.stableLatency, "stable: \(set.value(element.number)), seed \(seed)")
      #expect(twin?.lostLatency == element.lostLatency, "lost: \(set.value(element.number)), seed \(seed)")
    }
  }

  @Test("random histories show every outcome, so that the comparison means something")
  func variety() {
    var outcomes: [String: Int] = [:]
    for seed in 0..<100 {
      for element in LiteralSetFull.elements(of: RandomSetHistory.made(seed: UInt64(seed))).values {
        outcomes[element.outcome, default: 0] += 1
      }
    }
    #expect(outcomes.keys.sorted() == ["lost", "never-read", "stable"])
    #expect(outcomes.values.allSatisfy { $0 > 50 })
  }
}
