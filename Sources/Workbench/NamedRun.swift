import Glomers
public import Lab
import History
import Checkers

/// A run that has a name: a target of make, and most of them challenges of Gossip Glomers (fly.io/dist-sys).
public struct NamedRun: Sendable {
  /// What must hold beside the verdict.
  struct Limits: Sendable {
    /// All exclusive.
    var serverMessagesPerOperation: Double?
    var spreadMedian: Duration?
    var spreadMax: Duration?

    var areSet: Bool { serverMessagesPerOperation != nil || spreadMedian != nil || spreadMax != nil }
  }

  /// What make calls it: `broadcast-3d`.
  public let name: String
  /// The challenge's number: `3d`; nil for a run that is none.
  public let challenge: String?
  /// The node's name: its program is `maelstrom-<node>`.
  public let node: String
  /// Passed to each node.
  public let nodeArguments: [String]
  public let scenario: Scenario
  let limits: Limits
  /// The fewest messages between servers for an operation that somebody else has published.
  let publishedMessagesPerOperation: Double?

  init(
    _ name: String, challenge: String? = nil, _ workload: Workload, node: String? = nil,
    arguments: [String] = [], limits: Limits = Limits(), published: Double? = nil,
    _ describe: (inout Scenario) -> Void
  ) {
    self.name = name
    self.challenge = challenge
    self.node = node ?? workload.rawValue
    nodeArguments = arguments
    self.limits = limits
    publishedMessagesPerOperation = published
    var scenario = Scenario(workload)
    scenario.timeLimit = .seconds(20)
    scenario.demands = Set(Demand.allCases)
    describe(&scenario)
    self.scenario = scenario
  }

  /// What the run's line in the table begins with, and then the run's name: `3d broadcast (broadcast-3d)`.
  public var title: String {
    let title = ScoreTable.title(self)
    return title == name ? name : "\(title) (\(name))"
  }

  /// Whether a scenario is this run's, whatever its seed, its nodes' names, what it logs, and what it demands beyond the
  /// workload's contract.
  func asks(for other: Scenario) -> Bool {
    var other = other
    other.nodeCount = other.nodes.count
    other.seed = scenario.seed
    other.demands = scenario.demands
    other.logNodeErrors = scenario.logNodeErrors
    other.logNetworkSends = scenario.logNetworkSends
    other.logNetworkReceives = scenario.logNetworkReceives
    return other == scenario
  }

  /// The path of the program that runs one node.
  public func program(in directory: String) -> String { "\(directory)/maelstrom-\(node)" }

  public static func named(_ name: String) -> NamedRun? {
    all.first { $0.name == name || $0.challenge == name }
  }

  /// The challenges, in their order.
  public static var challenges: [NamedRun] { all.filter { $0.challenge != nil } }
}
