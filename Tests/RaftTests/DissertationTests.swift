import Foundation
import Glomers
import Testing

@testable import Raft

/// Named after the sections of Ongaro's dissertation.
@Suite("The dissertation, by section")
struct DissertationTests {
  private func led(_ count: Int = 3, seed: UInt64 = 1) -> (group: RaftGroup, leader: NodeID) {
    var group = RaftGroup(count, seed: seed)
    group.run(for: .seconds(1))
    return (group, group.leader!)
  }

  @Test(
    "§3.4 a follower that hears no leader is elected, in one term, and begins it with an entry of its own")
  func election() {
    let (group, leader) = led()
    #expect(group[leader].term == 1)
    #expect(group[leader].log[1] == Entry(term: 1, .nothing))
    #expect(group.names.allSatisfy { group[$0].leader == leader && group[$0].commit == 1 })
  }

  @Test("§3.4 one node alone leads at once")
  func alone() {
    var group = RaftGroup(1)
    group.pass(.zero)
    let id = group.propose(7, at: "n0")
    #expect(group.answers["n0"] == [id!: .success(.all([7]))])
  }

  /// A node that is asked for its vote in term 5 by one node, killed, and asked by another. What it answers the second.
  private func secondVote() -> (answer: RaftMessage<Notes>?, group: RaftGroup) {
    var group = RaftGroup()
    let request = RequestVote(term: 5, lastIndex: 0, lastTerm: 0, kind: .real)
    group.on("n0") { $0.receive(.requestVote(request), from: "n1", at: $1) }
    #expect(group.mail.last?.message == .vote(Vote(term: 5, isGranted: true, isPre: false)))
    group.kill("n0")
    group.start("n0")
    group.on("n0") { $0.receive(.requestVote(request), from: "n2", at: $1) }
    return (group.mail.last?.message, group)
  }

  @Test("§3.4 one vote a term, first come, first served; it outlives a kill")
  func oneVote() {
    var (answer, group) = secondVote()
    #expect(answer == .vote(Vote(term: 5, isGranted: false, isPre: false)))
    let request = RequestVote(term: 5, lastIndex: 0, lastTerm: 0, kind: .real)
    group.on("n0") { $0.receive(.requestVote(request), from: "n1", at: $1) }
    #expect(group.mail.last?.message == .vote(Vote(term: 5, isGranted: true, isPre: false)))
    // A core that does not store it gives two.
    let mistaken = Mistake.$made.withValue(.forgetsVotes) { secondVote().answer }
    #expect(mistaken == .vote(Vote(term: 5, isGranted: true, isPre: false)))
  }

  @Test("§3.5 what a majority holds is committed, applied everywhere, and answered")
  func replication() {
    var (group, leader) = led()
    let id = group.propose(1, at: leader)!
    #expect(group.answers[leader] == nil)
    group.run(for: .milliseconds(200))
    #expect(group.answers[leader] == [id: .success(.all([1]))])
    #expect(group.names.allSatisfy { group[$0].machine.values == [1] })
  }

  @Test("§3.5 a leader without a majority commits nothing")
  func minority() {
    var (group, leader) = led()
    group.isolated = [leader]
    _ = group.propose(1, at: leader)
    group.run(for: .milliseconds(200))
    #expect(group[leader].machine.values == [])
  }

  @Test("§3.5 entries that were lost are sent again, and those of a deposed leader are overwritten")
  func repair() {
    var (group, old) = led()
    group.isolated = [old]
    for value in 1...5 { _ = group.propose(value, at: old) }
    group.run(for: .seconds(2))
    let new = group.leader!
    #expect(new != old)
    _ = group.propose(6, at: new)
    group.isolated = []
    group.run(for: .seconds(1))
    #expect(group.names.allSatisfy { group[$0].machine.values == [6] })
  }

  @Test("§3.6.1 no vote for a candidate whose log lacks what this one has")
  func upToDate() {
    var (group, leader) = led()
    _ = group.propose(1, at: leader)
    group.run(for: .seconds(1))
    let follower = group.names.first { $0 != leader }!
    for (index, term, isGranted) in [(1, 1, false), (2, 0, false), (2, 1, true), (1, 2, true)] {
      var copy = group
      let request = RequestVote(term: 9, lastIndex: index, lastTerm: term, kind: .transfer)
      copy.on(follower) { $0.receive(.requestVote(request), from: leader, at: $1) }
      #expect(copy.mail.last?.message == .vote(Vote(term: 9, isGranted: isGranted, isPre: false)))
    }
  }

