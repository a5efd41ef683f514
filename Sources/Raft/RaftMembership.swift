public import Glomers

/// Who takes part (chapter 4), who leads (§3.10), and what is compacted (chapter 5).
extension Raft {
  // MARK: Members

  public enum ChangeAnswer: Equatable, Sendable {
    /// The configuration in force has it so, and is committed.
    case done
    /// Another change is under way, or this one: ask again.
    case underWay
    case refused(RPCError)
    case notLeader
  }

  /// Makes a node a member, or removes it: one at a time.
  ///
  /// Not before this leader has committed an entry of its term: otherwise two leaders could each change a configuration
  /// that the other has changed, and their majorities need not meet (Ongaro, *bug in single-server membership changes*,
  /// raft-dev, July 2015).
  public mutating func change(_ change: MembershipChange, at now: Instant) -> ChangeAnswer {
    self.now = now
    guard role == .leader else { return .notLeader }
    guard commit >= termStart, log.configurationIndex <= commit else { return .underWay }
    let configuration = log.configuration
    if change.isMember {
      if configuration.voters.contains(change.node) { return .done }
      if configuration.learners.contains(change.node) { return .underWay }
      enter(configuration.teaching(change.node))
    } else {
      guard configuration.contains(change.node) else { return .done }
      guard configuration.voters != [change.node] else {
        return .refused(.preconditionFailed("\(change.node) is the last voter: add another member first"))
      }
      enter(configuration.removing(change.node))
    }
    return .underWay
  }

  /// A configuration is in force from the moment at which it is in the log (§4.1).
  private mutating func enter(_ configuration: Configuration) {
    for node in configuration.members where node != me {
      removedAt[node] = nil
      if !peers.contains(where: { $0.node == node }) {
        peers.append(Peer(node, after: log.lastIndex, at: now))
      }
    }
    // They are sent the log for a while yet, so that they learn that they are out.
    for peer in peers where !configuration.contains(peer.node) && removedAt[peer.node] == nil {
      removedAt[peer.node] = now
    }
    add(.configuration(configuration))
    advanceCommit()
  }

  /// A node that was removed, and shows that it does not know, is sent the log for a while, as when it was removed.
  mutating func remind(_ node: NodeID) {
    guard role == .leader, !log.configuration.contains(node), !peers.contains(where: { $0.node == node })
    else { return }
    peers.append(Peer(node, after: log.lastIndex, at: now))
    removedAt[node] = now
  }

  mutating func forgetRemoved() {
    guard !removedAt.isEmpty else { return }
    let gone = removedAt.filter { now - $0.value > timing.timeout * 4 }
    peers.removeAll { gone[$0.node] != nil }
    for node in gone.keys { removedAt[node] = nil }
  }

  /// A learner that has all that is committed has caught up (§4.2.1).
  mutating func promoteLearner(at place: Int) {
    guard role == .leader else { return }
    let peer = peers[place]
    guard peer.match >= commit, log.configuration.learners.contains(peer.node), commit >= termStart,
      log.configurationIndex <= commit
    else { return }
    enter(log.configuration.promoting(peer.node))
  }

  /// A leader that has committed a configuration without itself hands over, and is gone (§4.2.2).
  mutating func membershipCommitted() {
    guard role == .leader, log.configurationIndex <= commit, !log.configuration.contains(me),
      Machine.flaw != .goesOnRemoved
    else { return }
    // Its members, and the node that was removed, are to hear of it.
    round += 1
    for place in peers.indices {
      send(.append(entries(0, from: peers[place].match + 1)), to: peers[place].node)
    }
    let heirs = peers.filter { log.configuration.voters.contains($0.node) }
    if let heir = heirs.max(by: { $0.match < $1.match }) { send(.timeoutNow(term: term), to: heir.node) }
    follow(nil, in: term)
  }

  // MARK: Leadership (§3.10)

  /// Makes another voter the leader: the one named, or the one whose log is longest. Until it is, or an election timeout
  /// has passed, no commands are taken.
  public mutating func transfer(to node: NodeID? = nil, at now: Instant) {
    self.now = now
    let heirs = peers.filter { log.configuration.voters.contains($0.node) }
    guard role == .leader, transferring == nil,
      let heir = node ?? heirs.max(by: { $0.match < $1.match })?.node,
      heirs.contains(where: { $0.node == heir })
    else { return }
    transferring = (heir, now + timing.timeout)
    handOver()
  }

  /// The heir has all there is: it may begin.
  mutating func handOver() {
    guard let heir = transferring?.to,
      peers.contains(where: { $0.node == heir && $0.match == log.lastIndex })
    else { return }
    send(.timeoutNow(term: term), to: heir)
  }

  // MARK: Snapshots

  /// What the state machine stands for now.
  private var header: SnapshotHeader {
    SnapshotHeader(
      index: applied, term: log.term(at: applied) ?? log.baseTerm,
      configuration: Machine.flaw == .forgetsConfiguration ? initial : log.configuration(at: applied),
      sessions: sessions)
  }

  mutating func beginSnapshot(for place: Int) {
    peers[place].probe(from: peers[place].next)
    peers[place].mode = .snapshot(.init(header: header, pieces: machine.pieces))
    sendPart(to: place, isForced: true)
  }

