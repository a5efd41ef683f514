import Glomers
import Lab
import Simulator
import Support
import Testing
import Wire
@testable import Checkers

/// A vocabulary that no workload of Maelstrom's has.
private enum Doubling: WireMessage {
  case double(Int)
  case doubleOk(Int)

  init(type: String, body: JSONObject) throws(WireError) {
    switch type {
    case "double": self = .double(try body.integer("number"))
    case "double_ok": self = .doubleOk(try body.integer("result"))
    default: throw .unknownType(type)
    }
  }

  func write(to body: inout JSONWriter) {
    switch self {
    case .double(let number):
      body.member("type", "double")
      body.member("number", number)
    case .doubleOk(let result):
      body.member("type", "double_ok")
      body.member("result", result)
    }
  }
}

private struct Doubler: Node {
  static let error = Option("error", .integer(0, in: 0...9), "What is added to every tenth result.")
  static let options = [error]
  private let error: Int

  init(_ cluster: Cluster, recovering records: [Never], _ context: inout Context<Doubler>) {
    error = cluster.integer(Doubler.error)
  }

  mutating func receive(_ message: Doubling, _ request: Request, _ context: inout Context<Doubler>) {
    guard case .double(let number) = message else { return }
    context.reply(.doubleOk(2 * number + (number % 10 == 0 ? error : 0)), to: request)
  }
}

private struct DoublingWorkload: OwnWorkload {
  var seen: (@Sendable ([Exchange<Doubling>]) -> Void)?
  var readsOnly = false

  mutating func next(_ random: inout Random) -> Doubling { .double(Int.random(in: 0..<100, using: &random)) }
  var finalRequests: [Doubling] { [.double(1000), .double(1001)] }
  func changesNothing(_ request: Doubling) -> Bool { readsOnly }

  func check(_ exchanges: [Exchange<Doubling>]) -> [Anomaly] {
    seen?(exchanges)
    return exchanges.compactMap { exchange in
      guard case .double(let number) = exchange.request, case .doubleOk(let result)? = exchange.answer,
        result != 2 * number
      else { return nil }
      return Anomaly("wrong-result", "twice \(number) is not \(result)", operations: exchange.operations)
    }
  }
}

@Suite("A workload of one's own") struct OwnWorkloadTests {
  @Test("right nodes are valid, and every exchange comes to the checker as a message")
  func valid() {
    let workload = DoublingWorkload(seen: { exchanges in
      #expect(exchanges.count > 100)
      #expect(exchanges.count { $0.isFinal } == 6)
      #expect(exchanges.allSatisfy { $0.outcome == .answered($0.answer ?? .doubleOk(-1)) })
      #expect(exchanges.allSatisfy { $0.operations.count == 2 && $0.begin <= $0.end ?? .zero })
    })
    let outcome = Simulation<Doubler>.outcome(of: workload, seed: 1)
    #expect(outcome.results.verdict == .valid, "\(outcome.report)")
  }

  @Test("what the checker objects to makes the run invalid, and is reported with its operations")
  func invalid() throws {
    let error = try #require(Doubler.error.value(parsing: "1"))
    let failure = Simulation<Doubler>.failure(
      of: DoublingWorkload(), seeds: 3...4, options: [Doubler.error.name: error])
    let report = try #require(failure?.report)
    #expect(failure?.seed == 3)
    #expect(report.hasPrefix("seed 3: invalid\n  wrong-result: twice "))
    #expect(report.contains(":f :double"))
  }

  @Test("a request that a kill leaves unanswered is unknown, or has failed if it changes nothing")
  func unanswered() {
    func outcomes(readsOnly: Bool) -> Set<String> {
      nonisolated(unsafe) var outcomes: Set<String> = []
      let workload = DoublingWorkload(
        seen: { exchanges in
          for exchange in exchanges where exchange.answer == nil { outcomes.insert("\(exchange.outcome)") }
        }, readsOnly: readsOnly)
      _ = Simulation<Doubler>.outcome(of: workload, seed: 5) {
        $0.faults = [.kill]
        $0.nemesisInterval = .seconds(1)
      }
      return outcomes
    }
    #expect(outcomes(readsOnly: false) == ["unknown"])
    #expect(outcomes(readsOnly: true) == ["failed"])
  }

  @Test("a seed fixes a run")
  func seeds() {
    let (one, two) = (
      Simulation<Doubler>.outcome(of: DoublingWorkload(), seed: 8),
      Simulation<Doubler>.outcome(of: DoublingWorkload(), seed: 8)
    )
    #expect(one.digest == two.digest && one.messageCount == two.messageCount)
    #expect(Simulation<Doubler>.outcome(of: DoublingWorkload(), seed: 9).digest != one.digest)
  }

  @Test("Maelstrom's workloads are tried the same way")
  func maelstroms() throws {
    let failure = Simulation<Doubler>.failure(of: .echo, seeds: 1...1)
    #expect(try #require(failure).report.contains("no echo succeeded"))
  }
}
