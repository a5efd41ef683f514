import Glomers
import Lab
import Simulator
import Support
import Testing
import Wire
import Workloads

@testable import Nodes

@Suite struct GSetNodeTests {
  private func read(_ trial: inout Trial<GSetNode>) -> [JSON]? {
    if case .reply(.client(.readOk(let elements)), _)? = trial.receive(.client(.read)).first {
      elements
    } else {
      nil
    }
  }

  @Test("an element is acknowledged and can be read at once, once, whatever it is")
  func adds() {
    var trial = Trial(GSetNode.self)
    for element in [7, "x", 7, .null, ["a": [1]], 7.0] as [JSON] {
      #expect(
        trial.receive(.client(.add(element))).first == .reply(.client(.addOk), to: trial.request()))
    }
    #expect(read(&trial) == [7, "x", .null, ["a": [1]], 7.0])
  }

  @Test("news goes to every peer, and what a peer brings is kept and passed on to those who lack it")
  func gossip() {
    var first = Trial(GSetNode.self, me: "n0")
    var second = Trial(GSetNode.self, me: "n1")
    #expect(first.receive(.client(.add(7))).last == .wake(.round, at: .zero))
    let sent = first.wake(.round)
    guard case .send(let message, "n1") = sent[0], case .send(_, "n2") = sent[1] else {
      Issue.record("\(sent)")
      return
    }
    _ = second.receive(message, from: "n0", id: nil)
    #expect(read(&second) == [7])
    // n2 has never spoken, so in time n1 brings it what n0 added.
    _ = second.wake(.round)
    second.now = .zero + .seconds(2)
    let repairs = second.wake(.round).compactMap { effect -> [Delta<JSON>]? in
      if case .send(.peer(let deltas, _, true), "n2") = effect { deltas } else { nil }
    }
    #expect(repairs.first?.map(\.entries) == [[7]])
  }

  @Test("nobody but a peer is listened to, and an answer is not a request")
  func strangers() {
    var trial = Trial(GSetNode.self)
    let delta = Delta<JSON>(origin: Origin(name: "n1.x"), after: 0, entries: [666])
    #expect(trial.receive(.peer([delta], version: .init(), wantsAnswer: true), from: "c1").isEmpty)
    #expect(read(&trial) == [])
    guard case .fail(let error, _)? = trial.receive(.client(.addOk)).first else {
      Issue.record("not refused")
      return
    }
    #expect(error.code == 10)
  }

  @Test("under partitions every set is valid, with few messages, and silent in the end", arguments: 1...2)
  func partitions(seed: Int) {
    var scenario = Scenario(.gSet)
    scenario.nodeCount = 3
    scenario.rate = 100
    scenario.timeLimit = .seconds(10)
    scenario.nemesisInterval = .seconds(3)
    scenario.faults = [.partition]
    scenario.seed = UInt64(seed)
    var simulation = Simulation<GSetNode>(scenario)
    simulation.finish()
    let results = simulation.test.results()
    #expect(results.verdict == .valid, "\(results.anomalies)")
    #expect(serverMessagesPerOperation(results) <= 0.1)
  }
}

/// What Maelstrom calls `:msgs-per-op` of the servers.
func serverMessagesPerOperation(_ results: Results) -> Double {
  if case .real(let value)? = results.tree["net"]?["servers"]?["msgs-per-op"] { value } else { .infinity }
}
