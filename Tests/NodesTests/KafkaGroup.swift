import Glomers
import Support
import Wire
import Workloads

@testable import Nodes
@testable import Replication

typealias KafkaEffects = [Effect<KafkaNode>]

extension KafkaEffects {
  var reply: Kafka? {
    for case .reply(.client(let message), _) in self { return message }
    return nil
  }

  var errorCode: Int? {
    for case .fail(let error, _) in self { return error.code }
    return nil
  }

  var gossip: [(gossip: LogGossip, to: NodeID)] {
    compactMap { if case .send(.peer(let gossip), let node) = $0 { (gossip, node) } else { nil } }
  }
}

/// Kafka nodes that talk over a network of the test's making.
struct KafkaGroup {
  var trials: [Trial<KafkaNode>]
  let names: [NodeID]
  private let options: [String: Option.Value]

  init(_ count: Int, acks: String = "1") {
    let options: [String: Option.Value] = ["acks": .choice(acks, of: ["1", "quorum", "all"])]
    let names = (0..<count).map { NodeID("n\($0)") }
    self.names = names
    self.options = options
    trials = names.enumerated().map {
      Trial(KafkaNode.self, me: $1, nodes: names, options: options, seed: UInt64($0 + 1))
    }
    // All speak to each other for the first time, which takes no time.
    round(times: 2, every: .zero)
  }

  /// What a node says to its peers at the moment: these records, and that it holds so much.
  func gossip(
    of node: Int, _ deltas: [Delta<LogGossip.Record>], _ version: VersionVector = .init(),
    wantsAnswer: Bool = false
  ) -> LogGossip {
    let incarnation = trials[node].node.dissemination.incarnation
    return LogGossip(deltas, Advertisement(incarnation, version: version, wantsAnswer: wantsAnswer))
  }

  /// Sees what nodes say to nodes.
  var observe: (LogGossip) -> Void = { _ in }

  /// Ends a node and starts it again, with what it has stored if it comes back with that.
  mutating func restart(_ node: Int, recovering records: [LogRecord] = []) {
    trials[node] = Trial(
      KafkaNode.self, me: names[node], nodes: names, options: options, recovering: records,
      seed: UInt64(100 + node), at: trials[node].now)
  }

  mutating func ask(_ node: Int, _ message: Kafka, id: Int = 1) -> KafkaEffects {
    trials[node].receive(.client(message), id: id)
  }

  mutating func send(_ node: Int, _ key: JSONName, _ message: JSONText) -> Int? {
    if case .sendOk(let offset)? = ask(node, .send(key: key, message: message)).reply { offset } else { nil }
  }

  mutating func poll(_ node: Int, _ key: JSONName, from offset: Int = 0) -> [Int] {
    guard case .pollOk(let batches)? = ask(node, .poll([.init(key, offset)])).reply else { return [-1] }
    return batches.flatMap { $0.entries.map(\.offset) }
  }

  /// Some time later every node among `nodes` has its round, and they hear it. Returns what clients are told.
  @discardableResult
  mutating func round(
    _ nodes: Range<Int>? = nil, times: Int = 3, every pause: Duration = .milliseconds(600)
  ) -> [Kafka] {
    let nodes = nodes ?? names.indices
    var told: [Kafka] = []
    for _ in 0..<times {
      for node in names.indices { trials[node].now = trials[node].now + pause }
      for sender in nodes {
        let effects = trials[sender].wake(.round)
        for case .reply(.client(let message), _) in effects { told.append(message) }
        for (gossip, to) in effects.gossip {
          guard let receiver = names.firstIndex(of: to), nodes.contains(receiver) else { continue }
          observe(gossip)
          let effects = trials[receiver].receive(.peer(gossip), from: names[sender], id: nil)
          for case .reply(.client(let message), _) in effects { told.append(message) }
        }
      }
    }
    return told
  }
}
