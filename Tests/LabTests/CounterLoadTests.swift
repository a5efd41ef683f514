import Glomers
import Support
import Testing
import Wire

@testable import Lab
@testable import History
@testable import Checkers

@Suite struct CounterLoadTests {
  private func draws(_ workload: Workload) -> [Invocation] {
    var load = workload.load.init(Scenario(workload), random: Random(seed: 5))
    return (0..<30_000).map { _ in load.next(for: Worker(number: 0, node: "n0"), at: .zero) }
  }

  @Test("half of what clients of a counter do is reading, the rest adds from -5 to 4, as with Maelstrom")
  func positiveNegative() {
    let draws = draws(.pnCounter)
    let deltas = draws.compactMap(\.value.integer)
    #expect(abs(deltas.count - 15_000) < 500)
    #expect(Set(deltas) == Set(-5...4))
    #expect(draws.allSatisfy { $0.function == ($0.value == .null ? "read" : "add") })
  }

  @Test("of a counter that only grows, the negative adds are left out: two of three operations are reads")
  func growOnly() {
    let deltas = draws(.gCounter).compactMap(\.value.integer)
    #expect(abs(deltas.count - 10_000) < 500)
    #expect(Set(deltas) == Set(0...4))
  }

  @Test("a total may have any size, and must be an integer")
  func totals() throws {
    let load = CounterLoad(Scenario(.gCounter), random: Random(seed: 5))
    func read(_ value: String) throws(WireError) -> JSON? {
      let body = try JSONDocument().parse(Array(#"{"type":"read_ok","value":\#(value)}"#.utf8))
      return try load.value(of: Invocation(function: "read"), type: "read_ok", body)
    }
    #expect(try read("7") == 7)
    #expect(try read("9223372036854776000") == JSON(number: "9223372036854776000"))
    for value in ["7.0", "1e400", "null", "\"7\""] { #expect(throws: WireError.self) { try read(value) } }
  }

  @Test("clients of a set add 0, 1, 2, … and read about as often")
  func set() {
    let elements = draws(.gSet).compactMap(\.value.integer)
    #expect(elements == Array(0..<elements.count))
    #expect(abs(elements.count - 15_000) < 500)
  }

  @Test("each client reads once in the end, and a read without an answer has not happened")
  func ends() {
    for workload in [Workload.gSet, .gCounter, .pnCounter] {
      var load = workload.load.init(Scenario(workload), random: Random(seed: 5))
      let worker = Worker(number: 0, node: "n0")
      #expect(load.hasFinalOperations)
      #expect(
        load.finalStep(for: worker, after: 0, at: .zero)
          == .begin(Invocation(function: "read", isFinal: true)))
      #expect(load.finalStep(for: worker, after: 1, at: .zero) == .done)
      #expect(load.isIdempotent("read") && !load.isIdempotent("add"))
    }
  }

  @Test("a reply is the value of what was asked, and not of something else")
  func answers() throws {
    let document = JSONDocument()
    let body = try document.parse(Array(#"{"type":"read_ok","value":7}"#.utf8))
    let load = CounterLoad(Scenario(.pnCounter), random: Random(seed: 5))
    #expect(try load.value(of: Invocation(function: "read"), type: "read_ok", body) == 7)
    #expect(try load.value(of: Invocation(function: "add", value: 1), type: "read_ok", body) == nil)
    #expect(try load.value(of: Invocation(function: "add", value: 1), type: "add_ok", body) == 1)
  }

  @Test(
    "ten thousand operations on a counter, some of unknown outcome, are valid where every read is a possible sum"
  )
  func long() {
    var recorded = RecordedHistory()
    var sum = 0
    for place in 0..<5_000 {
      recorded.begin(place % 3, "add", .integer(place % 10 - 5))
      recorded.end(place % 3, place.isMultiple(of: 50) ? .info : .ok)
      if !place.isMultiple(of: 50) { sum += place % 10 - 5 }
      recorded.read(place % 3, .integer(sum))
    }
    let finding = CounterChecker(nodes: ["n0", "n1", "n2"], onlyGrows: false).check(recorded.history)
    #expect(finding.verdict == .valid)
    #expect(finding.anomalies == [])
  }
}
