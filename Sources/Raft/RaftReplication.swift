public import Glomers

/// The log from the leader to the others (§3.5), and into the state machine.
extension Raft {
  // MARK: The leader

  /// Puts a command into the log. False if this node does not lead, or can't for now: it certainly was not put there.
  public mutating func propose(_ command: Machine.Message, as call: CommandID, at now: Instant) -> Bool {
    self.now = now
    guard role == .leader, transferring == nil,
      log.bytes(after: commit, upTo: log.lastIndex) < limits.uncommittedBytes
    else { return false }
    add(.command(command, call))
    return true
  }

  /// Appends to the leader's own log. Sent with the next ``flush(at:)``.
  mutating func add(_ payload: Entry<Machine.Message>.Payload) {
    log.append(Entry(term: term, payload))
  }

  /// Whether no other node's answer is needed.
  private var isMajorityAlone: Bool {
    let voters = log.configuration.voters
    return voters.count == 1 && voters[0] == me
  }

  /// Sends what has gathered: to be called once all that has come at an instant has been taken.
  public mutating func flush(at now: Instant) {
    self.now = now
    guard role == .leader else { return }
    persistAdded()
    round += 1
    let asked = confirmers
    for place in peers.indices { send(to: place, isForced: asked.contains(place)) }
    if isMajorityAlone {
      advanceCommit()
      confirmReads()
    }
    releaseReads()
  }

  /// Whether ``flush(at:)`` has something to send.
  public var wantsFlush: Bool {
    guard role == .leader else { return false }
    if reads.wants(round + 1) || isMajorityAlone && commit < log.lastIndex { return true }
    return peers.contains { peer in
      switch peer.mode {
      case .replicate:
        peer.next <= log.lastIndex && peer.flightBytes < limits.flightBytes
          || peer.wantsCommit(commit)
      case .probe(let isWaiting): !isWaiting
      case .snapshot(let transfer): transfer.waitingSince == nil
      }
    }
  }

  /// Heartbeats, repetitions of what was lost, and whether a majority is still there (§6.2).
  mutating func beat() {
    if now >= quorumDeadline {
      let isHeard = log.configuration.isMajority { node in
        node == me || peers.contains { $0.node == node && now - $0.lastHeard < timing.timeout }
      }
      guard isHeard else { return follow(nil, in: term) }
      quorumDeadline = now + timing.timeout
    }
    beatDeadline = now + timing.heartbeat
    if let transfer = transferring, now >= transfer.deadline { transferring = nil }
    forgetRemoved()
    round += 1
    let patience = max(timing.answerMax * 2, timing.heartbeat)
    let asked = confirmers
    for place in peers.indices {
      let peer = peers[place]
      if case .replicate = peer.mode, peer.isWaiting, now - peer.lastProgress >= patience {
        peers[place].probe(from: peer.match + 1)
      }
      if asked.contains(place) || now - peer.lastSent >= timing.heartbeat * 3 / 4 {
        send(to: place, isForced: true)
      }
    }
  }

  private mutating func send(to place: Int, isForced: Bool) {
    if case .snapshot = peers[place].mode { return sendPart(to: place, isForced: isForced) }
    if peers[place].next <= log.baseIndex { return beginSnapshot(for: place) }
    if case .probe(let isWaiting) = peers[place].mode {
      if !isWaiting || isForced { sendEntries(0, to: place) }
      peers[place].mode = .probe(isWaiting: true)
      return
    }
    var isSent = false
    while peers[place].next <= log.lastIndex, peers[place].flightBytes < limits.flightBytes {
      sendEntries(
        log.count(after: peers[place].next - 1, bytesMax: limits.messageBytes), to: place)
      isSent = true
    }
    if isSent { return }
    if isForced { return sendEntries(0, to: place) }
    guard peers[place].wantsCommit(commit) else { return }
    let index = min(commit, peers[place].next - 1)
    guard let indexTerm = log.term(at: index) else { return sendEntries(0, to: place) }
    send(.committed(Committed(term: term, index: index, indexTerm: indexTerm)), to: peers[place].node)
    told(commitAt: place)
  }

  func entries(_ count: Int, from next: Int) -> Append<Machine.Message> {
    Append(
      term: term, previousIndex: next - 1, previousTerm: log.term(at: next - 1) ?? 0,
      entries: count == 0 ? [] : log.entries(after: next - 1, count: count), commit: commit, round: round,
      timeoutMilliseconds: Int(timing.measuredTimeout.nanoseconds / 1_000_000))
  }

