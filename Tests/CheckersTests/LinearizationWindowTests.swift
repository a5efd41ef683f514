import Glomers
import History
import Support
import Lab
import Testing

@Suite("Windows of what is not linearizable")
struct LinearizationWindowTests {
  private func window(_ history: History) throws -> LinearizationWindow {
    let anomalies = LinearizabilityChecker().check(history).anomalies
    let found = LinearizationWindow.windows(of: anomalies, in: history)
    return try #require(found[anomalies.first?.operations.last ?? -1])
  }

  private func words(_ window: LinearizationWindow) -> [String] { window.items.map(\.words) }

  @Test("of a stale read after many writes only the last write and the read are shown")
  func staleRead() throws {
    let window = try window(
      RecordedHistory.made { history in
        for value in 1...50 { history.writeRegister(value % 3, .integer(value)) }
        history.readRegister(4, 49)
      })
    #expect(words(window) == ["write 50", "read 49"] && window.stuck == 1 && !window.isWhole)
    let attempt = try #require(window.attempts.first)
    #expect(window.attempts.count == 1 && attempt.start == "whatever it held")
    #expect(attempt.steps.map(\.item) == [0] && attempt.stuck == 1 && attempt.value == "50")
  }

  @Test("a key that begins with a read of something is shown from the test's start")
  func whole() throws {
    let window = try window(RecordedHistory.made { $0.readRegister(0, 1) })
    #expect(window.isWhole && words(window) == ["read 1"])
    #expect(window.attempts.map(\.start) == ["no value"] && window.attempts[0].steps.isEmpty)
  }

  @Test("a write that began before the window is in it, as one that may have happened before")
  func earlier() throws {
    let window = try window(
      RecordedHistory.made { history in
        history.begin(5, "write", [0, 5])
        for value in 1...4 { history.writeRegister(0, .integer(value)) }
        history.readRegister(1, 5)
        history.readRegister(2, 4)
        history.end(5)
      })
    #expect(words(window) == ["write 5", "read 5", "read 4"])
    #expect(window.items.map(\.isEarlier) == [true, false, false])
  }

  @Test("a write that may have been before the window, and that nothing needs, is left out of the orders")
  func needless() throws {
    let window = try window(
      RecordedHistory.made { history in
        history.begin(0, "write", [0, 1])
        history.begin(1, "write", [0, 2])
        history.end(0)
        history.end(1)
        history.readRegister(2, 3)
      })
    #expect(words(window) == ["write 1", "write 2", "read 3"])
    #expect(window.attempts.map { $0.steps.map(\.item) } == [[1]] && window.attempts[0].value == "2")
  }

  @Test("a long history whose reads all miss the start is shown whole, with bounded effort")
  func bound() throws {
    let history = RecordedHistory.made { history in
      for value in 0..<400 {
        history.begin(value, "write", [0, .integer(value)])
      }
      for value in 0..<400 { history.end(value) }
      history.readRegister(1000, 1000)
    }
    let anomalies = LinearizabilityChecker(effortMax: 1_000_000).check(history).anomalies
    let found = LinearizationWindow.windows(of: anomalies, in: history, effortMax: 1000)
    #expect(found.values.allSatisfy { $0.attempts.count <= 6 })
  }

  @Test("a window fails by definition, whatever was before; a shorter one does not", arguments: 0..<8)
  func twin(block: Int) {
    var seenCount = 0
    for seed in 0..<50 {
      let random = RandomRegisterHistory(
        seed: UInt64(5000 + block * 50 + seed), clients: 3, operations: 8, crashes: 0.2, lies: 0.2)
      let anomalies = LinearizabilityChecker().check(random.history).anomalies
      guard let anomaly = anomalies.first, anomaly.name == "nonlinearizable" else { continue }
      guard
        let window = LinearizationWindow.windows(of: anomalies, in: random.history)[anomaly.operations.last!]
      else {
        Issue.record("seed \(seed) has no window")
        continue
      }
      seenCount += 1
      let end = anomaly.operations.last!
      let all = random.prefix(before: end + 1)
      /// Whether some value before a moment explains what came after it.
      func isExplained(from begin: Int) -> Bool {
        let after = all.compactMap { operation -> DumbOperation? in
          if operation.call >= begin { return operation }
          guard operation.end ?? .max > begin, operation.function != "read" else { return nil }
          var operation = operation
          operation.end = nil
          return operation
        }
        return [JSON.null, 0, 1, 2, 9].contains { isLinearizableByDefinition(after, from: $0) }
      }
      let begins = window.items.filter { !$0.isEarlier }.map(\.call)
      if !window.isWhole { #expect(!isExplained(from: begins[0]), "seed \(seed)") }
      if begins.count > 1 { #expect(isExplained(from: begins[1]), "seed \(seed)") }
      expectOrdered(window, seed)
    }
    #expect(seenCount > 5)
  }

  /// An attempt puts nothing before what had ended when it began.
  private func expectOrdered(_ window: LinearizationWindow, _ seed: Int) {
    for attempt in window.attempts {
      let order = attempt.steps.map { window.items[$0.item] }
      for (place, item) in order.enumerated() {
        for later in order[(place + 1)...] {
          #expect(later.end ?? .max > item.call, "seed \(seed)")
        }
      }
      #expect(attempt.steps.allSatisfy { $0.item != attempt.stuck }, "seed \(seed)")
    }
  }
}
