import Glomers
import Nodes
import Support
import Testing
import Workloads

@Suite struct UniqueIDNodeTests {
  private func ids(_ count: Int, from trial: inout Trial<UniqueIDNode>) -> [JSON] {
    (0..<count).compactMap { _ in
      if case .reply(let answer, _)? = trial.receive(.generate).first { answer.id } else { nil }
    }
  }

  @Test("ids differ within a life, between nodes with the same dice, and between the lives of a node")
  func unique() {
    var trials = [
      Trial(UniqueIDNode.self, me: "n0", seed: 1), Trial(UniqueIDNode.self, me: "n1", seed: 1),
      Trial(UniqueIDNode.self, me: "n0", seed: 2),
    ]
    let all = trials.indices.flatMap { ids(100, from: &trials[$0]) }
    #expect(all.count == 300)
    #expect(Set(all).count == 300)
  }

  /// Were the parts of an id not told apart, n1's 1st of life "0" could be n's 1st of life "10".
  @Test("node names that are prefixes of each other give different ids")
  func prefixes() {
    var short = Trial(UniqueIDNode.self, me: "n", nodes: ["n", "n1"], seed: 7)
    var long = Trial(UniqueIDNode.self, me: "n1", nodes: ["n", "n1"], seed: 7)
    #expect(Set(ids(20, from: &short)).isDisjoint(with: ids(20, from: &long)))
  }

  @Test("an id costs no message and no timer")
  func silent() {
    var trial = Trial(UniqueIDNode.self)
    let effects = trial.receive(.generate)
    #expect(effects.count == 1)
    guard case .reply? = effects.first else {
      Issue.record("\(effects)")
      return
    }
    #expect(trial.effectsOfStart == [.persist(.init(lifeCount: 1))])
  }
}
