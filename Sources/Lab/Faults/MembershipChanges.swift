internal import Glomers
internal import Wire
import History

/// What the nemesis wants changed of who takes part, one node after the other, as in Maelstrom's pull request 101.
///
/// A removal is asked for once: whether it has happened may stay open. An addition is asked for until it is confirmed.
struct MembershipChanges: Sendable {
  struct Change: Equatable, Sendable {
    let node: NodeID
    let isMember: Bool

    var type: String { isMember ? "add_member" : "remove_member" }
  }

  /// Between two requests.
  static var pause: Duration { .milliseconds(200) }

  /// Nodes that were removed, or may have been, and are not members again for certain.
  private(set) var outside: Set<NodeID> = []
  /// Whether nodes don't know the requests: then they are left as they are.
  private(set) var isUnknown = false
  private var queue: [Change] = []
  private var asked: Change?
  private var notBefore = Instant.zero
  /// Draws who is asked. Nothing else draws from it, so that a script makes the draws of the run that it was made of.
  private var random: Random

  init(seed: UInt64) { random = Random(seed: seed ^ 0x6D65_6D62_6572) }

  /// When ``next(at:)`` is to be called; nil while there is nothing to ask.
  var due: Instant? { asked == nil && !queue.isEmpty ? notBefore : nil }

  mutating func remove(_ nodes: [NodeID]) {
    guard !isUnknown else { return }
    queue += nodes.map { Change(node: $0, isMember: false) }
  }

  /// Makes all nodes members again. Who is just being added is not asked for a second time.
  mutating func addAll() {
    queue = outside.sorted().map { Change(node: $0, isMember: true) }.filter { $0 != asked }
  }

  /// Which of some nodes is asked next.
  mutating func member(of nodes: [NodeID]) -> NodeID { nodes.randomElement(using: &random)! }

  /// What is to be asked for now.
  mutating func next(at now: Instant) -> Change {
    let change = queue.removeFirst()
    asked = change
    if !change.isMember { outside.insert(change.node) }
    return change
  }

  /// The request was answered with an error, or not at all; nil for no error.
  mutating func ended(_ error: RPCError?, at now: Instant) {
    guard let change = asked.take() else { return }
    notBefore = now + Self.pause
    if error == nil {
      if change.isMember { outside.remove(change.node) }
    } else if error?.code == 10 {
      isUnknown = true
      queue = []
      outside = []
    } else if change.isMember {
      queue.insert(change, at: 0)
    } else if error?.isDefinite ?? false {
      // It is a member still: nobody need add it.
      outside.remove(change.node)
      queue.removeAll { $0.node == change.node && $0.isMember }
    }
  }
}

extension TestRun {
  /// Asks a member for the next change.
  mutating func stepMembership() {
    let change = membership.next(at: clock)
    let members = nodes.filter { !membership.outside.contains($0) || $0 == change.node && !change.isMember }
    let awake = members.filter(states.isAwake)
    let member = membership.member(of: awake.isEmpty ? nodes : awake)
    ask(openClient(member, for: .preparation), .change(change), patience: Self.membershipPatience) { body in
      body.member("type", change.type)
      body.member("node", change.node.name)
    }
  }

  private static var membershipPatience: Duration { .seconds(5) }

  /// A change was answered, or not: the history and the console say so.
  mutating func changed(_ change: MembershipChanges.Change, _ error: RPCError?, by client: Int) {
    closeClient(client)
    membership.ended(error, at: clock)
    if membership.outside.isEmpty { faults[.membership] = nil }
    let outcome = error.map { "\($0)" } ?? (change.isMember ? "added" : "removed")
    history.append(
      Operation(
        time: time, kind: .info, process: .nemesis, function: change.type,
        value: .object([JSONName(change.node.name): .string(outcome)])))
    if error?.code == 10 {
      actions.append(
        .note(
          "\(clients[client].node) does not know \(change.type) (error 10): who is a member stays as it is"))
    }
  }
}
