import Checkers
import History
import Glomers
import Lab
import Testing

@Suite("Scenarios")
struct ScenarioTests {
  @Test("Maelstrom's defaults are the defaults")
  func defaults() {
    let scenario = Scenario(.broadcast)
    #expect(scenario.nodes == ["n0", "n1", "n2", "n3", "n4"])
    #expect(scenario.clientCount == 5)
    #expect(scenario.rate == 5 && scenario.timeLimit == .seconds(60) && scenario.latency == .zero)
    #expect(
      scenario.nemesisInterval == .seconds(10) && scenario.topology == .grid && scenario.availability == nil)
  }

  @Test("challenge 3d's scenario prints 3d's arguments")
  func efficientBroadcast() {
    var scenario = Scenario(.broadcast)
    scenario.nodeCount = 25
    scenario.rate = 100
    scenario.timeLimit = .seconds(20)
    scenario.latency = .milliseconds(100)
    let arguments = scenario.maelstromArguments(bin: "bin/node", arguments: ["--latency-budget", "2s"])
    #expect(
      arguments.joined(separator: " ")
        == "test -w broadcast --bin bin/node --node-count 25 --concurrency 1n --rate 100 --time-limit 20 "
        + "--latency 100 --latency-dist constant --topology grid -- --latency-budget 2s")
  }

  @Test("faults, availability and fractions are printed as Maelstrom reads them")
  func uniqueIDs() {
    var scenario = Scenario(.uniqueIDs)
    scenario.nodeCount = 3
    scenario.concurrency = .clients(7)
    scenario.rate = 0.5
    scenario.faults = [.partition]
    scenario.availability = .total
    scenario.logNodeErrors = true
    #expect(
      scenario.maelstromArguments(bin: "node").joined(separator: " ")
        == "test -w unique-ids --bin node --node-count 3 --concurrency 7 --rate 0.5 --time-limit 60 "
        + "--nemesis partition --nemesis-interval 10 --availability total --log-stderr")
  }

  @Test("keys, transactions and models are printed where they differ from Maelstrom's defaults")
  func transactions() {
    var scenario = Scenario(.echo)
    #expect(!scenario.maelstromArguments(bin: "node").contains { $0.hasPrefix("--max") })
    scenario.consistencyModels = ["read-committed", "PL-2+"]
    scenario.keyCount = 7
    scenario.maxTransactionLength = 3
    scenario.maxWritesPerKey = 100
    #expect(
      scenario.maelstromArguments(bin: "node").suffix(8).joined(separator: " ")
        == "--consistency-models read-committed,PL-2+ --key-count 7 --max-txn-length 3 --max-writes-per-key 100"
    )
  }

  @Test("clients can be counted as a whole or per node")
  func concurrency() {
    var scenario = Scenario(.echo)
    scenario.nodeCount = 3
    scenario.concurrency = .perNode(4)
    #expect(scenario.clientCount == 12)
    scenario.concurrency = .clients(4)
    #expect(scenario.clientCount == 4)
  }
}