  mutating func sendPart(to place: Int, isForced: Bool) {
    guard case .snapshot(var transfer) = peers[place].mode else { return }
    let isLost = transfer.waitingSince.map { now - $0 >= max(timing.answerMax * 2, timing.heartbeat) } ?? true
    guard isLost else {
      guard isForced else { return }
      // It may well refuse: its answer tells that it still follows.
      send(.append(entries(0, from: log.baseIndex + 1)), to: peers[place].node)
      (peers[place].lastSent, peers[place].sentRound) = (now, round)
      return
    }
    var (end, bytes) = (transfer.taken, 0)
    while end < transfer.pieces.count {
      bytes += Machine.encodedBytes(of: transfer.pieces[end])
      if bytes > limits.messageBytes, end > transfer.taken { break }
      end += 1
    }
    let part = SnapshotPart<Machine>(
      term: term, header: transfer.header, offset: transfer.taken,
      pieces: Array(transfer.pieces[transfer.taken..<end]), isLast: end == transfer.pieces.count, round: round
    )
    send(.snapshot(part), to: peers[place].node)
    transfer.waitingSince = now
    peers[place].mode = .snapshot(transfer)
    (peers[place].lastSent, peers[place].sentRound) = (now, round)
  }

  mutating func take(_ taken: SnapshotTaken, from node: NodeID) {
    guard let place = heard(node, round: taken.round), case .snapshot(var transfer) = peers[place].mode,
      transfer.header.index == taken.index
    else { return confirmReads() }
    if let count = taken.count {
      guard 0...transfer.pieces.count ~= count else { return }
      transfer.taken = count
      transfer.waitingSince = nil
      peers[place].mode = .snapshot(transfer)
    } else {
      peers[place].mode = .probe(isWaiting: false)
      peers[place].matched(taken.index, at: now)
      advanceCommit()
      promoteLearner(at: place)
    }
    confirmReads()
  }

  mutating func take(_ part: SnapshotPart<Machine>, from leader: NodeID) {
    guard role != .leader else { return }
    follow(leader, in: part.term)
    let index = part.header.index
    guard index > commit else { return answer(part, count: nil, to: leader) }
    if receipt?.header.index != index || receipt?.header.term != part.header.term {
      receipt = (part.header, [])
    }
    guard receipt!.pieces.count == part.offset else {
      return answer(part, count: receipt!.pieces.count, to: leader)
    }
    receipt!.pieces += part.pieces
    guard part.isLast else { return answer(part, count: receipt!.pieces.count, to: leader) }
    let pieces = receipt!.pieces
    receipt = nil
    persistAdded()
    persist(.snapshot(part.header))
    for piece in pieces { persist(.piece(piece)) }
    persist(.snapshotEnd(index: index))
    // What follows in this log, and agrees, stays: it may have been acknowledged (figure 5.3, step 6).
    var rest: [Entry<Machine.Message>] = []
    if log.term(at: index) == part.header.term {
      rest = log.entries(after: index, count: log.lastIndex - index)
    }
    install(part.header, pieces)
    for entry in rest { log.append(entry) }
    if !rest.isEmpty { persist(.entries(after: index, rest)) }
    markHandedOver()
    act(.restored)
    act(.changed(part.header.configuration))
    answer(part, count: nil, to: leader)
  }

  private mutating func answer(_ part: SnapshotPart<Machine>, count: Int?, to leader: NodeID) {
    let taken = SnapshotTaken(term: term, index: part.header.index, count: count, round: part.round)
    send(.snapshotTaken(taken), to: leader)
  }

  private mutating func install(_ header: SnapshotHeader, _ pieces: [Machine.Piece]) {
    machine = Machine()
    for piece in pieces { machine.restore(piece) }
    sessions = header.sessions
    log.reset(to: header.index, header.term, header.configuration)
    commit = header.index
    applied = header.index
  }

  // MARK: Recovery

  /// Takes in what earlier lives of this node have stored.
  mutating func recover(_ records: [RaftRecord<Machine>]) {
    for record in records {
      switch record {
      case .life(let number, let cluster):
        life = number
        if !cluster.isEmpty { recordedCluster = cluster }
      case .vote(let term, let candidate):
        self.term = term
        votedFor = candidate
      case .entries(let index, let entries):
        guard log.baseIndex...log.lastIndex ~= index else { continue }
        log.truncate(after: index)
        for entry in entries { log.append(entry) }
      case .snapshot(let header): receipt = (header, [])
      case .piece(let piece): receipt?.pieces.append(piece)
      case .snapshotEnd(let index):
        if let whole = receipt, whole.header.index == index { install(whole.header, whole.pieces) }
        receipt = nil
      }
    }
    receipt = nil
  }

  /// Compares the cluster with that of earlier lives. Nodes that were removed may be left out from then on.
  mutating func settleCluster() {
    let (names, members) = (initial.members, log.configuration.members)
    let isLogged = log.configurationIndex > 0
    if !members.allSatisfy(names.contains) {
      otherCluster = members
    } else if recordedCluster.isEmpty || recordedCluster == names || isLogged && members == names {
      recordedCluster = names
    } else {
      otherCluster = recordedCluster
    }
  }

  /// Records that stand for all that this node has persisted.
  public var checkpoint: [RaftRecord<Machine>] {
    var records: [RaftRecord<Machine>] = [
      .life(life, cluster: recordedCluster), .vote(term: term, candidate: votedFor),
    ]
    var (header, start) = (header, applied)
    if Machine.flaw == .appliesTwice {
      start = log.baseIndex
      header = SnapshotHeader(
        index: start, term: log.baseTerm, configuration: log.configuration(at: start), sessions: Sessions())
    }
    if header.index > 0 || Machine.flaw == .appliesTwice {
      records.append(.snapshot(header))
      records += machine.pieces.map { .piece($0) }
      records.append(.snapshotEnd(index: header.index))
    }
    while start < log.lastIndex {
      let count = log.count(after: start, bytesMax: limits.messageBytes)
      records.append(.entries(after: start, log.entries(after: start, count: count)))
      start += count
    }
    return records
  }
}
