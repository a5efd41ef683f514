internal import Glomers
internal import Wire
import Checkers

/// Asks nodes what they have, to learn when values arrive. Probes don't go through the network, where they would
/// wait behind messages in flight, and they don't count as traffic.
struct Prober: Sendable {
  /// Not one of the clients, whose names have numbers.
  static let name: NodeID = "c-probe"
  /// A node that leaves a probe unanswered so long is asked again.
  static var patience: Duration { .seconds(1) }

  private struct Probe: Sendable {
    let id: Int
    let sent: Instant
  }

  private let interval: Duration?
  /// When nodes are next asked; nil while every node has every acknowledged value.
  private(set) var due: Instant?
  private var lastID = 0
  /// The last probe of each node, while it has no answer.
  private var probes: [NodeID: Probe] = [:]
  /// Every probe that has had no answer.
  private var unanswered: [Int: NodeID] = [:]
  /// How many values a node showed last: an answer of the same length says nothing new.
  private var counts: [NodeID: Int] = [:]

  /// - Parameter interval: between probes; nil: there are none.
  init(interval: Duration?) { self.interval = interval }

  /// Something has been acknowledged.
  mutating func wake(at now: Instant) {
    guard let interval, due == nil else { return }
    due = now + interval
  }

  mutating func rest() { due = nil }

  /// The message id for a probe of this node; nil while another one is under way.
  mutating func ask(_ node: NodeID, at now: Instant) -> Int? {
    if let probe = probes[node], now - probe.sent < Self.patience { return nil }
    lastID += 1
    probes[node] = Probe(id: lastID, sent: now)
    unanswered[lastID] = node
    return lastID
  }

  /// Takes an answer. Returns the node that was asked; nil if no probe waits for it.
  mutating func settle(_ id: Int?) -> NodeID? {
    guard let id, let node = unanswered.removeValue(forKey: id) else { return nil }
    if probes[node]?.id == id { probes[node] = nil }
    return node
  }

  /// Whether a node shows more or fewer values than last time.
  mutating func isNew(_ node: NodeID, count: Int) -> Bool {
    guard counts[node] != count else { return false }
    counts[node] = count
    return true
  }
}

extension TestRun {
  /// An operation that succeeded says what was acknowledged, or what its node has.
  mutating func observe(_ invocation: Invocation, _ value: JSON, at node: NodeID) {
    switch load.sighting(invocation, value) {
    case .held(let values): visibility.observed(node, values, at: clock)
    case .acknowledged(let value):
      visibility.acknowledged(value, at: clock)
      prober.wake(at: clock)
    case nil: break
    }
  }

  /// Asks each node that is not known to have everything.
  mutating func probe() {
    prober.rest()
    let lacking = visibility.lacking
    guard !lacking.isEmpty, let probe = load.probe else { return }
    for node in lacking where states.isAwake(node) && !states.isSilenced(node) {
      guard let id = prober.ask(node, at: clock) else { continue }
      let line = desk.request(from: Prober.name, to: node, number: takeMessageID(), messageID: id) {
        probe.message.write(to: &$0)
      }
      actions.append(.deliver(line, to: node))
    }
    prober.wake(at: clock)
  }

  /// A node has written to the prober. What is wrong with answers to reads, clients see too.
  mutating func receiveProbed(_ message: JSONObject, from node: NodeID, _ line: Span<UInt8>) {
    guard let body = message.optionalElement("body")?.object else { return }
    guard let asked = prober.settle(body.optionalElement("in_reply_to")?.integer) else {
      anomalyLog.add(
        Anomaly(
          "unasked-reply", "\(node) sent \(Prober.name) what it had not asked for: \(line.excerpt)",
          node: node,
          breaking: .singleReplies))
      return
    }
    guard let probe = load.probe, let values = body.optionalElement(probe.member)?.list,
      prober.isNew(asked, count: values.count)
    else { return }
    if let integers = body.integerList(probe.member) {
      visibility.observed(asked, integers: integers, at: clock)
    } else {
      visibility.observed(asked, values.map(\.value), at: clock)
    }
  }
}
