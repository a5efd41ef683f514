import Glomers
import Testing

@testable import Raft

@Suite("Figure 3.2 holds after every step, whatever happens")
struct SafetyTests {
  @Test(
    "messages lost, copied and overtaken, nodes killed, logs checkpointed",
    arguments: 1...12 as ClosedRange<UInt64>)
  func everything(seed: UInt64) { run(seed, changes: 0) }

  @Test("and members added and removed", arguments: 21...60 as ClosedRange<UInt64>)
  func members(seed: UInt64) { run(seed, changes: 10) }

  @Test("a commit is judged by the members of its moment, whoever has left before it is stored")
  func commitAndChange() throws {
    var group = RaftGroup()
    group.run(for: .seconds(2))
    let leader = try #require(group.leader)
    let helper = try #require(group.names.first { $0 != leader })
    let other = try #require(group.names.last { $0 != leader })
    var invariants = RaftInvariants<Notes>()
    // The votes before the leader that has got them.
    for name in [helper, other, leader] { #expect(invariants.look(at: group[name], isStored: true) == nil) }
    // One follower has the entry, and the other has not.
    group.isolated = [other]
    _ = group.propose(1, at: leader)
    let before = group[leader].commit
    while group[leader].commit == before {
      try #require(!group.mail.isEmpty)
      group.deliver()
      #expect(invariants.look(at: group[leader], isStored: false) == nil)
      #expect(invariants.look(at: group[helper], isStored: true) == nil)
    }
    // In the same turn the one that has it is removed: of those that stay only the leader holds it.
    group.on(leader) { _ = $0.change(MembershipChange(helper, isMember: false), at: $1) }
    try #require(group[leader].log.configuration.voters == group.names.filter { $0 != helper })
    #expect(invariants.look(at: group[leader], isStored: true) == nil)
  }

  @Test("a core with a mistake breaks one of them", arguments: Flaw.allCases)
  func mistakes(_ flaw: Flaw) {
    let found = Mistake.$made.withValue(flaw) {
      (1...400 as ClosedRange<UInt64>).lazy.map { seed in
        group(seed, changes: flaw.isAboutMembers ? 40 : 0).invariants.violations
      }.first { !$0.isEmpty }
    }
    #expect(found != nil, "nobody notices a core that \(flaw.rawValue)")
  }

  private func run(_ seed: UInt64, changes: Int) {
    var group = group(seed, changes: changes)
    // Once all is well again, commands go through everywhere.
    group.isolated = []
    for name in group.names where group.nodes[name] == nil { group.start(name) }
    group.mail = []
    group.run(for: .seconds(8))
    guard let leader = group.leader else {
      let nodes = group.names.map { name in
        let raft = group[name]
        return
          "\(name): \(raft.role), term \(raft.term), log to \(raft.log.lastIndex) in \(raft.log.lastTerm),"
          + " committed \(raft.commit), \(raft.configuration) of \(raft.log.configurationIndex)"
      }
      Issue.record("no leader in 8 s:\n\(nodes.joined(separator: "\n"))")
      return
    }
    let taken = group.propose(-1, at: leader)
    group.run(for: .seconds(2))
    #expect(taken != nil && group.answers[leader]?[taken!] != nil, "no command goes through")
    for member in group[leader].configuration.members {
      #expect(group[member].machine.values == group[leader].machine.values)
    }
    #expect(group.invariants.violations == [])
  }

  /// A cluster after many steps at random.
  ///
  /// - Parameter changes: how many of a thousand steps change who is a member; at most 40.
  private func group(_ seed: UInt64, changes: Int) -> RaftGroup {
    var limits = Raft<Notes>.Limits()
    // Small, so that all of them bite.
    limits.messageBytes = 500
    limits.flightBytes = 1500
    limits.tailBytes = 4000
    var group = RaftGroup(seed.isMultiple(of: 2) ? 3 : 5, seed: seed, limits: limits)
    var random = Random(seed: seed)
    var value = 0
    for _ in 0..<3000 where group.invariants.violations.isEmpty {
      let name = group.names.randomElement(using: &random)!
      let isUp = group.nodes[name] != nil
      switch Int.random(in: 0..<1000, using: &random) {
      case 0..<changes where isUp:
        let change = MembershipChange(
          group.names.randomElement(using: &random)!, isMember: Bool.random(using: &random))
        _ = group.on(name) { $0.change(change, at: $1) }
      case 0..<600 where !group.mail.isEmpty:
        // Nearly in order.
        group.deliver(Int.random(in: 0..<min(4, group.mail.count), using: &random))
      case 600..<640 where !group.mail.isEmpty:
        group.mail.remove(at: Int.random(in: group.mail.indices, using: &random))
      case 640..<680 where !group.mail.isEmpty: group.mail.append(group.mail.randomElement(using: &random)!)
      case 680..<780: group.pass(.milliseconds(Int.random(in: 1...60, using: &random)))
      case 780..<880 where isUp:
        value += 1
        if group[name].role == .leader {
          _ = group.propose(value, at: name)
        } else if Int.random(in: 0..<4, using: &random) == 0 {
          group.forward(value, at: name, copies: Int.random(in: 1...2, using: &random))
        }
      case 880..<900 where isUp: group.ask(name)
      case 900..<910:
        if isUp { group.kill(name) } else { group.start(name) }
      case 910..<930 where !isUp: group.start(name)
      case 930..<935 where isUp: group.checkpoint(name)
      case 950..<955 where isUp: group.on(name) { $0.transfer(at: $1) }
      case 955..<961:
        group.isolated = Set(group.names.shuffled(using: &random).prefix((group.names.count - 1) / 2))
        // A leader that does not know that it is one no more is the usual suspect.
        if Bool.random(using: &random), let leader = group.leader { group.isolated.insert(leader) }
      case 961..<965: group.isolated = []
      default: break
      }
    }
    return group
  }
}

extension Flaw {
  fileprivate var isAboutMembers: Bool {
    switch self {
    case .forgetsConfiguration, .goesOnRemoved, .countsInOldConfiguration: true
    default: false
    }
  }
}