  /// A leader of term 3 that has an entry of term 2, once a majority has that entry, and once it has all. What it has
  /// committed then.
  private func commits() -> [Int] {
    var raft = Raft<Notes>(
      me: "n0", configuration: Configuration(voters: ["n0", "n1", "n2"]),
      recovering: [.vote(term: 2, candidate: nil), .entries(after: 0, [Entry(term: 2, .nothing)])],
      random: Random(seed: 1), at: .zero)
    raft.receive(.timeoutNow(term: 2), from: "n1", at: .zero)
    raft.receive(.vote(Vote(term: 3, isGranted: true, isPre: false)), from: "n1", at: .zero)
    raft.flush(at: .zero)
    #expect(raft.role == .leader && raft.log.lastIndex == 2)
    return [1, 2].map { index in
      raft.receive(.appended(Appended(term: 3, index: index, refused: nil, round: 1)), from: "n1", at: .zero)
      return raft.commit
    }
  }

  @Test("§3.6.2 an entry of an older term is not committed by counting (figure 3.8)")
  func olderTerms() {
    #expect(commits() == [0, 2])
    #expect(Mistake.$made.withValue(.commitsOlderTerms) { commits() } == [1, 2])
  }

  @Test(
    "§3.4 once the leader is killed, a command is committed within a second at 10 ms, within 5 at 100",
    arguments: [(10, 940), (100, 5000)])
  func failover(latencyMilliseconds: Int, limitMilliseconds: Int) {
    let latency = Duration.milliseconds(latencyMilliseconds)
    let seedCount = ProcessInfo.processInfo.environment["FAILOVER_SEEDS"].flatMap { UInt64($0) } ?? 8
    for seed in 1...seedCount {
      var group = RaftGroup(5, seed: seed)
      var random = Random(seed: seed)
      let warmUp = Duration.milliseconds(Int.random(in: 3000...3400, using: &random))
      _ = group.run(for: warmUp, latency: latency) { _ in false }
      guard let old = group.leader else {
        Issue.record("seed \(seed): no leader after \(warmUp)")
        continue
      }
      group.kill(old)
      let time = group.run(for: .seconds(6), latency: latency) { group in
        group.nodes.values.contains { $0.role == .leader && $0.commit >= $0.termStart }
      }
      #expect(
        time != nil && time! < .milliseconds(limitMilliseconds),
        "seed \(seed): \(time.map { "\($0.milliseconds) ms" } ?? "never")")
    }
  }

  @Test("§3.4 a node without a leader, whose log a candidate lacks, asks soon: it waits for no leader")
  func noLeaderToWaitFor() {
    var raft = Raft<Notes>(
      me: "n0", configuration: Configuration(voters: ["n0", "n1", "n2"]), random: Random(seed: 1), at: .zero)
    let append = Append<Notes.Message>(
      term: 1, previousIndex: 0, previousTerm: 0, entries: [Entry(term: 1, .nothing)], commit: 0, round: 1,
      timeoutMilliseconds: 3000)
    raft.receive(.append(append), from: "n1", at: .zero)
    #expect(raft.deadline! >= .zero + .seconds(3))
    for (term, kind) in [(2, RequestVote.Kind.pre), (2, .real)] {
      var copy = raft
      let now = Instant.zero + .milliseconds(3000)
      let request = RequestVote(term: term, lastIndex: 0, lastTerm: 0, kind: kind)
      copy.receive(.requestVote(request), from: "n2", at: now)
      #expect(copy.deadline! <= now + copy.timing.timeout / 2, "\(kind)")
    }
  }

  @Test("§3.4 a network that has become fast again is known to be so within seconds")
  func fastAgain() {
    var group = RaftGroup()
    _ = group.run(for: .seconds(12), latency: .milliseconds(400)) { _ in false }
    let leader = group.leader!
    #expect(group[leader].timing.measuredTimeout > .seconds(1))
    for value in 0..<60 {
      _ = group.propose(value, at: leader)
      _ = group.run(for: .milliseconds(40), latency: .milliseconds(10)) { _ in false }
    }
    #expect(group.leader == leader)
    #expect(group.names.allSatisfy { group[$0].timing.timeout < .milliseconds(400) })
  }

  @Test("§3.10 leadership is handed over without a timeout")
  func transfer() {
    var (group, leader) = led()
    let heir = group.names.last { $0 != leader }!
    group.on(leader) { $0.transfer(to: heir, at: $1) }
    #expect(group.propose(1, at: leader) == nil)
    group.deliverAll()
    #expect(group.leader == heir && group[leader].role == .follower)
  }

  /// A leader of three that has removed one, once that one has answered, and once the other has. What it has committed then.
  private func commitsOfTwo() -> [Int] {
    var (group, leader) = led()
    let others = group.names.filter { $0 != leader }
    _ = group.on(leader) { $0.change(MembershipChange(others[1], isMember: false), at: $1) }
    return others.reversed().map { node in
      group.on(leader) {
        let appended = Appended(term: 1, index: 2, refused: nil, round: 1)
        $0.receive(.appended(appended), from: node, at: $1)
        return $0.commit
      }
    }
  }

  @Test("§4.1 a configuration counts from the moment at which it is in the log")
  func inForce() {
    #expect(commitsOfTwo() == [1, 2])
    #expect(Mistake.$made.withValue(.countsInOldConfiguration) { commitsOfTwo() } == [2, 2])
  }

  @Test("§4.1 no change before the leader's term has committed an entry (the bug of 2015)")
  func noopFirst() {
    var (group, old) = led(4)
    group.isolated = [old]
    var new: NodeID?
    while new == nil {
      group.pass(.milliseconds(10))
      if !group.mail.isEmpty { group.deliver() }
      new = group.names.first { $0 != old && group[$0].role == .leader }
    }
    #expect(group.on(new!) { $0.change(MembershipChange(old, isMember: false), at: $1) } == .underWay)
    #expect(group[new!].configuration.voters.count == 4)
    group.run(for: .seconds(1))
    #expect(group.on(new!) { $0.change(MembershipChange(old, isMember: false), at: $1) } == .underWay)
    #expect(group[new!].configuration.voters.count == 3)
    group.run(for: .seconds(1))
    #expect(group.on(new!) { $0.change(MembershipChange(old, isMember: false), at: $1) } == .done)
  }

  @Test("§4.1 one change at a time, and the last voter stays")
  func oneChange() {
    var (group, leader) = led()
    let others = group.names.filter { $0 != leader }
    #expect(group.on(leader) { $0.change(MembershipChange(others[0], isMember: false), at: $1) } == .underWay)
    #expect(group.on(leader) { $0.change(MembershipChange(others[1], isMember: false), at: $1) } == .underWay)
    #expect(group[leader].configuration.voters.count == 2)
    group.run(for: .milliseconds(500))
    // Its own vote is then a majority.
    #expect(group.on(leader) { $0.change(MembershipChange(others[1], isMember: false), at: $1) } == .underWay)
    #expect(group.on(leader) { $0.change(MembershipChange(others[1], isMember: false), at: $1) } == .done)
    guard case .refused = group.on(leader, { $0.change(MembershipChange(leader, isMember: false), at: $1) })
    else {
      Issue.record("the last voter was removed")
      return
    }
  }

  @Test("§4.2.1 a new node catches up before it votes")
  func learner() {
    var (group, leader) = led()
    let node = group.names.last { $0 != leader }!
    _ = group.on(leader) { $0.change(MembershipChange(node, isMember: false), at: $1) }
    group.run(for: .seconds(2))
    #expect(!group[node].configuration.contains(node) && group[node].deadline == nil)
    for value in 1...50 { _ = group.propose(value, at: leader) }
    group.deliverAll()
    group.isolated = [node]
    _ = group.on(leader) { $0.change(MembershipChange(node, isMember: true), at: $1) }
    group.run(for: .milliseconds(500))
    #expect(group[leader].configuration.learners == [node])
    group.isolated = []
    group.run(for: .seconds(1))
    #expect(group[leader].configuration.voters == group.names)
    #expect(group[node].machine.values == Array(1...50))
  }

  @Test("§4.2.2 a leader that removes itself hands over, and takes no part any more")
  func removedLeader() {
    var (group, old) = led()
    _ = group.on(old) { $0.change(MembershipChange(old, isMember: false), at: $1) }
    group.deliverAll()
    #expect(group[old].role == .follower && group[old].deadline == nil)
    let new = group.leader!
    #expect(new != old)
    #expect(group.propose(1, at: new) != nil)
    group.run(for: .milliseconds(200))
    #expect(group[new].machine.values == [1] && group[new].configuration.voters.count == 2)
  }

  @Test("§4.2.2 a node that was removed while nobody could tell it learns it once it speaks up")
  func reminder() {
    var (group, leader) = led()
    let node = group.names.last { $0 != leader }!
    group.isolated = [node]
    _ = group.on(leader) { $0.change(MembershipChange(node, isMember: false), at: $1) }
    group.run(for: .seconds(5))
    #expect(group[node].configuration.contains(node) && group[leader].peers.count == 1)
    group.isolated = []
    group.run(for: .seconds(2))
    #expect(!group[node].configuration.contains(node) && group[node].deadline == nil)
    #expect(group.leader == leader && group[leader].term == 1)
  }

  @Test("§4.2.1 a single voter commits while a learner is silent")
  func silentLearner() {
    var (group, leader) = led(2)
    let node = group.names.first { $0 != leader }!
    _ = group.on(leader) { $0.change(MembershipChange(node, isMember: false), at: $1) }
    group.deliverAll()
    group.kill(node)
    _ = group.on(leader) { $0.change(MembershipChange(node, isMember: true), at: $1) }
    let id = group.propose(1, at: leader)!
    #expect(group[leader].configuration.learners == [node])
    #expect(group.answers[leader]?[id] == .success(.all([1])))
    _ = group.on(leader) { $0.read(1, life: 1, of: leader, askedIn: $0.term, at: $1) }
    #expect(group.readBatches[leader] == [1])
  }

  @Test("§4.2.3, §9.6 a node that was cut off disturbs nobody when it comes back")
  func disruption() {
    var (group, leader) = led()
    let node = group.names.last { $0 != leader }!
    group.isolated = [node]
    group.run(for: .seconds(10))
    #expect(group[node].role == .preCandidate && group[node].term == 1)
    group.isolated = []
    group.run(for: .seconds(1))
    #expect(group.leader == leader && group[leader].term == 1 && group[node].leader == leader)
  }

  @Test("§9.6 a leader that has stepped down need not wait until its followers miss it")
  func lostLeadership() {
    var (group, leader) = led()
    let followers = group.names.filter { $0 != leader }
    let log = group[leader].log
    let request = RequestVote(term: 2, lastIndex: log.lastIndex, lastTerm: log.lastTerm, kind: .pre)
    func answer(to candidate: NodeID) -> Vote? {
      group.mail.removeAll()
      group.on(followers[0]) { $0.receive(.requestVote(request), from: candidate, at: $1) }
      for letter in group.mail { if case .vote(let vote) = letter.message { return vote } }
      return nil
    }
    #expect(answer(to: followers[1])?.isGranted == false, "others would disturb")
    #expect(answer(to: leader)?.isGranted == true)
    #expect(group[followers[0]].leader == nil && answer(to: followers[1])?.isGranted == true)
  }

  @Test("§5 a node that lacks what is compacted gets a snapshot, in parts")
  func snapshot() {
    var limits = Raft<Notes>.Limits()
    limits.messageBytes = 320
    limits.tailBytes = 1000
    var group = RaftGroup(3, limits: limits)
    group.run(for: .seconds(1))
    let leader = group.leader!
    let node = group.names.last { $0 != leader }!
    group.isolated = [node]
    for value in 1...100 {
      _ = group.propose(value, at: leader)
      group.deliverAll()
    }
    #expect(group[leader].log.baseIndex > 50)
    group.isolated = []
    var parts = 0
    while group[node].machine.values.count < 100, parts < 100 {
      group.pass(.milliseconds(10))
      for letter in group.mail {
        if case .snapshot(let part) = letter.message {
          parts += 1
          #expect(part.pieces.count <= 10)
        }
      }
      group.deliverAll()
    }
    #expect(group[node].machine.values == Array(1...100))
    // And what it has stored is the same.
    group.kill(node)
    group.start(node)
    #expect(group[node].machine.values.count >= 50)
    group.run(for: .seconds(1))
    #expect(group[node].machine.values == Array(1...100))
  }

  @Test("§5.1 a checkpoint stands for all that was stored, configuration and vote included")
  func checkpoint() {
    var (group, leader) = led()
    let gone = group.names.last { $0 != leader }!
    _ = group.on(leader) { $0.change(MembershipChange(gone, isMember: false), at: $1) }
    for value in 1...20 { _ = group.propose(value, at: leader) }
    group.run(for: .milliseconds(300))
    group.checkpoint(leader)
    let before = group[leader]
    group.kill(leader)
    group.start(leader)
    #expect(group[leader].machine.values == before.machine.values)
    #expect(group[leader].configuration == before.configuration && group[leader].term == before.term)
    #expect(group[leader].sessions == before.sessions && group[leader].life == before.life + 1)
  }

  @Test("§6.2 a leader that hears no majority gives up")
  func checkQuorum() {
    var (group, leader) = led()
    group.isolated = Set(group.names).subtracting([leader])
    group.run(for: .seconds(1))
    #expect(group[leader].role != .leader)
  }

  @Test("§6.3 a command that is in the log twice is applied once, by later leaders too")
  func once() {
    var (group, leader) = led()
    let origin = group.names.first { $0 != leader }!
    let copies = RaftMessage<Notes>.forward(life: 1, [Forwarded(number: 1, .add(5))])
    group.on(leader) { $0.receive(copies, from: origin, at: $1) }
    group.on(leader) { $0.receive(copies, from: origin, at: $1) }
    group.run(for: .milliseconds(300))
    #expect(group[leader].log.lastIndex == 3 && group[leader].machine.values == [5])
    group.on(leader) { $0.transfer(at: $1) }
    group.deliverAll()
    let next = group.leader!
    group.on(next) { $0.receive(copies, from: origin, at: $1) }
    group.run(for: .milliseconds(300))
    #expect(group[next].machine.values == [5])
  }

  @Test("§6.3 a copy of what an earlier life has sent is not applied after the next one's")
  func lives() {
    var sessions = Sessions()
    func admit(_ life: Int, _ number: Int) -> Bool {
      sessions.admit(CommandID(origin: "n1", life: life, number: number))
    }
    #expect(admit(1, 2) && admit(1, 1) && !admit(1, 1) && !admit(1, 2))
    #expect(admit(2, 1) && !admit(1, 3))
    let last = 2 + Sessions.overtakingMax
    #expect(admit(2, last) && admit(2, 2) && !admit(2, 2))
    #expect(admit(2, last + 1) && admit(2, last + 2) && !admit(2, 1))
    #expect(admit(2, last + 3 + Sessions.overtakingMax) && !admit(2, last - 1))
  }

  @Test("§6.4 a read waits for a majority that answers after it came")
  func readIndex() {
    var (group, leader) = led()
    #expect(group.on(leader) { $0.read(1, life: $0.life, of: leader, askedIn: $0.term, at: $1) })
    #expect(group.readBatches[leader] == nil)
    group.deliverAll()
    #expect(group.readBatches[leader] == [1])
    group.isolated = Set(group.names).subtracting([leader])
    _ = group.on(leader) { $0.read(2, life: $0.life, of: leader, askedIn: $0.term, at: $1) }
    group.run(for: .seconds(1))
    #expect(group.readBatches[leader] == [1])
  }

  @Test("§6.4 a follower reads its own state, once it has applied what was committed before")
  func followerReads() {
    var (group, leader) = led()
    let follower = group.names.first { $0 != leader }!
    _ = group.propose(3, at: leader)
    group.deliverAll()
    group.on(leader) { $0.receive(.readIndex(life: 1, batch: 9, term: 1), from: follower, at: $1) }
    group.deliverAll()
    #expect(group.readBatches[follower] == [9] && group[follower].machine.values == [3])
  }

  /// Whom a leader sends something when a query comes.
  private func asked(_ count: Int, by node: (RaftGroup, NodeID) -> NodeID, term: Int = 1) -> [NodeID] {
    var (group, leader) = led(count)
    let node = node(group, leader)
    if node == leader {
      _ = group.on(leader) { $0.read(9, life: 1, of: leader, askedIn: term, at: $1) }
    } else {
      group.on(leader) { $0.receive(.readIndex(life: 1, batch: 9, term: term), from: node, at: $1) }
    }
    return group.mail.map(\.to)
  }

  @Test(
    "§6.4 the node that asks confirms the leader itself, unless it knows of a later term; no more are asked than are needed"
  )
  func confirmers() {
    let last = { (group: RaftGroup, leader: NodeID) in group.names.last { $0 != leader }! }
    #expect(asked(3, by: last) == ["n2"], "answered at once")
    #expect(Set(asked(3, by: last, term: 2)).count == 1 && asked(3, by: { $1 }).count == 1)
    #expect(asked(5, by: { $1 }).count == 2)
    let others = asked(5, by: last)
    #expect(others.count == 1 && others != ["n4"], "that one's confirmation is there already")
    #expect(asked(5, by: last, term: 2).count == 2)
  }

  @Test("§6.4 where a node that was asked to confirm is silent, all are asked at the next heartbeat")
  func silentConfirmer() {
    var (group, leader) = led(5)
    _ = group.on(leader) { $0.read(1, life: $0.life, of: leader, askedIn: $0.term, at: $1) }
    let first = group.mail.map(\.to)
    group.isolated = Set(first)
    group.deliverAll()
    #expect(first.count == 2 && group.readBatches[leader] == nil)
    group.run(for: .milliseconds(200))
    #expect(group.readBatches[leader] == [1])
    // Those that have answered are asked first from then on.
    _ = group.on(leader) { $0.read(2, life: $0.life, of: leader, askedIn: $0.term, at: $1) }
    #expect(Set(group.mail.map(\.to)).isDisjoint(with: first))
  }
}
