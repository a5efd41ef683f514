import Checkers
import ArgumentParser
import Foundation
import Glomers
import Lab
import Testing

@testable import Workbench
@testable import WorkbenchCommand
@testable import History

/// A command line as it stands in a public README, script or makefile, with the node's path replaced by `/bin/cat`,
/// and what Maelstrom takes it for.
struct WebCommand: CustomTestStringConvertible, Sendable {
  let line: String
  let nodeArguments: [String]
  let testCount: Int
  let scenario: Scenario
  var testDescription: String { line }

  /// - Parameter nodeCount: nil where the line does not say.
  init(
    _ line: String, _ workload: Workload, nodes nodeCount: Int? = nil, nodeArguments: [String] = [],
    testCount: Int = 1, _ describe: (inout Scenario) -> Void = { _ in }
  ) {
    self.line = line
    self.nodeArguments = nodeArguments
    self.testCount = testCount
    var scenario = Scenario(workload)
    if let nodeCount {
      scenario.nodeCount = nodeCount
    } else {
      scenario.nodes = ["n1", "n2", "n3", "n4", "n5"]
    }
    describe(&scenario)
    self.scenario = scenario
  }
}

@Suite("Command lines from the web")
struct WebCommandTests {
  private static let commands: [WebCommand] =
    echoes + broadcasts + sets + logs + registers + transactions

  private static let echoes = [
    WebCommand("test -w echo --bin /bin/cat --node-count 1 --time-limit 10", .echo, nodes: 1) {
      $0.timeLimit = .seconds(10)
    },
    WebCommand("test -w echo --bin /bin/cat --nodes n1 --time-limit 10 --log-stderr", .echo) {
      $0.nodes = ["n1"]
      $0.timeLimit = .seconds(10)
      $0.logNodeErrors = true
    },
    WebCommand(
      "test --log-stderr --log-net-send --log-net-recv -w echo --bin /bin/cat --nodes n1 --rate 1 --time-limit 3",
      .echo
    ) {
      $0.nodes = ["n1"]
      $0.rate = 1
      $0.timeLimit = .seconds(3)
      $0.logNodeErrors = true
      $0.logNetworkSends = true
      $0.logNetworkReceives = true
    },
    WebCommand("test --workload=echo --bin=/bin/cat --node-count=1 --time-limit=10", .echo, nodes: 1) {
      $0.timeLimit = .seconds(10)
    },
    WebCommand(
      "test -w echo --bin /bin/cat echo --node-count 1 --time-limit 10", .echo, nodes: 1,
      nodeArguments: ["echo"]
    ) { $0.timeLimit = .seconds(10) },
    WebCommand(
      "test -w echo --bin /bin/cat --node-count 1 --time-limit 10 --log-net-send true", .echo, nodes: 1,
      nodeArguments: ["true"]
    ) {
      $0.timeLimit = .seconds(10)
      $0.logNetworkSends = true
    },
    WebCommand("test -w echo --bin /bin/cat", .echo),
    WebCommand(
      "test -w unique-ids --bin /bin/cat --time-limit 30 --rate 1000 --node-count 3 --availability total "
        + "--nemesis partition", .uniqueIDs, nodes: 3
    ) {
      $0.timeLimit = .seconds(30)
      $0.rate = 1000
      $0.availability = .total
      $0.faults = [.partition]
    },
  ]

  private static let broadcasts = [
    WebCommand("test -w broadcast --bin /bin/cat --time-limit 5 --rate 10", .broadcast) {
      $0.timeLimit = .seconds(5)
      $0.rate = 10
    },
    WebCommand(
      "test -w broadcast --bin /bin/cat broadcast --node-count 5 --time-limit 20 --rate 10 --nemesis partition",
      .broadcast, nodes: 5, nodeArguments: ["broadcast"]
    ) {
      $0.timeLimit = .seconds(20)
      $0.rate = 10
      $0.faults = [.partition]
    },
    WebCommand(
      "test -w broadcast --bin /bin/cat --time-limit 20 --topology tree4 --nemesis partition", .broadcast
    ) {
      $0.timeLimit = .seconds(20)
      $0.topology = .tree4
      $0.faults = [.partition]
    },
    WebCommand(
      "test -w broadcast --bin /bin/cat --time-limit 20 --rate 100 --node-count 25 --topology grid --latency 100 "
        + "--latency-dist exponential", .broadcast, nodes: 25
    ) {
      $0.timeLimit = .seconds(20)
      $0.rate = 100
      $0.latency = .milliseconds(100)
      $0.latencyDistribution = .exponential
    },
    WebCommand(
      "test -w broadcast --bin /bin/cat --time-limit 20 --rate 100 --node-count 25 --topology line --latency 10",
      .broadcast, nodes: 25
    ) {
      $0.timeLimit = .seconds(20)
      $0.rate = 100
      $0.topology = .line
      $0.latency = .milliseconds(10)
    },
    WebCommand(
      "test -w broadcast --bin /bin/cat --node-count 25 --time-limit 20 --rate 100 --latency 100 --topology total",
      .broadcast, nodes: 25
    ) {
      $0.timeLimit = .seconds(20)
      $0.rate = 100
      $0.latency = .milliseconds(100)
      $0.topology = .total
    },
  ]

