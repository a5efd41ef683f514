import Glomers
import Lab
import Simulator
import Support
import Testing
import Wire
import Workloads

@testable import Nodes
@testable import Replication
@testable import Checkers

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

  /// What a node sends to whom.
  private func sent(_ effects: [Effect<GSetNode>]) -> [(to: NodeID, deltas: [Delta<JSON>], Advertisement)] {
    effects.compactMap {
      if case .send(.peer(let deltas, let advertisement), let to) = $0 {
        (to, deltas, advertisement)
      } else {
        nil
      }
    }
  }

  @Test("at its start a node asks its peers; once they have spoken, what was added goes to each of them")
  func gossip() {
    var trial = Trial(GSetNode.self, me: "n0")
    #expect(trial.effectsOfStart == [.wake(.round, at: .zero)])
    _ = trial.receive(.client(.add(7)))
    let asked = sent(trial.wake(.round))
    #expect(asked.map(\.to) == ["n1", "n2"] && asked.allSatisfy { $0.deltas.isEmpty })
    for peer in ["n1", "n2"] as [NodeID] {
      let hello = Advertisement(Incarnation(name: "\(peer).x"), version: .init())
      _ = trial.receive(.peer([], hello), from: peer, id: nil)
    }
    trial.now = .zero + .seconds(1)
    let news = sent(trial.wake(.round))
    #expect(news.map(\.to) == ["n1", "n2"])
    #expect(news.allSatisfy { $0.deltas.map(\.entries) == [[7]] })
    var second = Trial(GSetNode.self, me: "n1")
    _ = second.receive(.peer(news[0].deltas, news[0].2), from: "n0", id: nil)
    #expect(read(&second) == [7])
  }

  @Test("nobody but a peer is listened to, and an answer is not a request")
  func strangers() {
    var trial = Trial(GSetNode.self)
    let delta = Delta<JSON>(origin: Incarnation(name: "n1.x"), after: 0, entries: [666])
    let advertisement = Advertisement(Incarnation(name: "c1.x"), version: .init(), wantsAnswer: true)
    #expect(trial.receive(.peer([delta], advertisement), from: "c1").isEmpty)
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
  results.net?.serversPerOperation ?? .infinity
}
