import Glomers
import Testing

@testable import Raft

@Suite("Figure 3.2 holds after every step, whatever happens")
struct SafetyTests {
  @Test(
    "messages lost, copied and overtaken, nodes killed, logs checkpointed",
    arguments: 1...12 as ClosedRange<UInt64>)
  func everything(seed: UInt64) { run(seed, changesMembers: false) }

  @Test("and members added and removed", arguments: 21...60 as ClosedRange<UInt64>)
  func members(seed: UInt64) { run(seed, changesMembers: true) }

  private func run(_ seed: UInt64, changesMembers: Bool) {
    var limits = Raft<Notes>.Limits()
    // Small, so that all of them bite.
    limits.messageBytes = 500
    limits.flightBytes = 1500
    limits.tailBytes = 4000
    var group = RaftGroup(seed.isMultiple(of: 2) ? 3 : 5, seed: seed, limits: limits)
    var random = Random(seed: seed)
    var value = 0
    for _ in 0..<3000 {
      let name = group.names.randomElement(using: &random)!
      let isUp = group.nodes[name] != nil
      switch Int.random(in: 0..<1000, using: &random) {
      case 0..<600 where !group.mail.isEmpty:
        // Nearly in order.
        group.deliver(Int.random(in: 0..<min(4, group.mail.count), using: &random))
      case 600..<640 where !group.mail.isEmpty:
        group.mail.remove(at: Int.random(in: group.mail.indices, using: &random))
      case 640..<680 where !group.mail.isEmpty: group.mail.append(group.mail.randomElement(using: &random)!)
      case 680..<780: group.pass(.milliseconds(Int.random(in: 1...60, using: &random)))
      case 780..<900 where isUp && group[name].role == .leader:
        value += 1
        _ = group.propose(value, at: name)
      case 900..<910:
        if isUp { group.kill(name) } else { group.start(name) }
      case 910..<930 where !isUp: group.start(name)
      case 930..<940 where isUp: group.checkpoint(name)
      case 940..<950 where changesMembers && isUp:
        let change = MembershipChange(
          group.names.randomElement(using: &random)!, isMember: Int.random(in: 0..<3, using: &random) > 0)
        _ = group.on(name) { $0.change(change, at: $1) }
      case 950..<955 where isUp: group.on(name) { $0.transfer(at: $1) }
      case 955..<960: group.isolated = [name]
      case 960..<975: group.isolated = []
      default: break
      }
    }
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
  }
}