  private static let sets = [
    WebCommand("test -w g-set --bin /bin/cat", .gSet),
    WebCommand("test -w g-set --bin /bin/cat --time-limit 30 --rate 10 --nemesis partition", .gSet) {
      $0.timeLimit = .seconds(30)
      $0.rate = 10
      $0.faults = [.partition]
    },
    WebCommand(
      "test -w g-set --bin /bin/cat --node-count 2 --concurrency 2n --time-limit 20 --rate 10 --log-stderr",
      .gSet,
      nodes: 2
    ) {
      $0.concurrency = .perNode(2)
      $0.timeLimit = .seconds(20)
      $0.rate = 10
      $0.logNodeErrors = true
    },
    WebCommand("test -w pn-counter --bin /bin/cat pn-counter", .pnCounter, nodeArguments: ["pn-counter"]),
    WebCommand("test -w pn-counter --bin /bin/cat --time-limit 20 --rate 10", .pnCounter) {
      $0.timeLimit = .seconds(20)
      $0.rate = 10
    },
    // A slip of its author's: what follows -- is the node's, in Maelstrom too.
    WebCommand(
      "test -w g-counter --bin /bin/cat -- g_counter --node-count 3 --rate 100 --time-limit 20 --nemesis partition",
      .gCounter,
      nodeArguments: [
        "g_counter", "--node-count", "3", "--rate", "100", "--time-limit", "20", "--nemesis", "partition",
      ]),
  ]

  private static let logs = [
    WebCommand(
      "test -w kafka --bin /bin/cat --node-count 2 --concurrency 2n --time-limit 20 --rate 1000 --log-stderr",
      .kafka,
      nodes: 2
    ) {
      $0.concurrency = .perNode(2)
      $0.timeLimit = .seconds(20)
      $0.rate = 1000
      $0.logNodeErrors = true
    }
  ]

  private static let registers = [
    WebCommand("test --bin /bin/cat --nodes n1,n2,n3 --rate 0 --time-limit 10", .linKV) {
      $0.nodes = ["n1", "n2", "n3"]
      $0.rate = 0
      $0.timeLimit = .seconds(10)
    },
    WebCommand("test --bin /bin/cat --nodes n1 --time-limit 10 --rate=0 --log-stderr", .linKV) {
      $0.nodes = ["n1"]
      $0.rate = 0
      $0.timeLimit = .seconds(10)
      $0.logNodeErrors = true
    },
    WebCommand(
      "test --bin /bin/cat --time-limit 10 --node-count 4 -w lin-kv --concurrency 8n", .linKV, nodes: 4
    ) {
      $0.timeLimit = .seconds(10)
      $0.concurrency = .perNode(8)
    },
    WebCommand(
      "test --bin /bin/cat -w lin-kv --time-limit 10 --node-count 10 --concurrency 20", .linKV, nodes: 10
    ) {
      $0.timeLimit = .seconds(10)
      $0.concurrency = .clients(20)
    },
    WebCommand(
      "test -w lin-kv --bin /bin/cat --time-limit 60 --node-count 3 --concurrency 10n --rate 100 --nemesis partition "
        + "--nemesis-interval 3 --test-count 5", .linKV, nodes: 3, testCount: 5
    ) {
      $0.concurrency = .perNode(10)
      $0.rate = 100
      $0.faults = [.partition]
      $0.nemesisInterval = .seconds(3)
    },
    WebCommand(
      "test -w lin-kv --time-limit 60 --nemesis partition --nemesis-interval 10 --test-count 10 --node-count 5 "
        + "--concurrency 4n --rate 30 --bin \"/bin/cat\" \"/home/me/s06_raft/__main__.py\"", .linKV, nodes: 5,
      nodeArguments: ["/home/me/s06_raft/__main__.py"], testCount: 10
    ) {
      $0.concurrency = .perNode(4)
      $0.rate = 30
      $0.faults = [.partition]
    },
    WebCommand(
      "test -w lin-kv --time-limit 20 --node-count 7 --bin /bin/cat --concurrency 2n --latency 25 "
        + "--latency-dist uniform --rate 10 ", .linKV, nodes: 7
    ) {
      $0.timeLimit = .seconds(20)
      $0.concurrency = .perNode(2)
      $0.latency = .milliseconds(25)
      $0.latencyDistribution = .uniform
      $0.rate = 10
    },
    WebCommand(
      "test -w lin-kv --bin /bin/cat --latency 0 --rate 10 --time-limit 90 --concurrency 20 --nemesis partition "
        + "--nemesis-interval 20", .linKV
    ) {
      $0.rate = 10
      $0.timeLimit = .seconds(90)
      $0.concurrency = .clients(20)
      $0.faults = [.partition]
      $0.nemesisInterval = .seconds(20)
    },
    WebCommand(
      "test --workload lin-kv --bin /bin/cat --node-count 3 --time-limit 20 --rate 10 --concurrency 2n --no-ssh "
        + "--log-net-send --nemesis partition --nemesis-interval 5", .linKV, nodes: 3
    ) {
      $0.timeLimit = .seconds(20)
      $0.rate = 10
      $0.concurrency = .perNode(2)
      $0.logNetworkSends = true
      $0.faults = [.partition]
      $0.nemesisInterval = .seconds(5)
    },
  ]