  private mutating func sendEntries(_ count: Int, to place: Int) {
    let next = peers[place].next
    send(.append(entries(count, from: next)), to: peers[place].node)
    // One round at a time is timed, so that a network that has become fast again is soon known to be.
    if sample == nil { sample = (round, now) }
    (peers[place].lastSent, peers[place].sentRound) = (now, round)
    if count > 0 {
      peers[place].sent(count, bytes: log.bytes(after: next - 1, upTo: next - 1 + count), at: now)
    }
    told(commitAt: place)
  }

  /// What a peer can be told to commit is what it then has.
  private mutating func told(commitAt place: Int) {
    peers[place].toldCommit = min(commit, peers[place].next - 1)
    if peers[place].toldCommit == commit { peers[place].awaitsCommit = false }
  }

  mutating func take(_ appended: Appended, from node: NodeID) {
    guard let place = heard(node, round: appended.round) else { return }
    if let refused = appended.refused {
      switch peers[place].mode {
      case .replicate where refused > peers[place].match,
        .probe where refused == peers[place].next - 1:
        peers[place].probe(from: min(refused, appended.index + 1))
      default: break
      }
    } else if appended.index <= log.lastIndex {
      peers[place].matched(appended.index, at: now)
      advanceCommit()
      promoteLearner(at: place)
      handOver()
    }
    confirmReads()
  }

  /// Takes note that a node has answered this leader. Returns its place among the peers.
  mutating func heard(_ node: NodeID, round answered: Int) -> Int? {
    guard role == .leader, answered <= round, let place = peers.firstIndex(where: { $0.node == node })
    else { return nil }
    peers[place].lastHeard = now
    peers[place].round = max(peers[place].round, answered)
    if let sample, answered >= sample.round {
      // Where a later round is answered first, the answer to this one is late, or lost.
      if answered == sample.round { timing.measured(now - sample.at) }
      self.sample = nil
    }
    return place
  }

  /// Commits what a majority holds, if it ends in an entry of this term: an older one may be overwritten although a
  /// majority holds it (§3.6.2, figure 3.8).
  mutating func advanceCommit() {
    guard role == .leader else { return }
    var counting = counting
    if Machine.flaw == .goesOnRemoved, !counting.voters.contains(me) {
      counting = Configuration(voters: [me])
    }
    var matches: [Int] = []
    for voter in counting.voters { matches.append(match(of: voter)) }
    let index = Configuration.reachedByMajority(matches)
    guard index > commit, log.term(at: index) == term || Machine.flaw == .commitsOlderTerms else { return }
    commit(upTo: index)
  }

  /// Up to where a node's log is known to be this leader's.
  private func match(of node: NodeID) -> Int {
    if node == me { return log.lastIndex }
    for peer in peers where peer.node == node { return peer.match }
    return 0
  }

  // MARK: Reads (§6.4)

  /// Asks for an index at which queries may be answered. False if this node does not lead.
  ///
  /// - Parameter askedIn: the term in which the node was when it asked: if that is not a later one, the node has not voted
  ///   for a later leader, and is one of the majority that is needed.
  public mutating func read(_ batch: Int, life: Int, of node: NodeID, askedIn term: Int, at now: Instant)
    -> Bool
  {
    self.now = now
    guard role == .leader else { return false }
    // What earlier terms have committed is committed once the first entry of this one is.
    let index = max(commit, termStart)
    let isBacked = node != me && term <= self.term && log.configuration.voters.contains(node)
    reads.ask(
      ReadQueue.Read(node: node, life: life, batch: batch, index: index, round: round + 1, isBacked: isBacked)
    )
    confirmReads()
    releaseReads()
    return true
  }

  /// Those that a majority has confirmed go back to the nodes that asked.
  mutating func confirmReads() {
    guard role == .leader, !reads.isEmpty else { return }
    while let read = reads.first, isConfirmed(read) {
      reads.removeFirst()
      if read.node == me {
        reads.mayRead(read.batch, at: read.index)
      } else if let place = peers.firstIndex(where: { $0.node == read.node }) {
        let commit = min(commit, peers[place].match)
        let answer = ReadAt(
          term: term, life: read.life, batch: read.batch, index: read.index, commit: commit)
        send(.readAt(answer), to: read.node)
      }
    }
  }

  /// Whether a majority knew of no later leader after the query came: this node, the one that asks, and those that have
  /// answered since.
  private func isConfirmed(_ read: ReadQueue.Read) -> Bool {
    if Machine.flaw == .readsWithoutAsking { return true }
    if Machine.flaw == .goesOnRemoved, !log.configuration.voters.contains(me) { return true }
    var count = 0
    for node in log.configuration.voters where node == me || read.isBacked && node == read.node { count += 1 }
    for peer in peers where peer.round >= read.round && !(read.isBacked && peer.node == read.node) {
      if log.configuration.voters.contains(peer.node) { count += 1 }
    }
    return 2 * count > log.configuration.voters.count
  }

