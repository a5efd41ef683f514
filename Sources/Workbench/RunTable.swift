import Checkers
import History
import Glomers
import Lab

extension NamedRun {
  /// The one table of runs. The Makefile says the same in Maelstrom's words, and a test holds it to that.
  public static let all: [NamedRun] =
    [
      NamedRun("echo", challenge: "1", .echo) {
        $0.nodeCount = 1
        $0.timeLimit = .seconds(10)
      },
      NamedRun("unique-ids", challenge: "2", .uniqueIDs) {
        $0.nodeCount = 3
        $0.rate = 1000
        $0.timeLimit = .seconds(30)
        $0.availability = .total
        $0.faults = [.partition]
      },
    ] + broadcast + counters + kafka + transactions + [
      NamedRun("lin-kv", .linKV) {
        $0.concurrency = .perNode(4)
        $0.rate = 100
        $0.latency = .milliseconds(10)
      },
      NamedRun("txn-list-append", .txnListAppend) {
        $0.concurrency = .perNode(2)
        $0.rate = 100
        $0.latency = .milliseconds(10)
      },
    ]

  private static let broadcast: [NamedRun] = [
    NamedRun("broadcast-3a", challenge: "3a", .broadcast) {
      $0.nodeCount = 1
      $0.rate = 10
    },
    NamedRun("broadcast-3b", challenge: "3b", .broadcast) { $0.rate = 10 },
    NamedRun("broadcast-3c", challenge: "3c", .broadcast) {
      $0.rate = 10
      $0.faults = [.partition]
    },
    NamedRun(
      "broadcast-3d", challenge: "3d", .broadcast,
      limits: Limits(
        serverMessagesPerOperation: 30, spreadMedian: .milliseconds(400), spreadMax: .milliseconds(600)),
      published: 8.31, efficient),
    NamedRun(
      "broadcast-3e", challenge: "3e", .broadcast, arguments: ["--latency-budget", "2s"],
      limits: Limits(serverMessagesPerOperation: 20, spreadMedian: .seconds(1), spreadMax: .seconds(2)),
      published: 1.99, efficient),
  ]

  private static func efficient(_ scenario: inout Scenario) {
    scenario.nodeCount = 25
    scenario.rate = 100
    scenario.latency = .milliseconds(100)
  }

  private static let counters: [NamedRun] = [
    NamedRun("g-counter", challenge: "4", .gCounter, partitionedTrio),
    NamedRun("g-set", .gSet, partitionedTrio),
    NamedRun("pn-counter", .pnCounter, partitionedTrio),
  ]

  private static func partitionedTrio(_ scenario: inout Scenario) {
    scenario.nodeCount = 3
    scenario.rate = 100
    scenario.faults = [.partition]
  }

  private static let kafka: [NamedRun] = [("5a", 1), ("5b", 2), ("5c", 2)].map {
    (number: String, nodeCount: Int) in
    NamedRun("kafka-\(number)", challenge: number, .kafka) {
      $0.nodeCount = nodeCount
      $0.concurrency = .perNode(2)
      $0.rate = 1000
    }
  }

  private static let transactions: [NamedRun] = [
    transaction("txn-6a", "6a", nodeCount: 1, "read-uncommitted"),
    transaction("txn-6b", "6b", nodeCount: 2, "read-uncommitted"),
    transaction("txn-6b-partition", "6b-partition", nodeCount: 2, "read-uncommitted", [.partition]),
    transaction("txn-6c", "6c", nodeCount: 2, "read-committed", [.partition]),
  ]

  private static func transaction(
    _ name: String, _ challenge: String, nodeCount: Int, _ model: String, _ faults: Set<Scenario.Fault> = []
  ) -> NamedRun {
    NamedRun(name, challenge: challenge, .txnRWRegister) {
      $0.nodeCount = nodeCount
      $0.concurrency = .perNode(2)
      $0.rate = 1000
      $0.consistencyModels = [model]
      $0.availability = .total
      $0.faults = faults
    }
  }
}
