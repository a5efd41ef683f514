import Glomers
import Testing

@testable import Nodes
@testable import Replication

private func origin(_ name: NodeID) -> Origin { Origin(name: "\(name).x") }
private func at(_ milliseconds: Int) -> Instant { .zero + .milliseconds(milliseconds) }

private func version(_ counts: [NodeID: Int]) -> VersionVector {
  var version = VersionVector()
  for (name, count) in counts { version[origin(name)] = count }
  return version
}

@Suite struct ExchangeRejoinTests {
  private let mine = version(["old": 2, "n1": 1])

  /// The exchange of n0, which has recovered: a period of 100 ms, a patience of 300 ms.
  private func recovered() -> Exchange {
    var exchange = Exchange(
      Cluster(me: "n0", nodes: ["n0", "n1", "n2"]), origin: origin("n0"), period: .milliseconds(100),
      patience: .milliseconds(300))
    exchange.rejoin(holding: mine, at: at(1000))
    return exchange
  }

  @Test("a replica that has recovered asks every peer at once, and sends nothing that they may hold")
  func asks() {
    var exchange = recovered()
    #expect(exchange.schedule(holding: mine, at: at(1000)) == at(1000))
    let round = exchange.round(holding: mine, at: at(1000))
    #expect(round.map(\.peer) == ["n1", "n2"])
    #expect(round.allSatisfy { $0.since == mine && $0.wantsAnswer && !$0.isRepair })
  }

  @Test(
    "who does not answer is asked again after the patience; who has answered that it holds the same, never")
  func asksAgain() {
    var exchange = recovered()
    _ = exchange.round(holding: mine, at: at(1000))
    exchange.heard(mine, wantsAnswer: false, from: "n1", holding: mine)
    #expect(exchange.schedule(holding: mine, at: at(1010)) == at(1300))
    #expect(exchange.round(holding: mine, at: at(1300)).map(\.peer) == ["n2"])
    exchange.heard(mine, wantsAnswer: false, from: "n2", holding: mine)
    #expect(exchange.schedule(holding: mine, at: at(1310)) == nil)
  }

  @Test("who shows that it lacks some of it gets that with the next round")
  func repairs() {
    var exchange = recovered()
    _ = exchange.round(holding: mine, at: at(1000))
    exchange.heard(version(["old": 1]), wantsAnswer: false, from: "n1", holding: mine)
    #expect(exchange.schedule(holding: mine, at: at(1010)) == at(1100))
    let round = exchange.round(holding: mine, at: at(1100))
    #expect(round.map(\.peer) == ["n1"])
    #expect(round.first?.isRepair == true)
    #expect(round.first?.since == version(["old": 1]))
  }

  @Test("who holds more has been asked for it, and fills the gap")
  func learns() {
    var exchange = recovered()
    _ = exchange.round(holding: mine, at: at(1000))
    let more = version(["old": 3, "n1": 1])
    exchange.heard(more, wantsAnswer: false, from: "n1", holding: more)
    exchange.heard(more, wantsAnswer: false, from: "n2", holding: more)
    // Both are shown that it has arrived, and then there is nothing left to say.
    #expect(exchange.schedule(holding: more, at: at(1010)) == at(1100))
    #expect(
      exchange.round(holding: more, at: at(1100)).allSatisfy { $0.since.covers(more) && !$0.wantsAnswer })
    #expect(exchange.schedule(holding: more, at: at(1110)) == nil)
  }

  @Test("what is added before anybody has spoken goes along, and only that")
  func newEntries() {
    var exchange = recovered()
    var later = mine
    later[origin("n0")] = 1
    let round = exchange.round(holding: later, at: at(1000))
    #expect(round.map(\.since) == [mine, mine])
    #expect(exchange.round(holding: later, at: at(1300)).allSatisfy { $0.since == mine && $0.isRepair })
  }
}