  private static let transactions = [
    WebCommand(
      "test -w txn-list-append --bin /bin/cat --time-limit 10 --node-count 2 --rate 100", .txnListAppend,
      nodes: 2
    ) {
      $0.timeLimit = .seconds(10)
      $0.rate = 100
    },
    WebCommand(
      "test -w txn-list-append --bin /bin/cat -- maelstrom --consensus-uri='s3://demo:demo@demo/p1/?region=us-east-1' "
        + "--blob-uri='mem://'", .txnListAppend,
      nodeArguments: [
        "maelstrom", "--consensus-uri=s3://demo:demo@demo/p1/?region=us-east-1", "--blob-uri=mem://",
      ]),
    WebCommand(
      "test -w txn-list-append --bin /bin/cat --time-limit 10 --node-count 2 --rate 100 "
        + "--consistency-models serializable", .txnListAppend, nodes: 2
    ) {
      $0.timeLimit = .seconds(10)
      $0.rate = 100
      $0.consistencyModels = ["serializable"]
    },
    WebCommand(
      "test -w txn-rw-register --bin /bin/cat --log-stderr --node-count 2 --concurrency 10n --time-limit 20 "
        + "--rate 1000 --consistency-models read-committed --availability total --nemesis partition "
        + "--max-txn-length 20 --max-writes-per-key 10000000 --key-count 2", .txnRWRegister, nodes: 2
    ) {
      $0.logNodeErrors = true
      $0.concurrency = .perNode(10)
      $0.timeLimit = .seconds(20)
      $0.rate = 1000
      $0.consistencyModels = ["read-committed"]
      $0.availability = .total
      $0.faults = [.partition]
      $0.maxTransactionLength = 20
      $0.maxWritesPerKey = 10_000_000
      $0.keyCount = 2
    },
    // In ten repositories at least: the last option's first dash is no hyphen, and so the word goes to the nodes.
    WebCommand(
      "test -w txn-rw-register --bin /bin/cat --node-count 2 --concurrency 2n --time-limit 20 --rate 1000 "
        + "--consistency-models read-committed --availability total –-nemesis partition", .txnRWRegister,
      nodes: 2,
      nodeArguments: ["–-nemesis", "partition"]
    ) {
      $0.concurrency = .perNode(2)
      $0.timeLimit = .seconds(20)
      $0.rate = 1000
      $0.consistencyModels = ["read-committed"]
      $0.availability = .total
    },
  ]

  @Test("each is read as Maelstrom reads it", arguments: commands)
  func reads(_ command: WebCommand) throws {
    let parsed = try Self.parse(command.line)
    var scenario = parsed.scenario
    scenario.seed = command.scenario.seed
    #expect(scenario == command.scenario)
    #expect(parsed.nodeArguments == command.nodeArguments)
    #expect(parsed.report.testCount == command.testCount)
  }

  @Test("there are thirty of them at least, no two the same")
  func thirty() { #expect(Set(Self.commands.map(\.line)).count >= 30) }

  /// Parses a line as a shell and then the command would.
  static func parse(_ line: String) throws -> TestCommand {
    try #require(try Command.parseAsRoot(words(line)) as? TestCommand)
  }

  /// The words of a line with quotes, and nothing else that a shell knows.
  static func words(_ line: String) -> [String] {
    var words: [String] = []
    var word: String?
    var quote: Character?
    for character in line {
      if character == quote {
        quote = nil
      } else if quote == nil, character == "'" || character == "\"" {
        quote = character
        word = word ?? ""
      } else if quote == nil, character == " " {
        if let word { words.append(word) }
        word = nil
      } else {
        word = (word ?? "") + String(character)
      }
    }
    return words + [word].compactMap(\.self)
  }
}
