import Glomers
import Support
import Wire
import Workloads

@testable import Nodes

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

  /// - Parameter fenceAfter: nil leaves the option at its default.
  init(_ count: Int, acks: String = "1", fenceAfter: Duration? = .seconds(30)) {
    var options: [String: Option.Value] = ["acks": .choice(acks, of: ["1", "quorum", "all"])]
    if let fenceAfter { options["fence-after"] = .limit(fenceAfter, in: fenceAfter...fenceAfter) }
    let names = (0..<count).map { NodeID("n\($0)") }
    self.names = names
    trials = names.enumerated().map {
      Trial(KafkaNode.self, me: $1, nodes: names, options: options, seed: UInt64($0 + 1))
    }
  }

  mutating func ask(_ node: Int, _ message: Kafka, id: Int = 1) -> KafkaEffects {
    trials[node].receive(.client(message), id: id)
  }

  mutating func send(_ node: Int, _ key: String, _ message: JSONText) -> Int? {
    if case .sendOk(let offset)? = ask(node, .send(key: key, message: message)).reply { offset } else { nil }
  }

  mutating func poll(_ node: Int, _ key: String, from offset: Int = 0) -> [Int] {
    guard case .pollOk(let batches)? = ask(node, .poll([.init(key, offset)])).reply else { return [-1] }
    return batches.flatMap { $0.entries.map(\.offset) }
  }

  /// Some time later every node among `nodes` has its round, and they hear it. Returns what clients are told.
  @discardableResult
  mutating func round(_ nodes: Range<Int>? = nil, times: Int = 3) -> [Kafka] {
    let nodes = nodes ?? names.indices
    var told: [Kafka] = []
    for _ in 0..<times {
      for node in names.indices { trials[node].now = trials[node].now + .milliseconds(600) }
      for sender in nodes {
        for (gossip, to) in trials[sender].wake(.round).gossip {
          guard let receiver = names.firstIndex(of: to), nodes.contains(receiver) else { continue }
          let effects = trials[receiver].receive(.peer(gossip), from: names[sender], id: nil)
          for case .reply(.client(let message), _) in effects { told.append(message) }
        }
      }
    }
    return told
  }
}