  /// The places of those peers whose answers to this round confirm the queries that wait for it: no more than are needed,
  /// of those that are likely to answer first. Where one does not, the next heartbeats ask all.
  private var confirmers: [Int] {
    guard reads.wants(round) else { return [] }
    let voters = log.configuration.voters
    let candidates = peers.indices.filter { voters.contains(peers[$0].node) }
      .sorted { peers[$0].answersSooner(than: peers[$1]) }
    var count = 0
    for read in reads.waiting(for: round) {
      var missing = voters.count / 2 + 1 - (voters.contains(me) ? 1 : 0) - (read.isBacked ? 1 : 0)
      var used = 0
      while missing > 0, used < candidates.count {
        if !(read.isBacked && peers[candidates[used]].node == read.node) { missing -= 1 }
        used += 1
      }
      count = max(count, used)
    }
    return Array(candidates.prefix(count))
  }

  /// Queries whose index has been applied may be answered.
  mutating func releaseReads() {
    while let batch = reads.popReadable(applied: applied) { act(.mayRead(batch: batch)) }
  }

  // MARK: The followers

  mutating func take(_ append: Append<Machine.Message>, from leader: NodeID) {
    // There is one leader in a term: what another sends is not of this cluster.
    guard role != .leader else { return }
    timing.told(milliseconds: append.timeoutMilliseconds)
    follow(leader, in: append.term)
    let last = append.previousIndex + append.entries.count
    var (previous, entries) = (append.previousIndex, append.entries[...])
    // The snapshot stands for what is committed, and so for the same entries.
    if previous < log.baseIndex {
      entries = entries.dropFirst(log.baseIndex - previous)
      previous = min(last, log.baseIndex)
    } else if log.term(at: previous) != append.previousTerm {
      let hint = agreement(before: previous)
      send(
        .appended(Appended(term: term, index: hint, refused: append.previousIndex, round: append.round)),
        to: leader)
      return
    }
    if !entries.isEmpty {
      // What is here already stays: the message may have been overtaken by a later one.
      while let first = entries.first, log.term(at: previous + 1) == first.term {
        entries = entries.dropFirst()
        previous += 1
      }
      if !entries.isEmpty {
        // No leader of this cluster overwrites what is committed: whoever sent this belongs to another one.
        guard previous >= commit else { return }
        persistAdded()
        log.truncate(after: previous)
        persist(.entries(after: previous, Array(entries)))
        for entry in entries { log.append(entry) }
        markHandedOver()
      }
    }
    commit(upTo: min(append.commit, last))
    send(.appended(Appended(term: term, index: last, refused: nil, round: append.round)), to: leader)
  }

  mutating func take(_ committed: Committed, from leader: NodeID) {
    guard role != .leader else { return }
    follow(leader, in: committed.term)
    if log.term(at: committed.index) == committed.indexTerm { commit(upTo: committed.index) }
  }

  /// An index at which the leader's log may agree: before the whole term that does not (§3.5).
  private func agreement(before index: Int) -> Int {
    guard index <= log.lastIndex, let term = log.term(at: index) else { return log.lastIndex }
    var index = index
    while index > max(commit, log.baseIndex), log.term(at: index) == term { index -= 1 }
    return index
  }

  // MARK: The state machine

  mutating func commit(upTo index: Int) {
    guard index > commit else { return }
    persistAdded()
    commit = index
    while applied < commit {
      applied += 1
      switch log[applied].payload {
      case .nothing: break
      case .command(let command, let call): apply(command, call)
      case .configuration(let configuration): act(.changed(configuration))
      }
    }
    compact()
    membershipCommitted()
  }

  /// Forgets the older half of the entries that are applied, once they have grown long. What follows a snapshot that is
  /// on its way stays, within reason: its receiver needs it next.
  private mutating func compact() {
    let bytes = log.bytes(after: log.baseIndex, upTo: applied)
    guard bytes > limits.tailBytes else { return }
    var index = log.baseIndex + (applied - log.baseIndex) / 2
    if bytes <= 4 * limits.tailBytes {
      for peer in peers {
        if case .snapshot(let transfer) = peer.mode { index = min(index, transfer.header.index) }
      }
    }
    log.compact(upTo: index)
  }

  private mutating func apply(_ command: Machine.Message, _ call: CommandID) {
    let isOwn = call.origin == me && call.life == life
    if sessions.admit(call) || Machine.flaw == .carriesOutCopies {
      if isOwn { act(.applied(call, machine.apply(command))) } else { machine.replay(command) }
    } else if isOwn {
      act(.skipped(call))
    }
    guard role == .leader, !isOwn else { return }
    for place in peers.indices where peers[place].node == call.origin { peers[place].awaitsCommit = true }
  }
}
