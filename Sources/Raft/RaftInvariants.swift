internal import Glomers

/// Figure 3.2's safety properties among the nodes of one cluster, and the rules from which they follow. Each node is looked
/// at after each of its events, by the simulator and by tests.
///
/// | property | what is held |
/// |---|---|
/// | election safety | A term has one leader, which a majority of its configuration has voted for (§3.4, §4.1). A node votes once a term, and neither its term nor its vote is forgotten once they are stored. |
/// | log matching | Entries with the same index and term are the same, and so are all entries before them (§3.5). |
/// | leader completeness | A leader has all that was committed in earlier terms. It commits nothing but what a majority of its configuration holds, up to an entry of its own term (§3.6.2, figure 3.8). |
/// | state machine safety | No two nodes apply different entries at an index, nor have different configurations there (§3.6.3, chapter 5). |
///
/// Only what has changed since a node was looked at last is looked at again: a new entry costs a look into a dictionary.
public struct RaftInvariants<Machine: StateMachine>: Sendable {
  public enum Property: String, CaseIterable, Sendable {
    case electionSafety = "election-safety"
    case logMatching = "log-matching"
    case leaderCompleteness = "leader-completeness"
    case stateMachineSafety = "state-machine-safety"
  }

  public struct Violation: Equatable, Sendable {
    public let property: Property
    /// One sentence, with nodes, terms and indexes.
    public let detail: String
  }

  /// So many entries and terms are remembered at least, counted back from the latest; at most twice as many.
  private static var memory: Int { 1 << 16 }

  private struct Place: Hashable {
    let index: Int
    let term: Int
  }

  private struct Ballot: Hashable {
    let voter: NodeID
    let candidate: NodeID
  }

  /// What happened in a term.
  private struct Election {
    var leader: NodeID?
    var ballots: Set<Ballot> = []
  }

  /// A node as it was looked at last.
  private struct Seen {
    var life = 0
    var term = 0
    var vote: NodeID?
    var isLeader = false
    var commit = 0
    var commitWhenElected = 0
    /// The commit index, stored or not, and who was to hold its entry when it got there: members may change before it is
    /// stored.
    var decided: (commit: Int, voters: [NodeID]) = (0, [])
    var base = 0
    var last = 0
    var lastTerm = 0
    /// Of the entries from `first` on: the term of each.
    var terms: [Int] = []
    var first = 1
    /// The last term and vote that were stored.
    var stored: (term: Int, vote: NodeID?) = (0, nil)

    /// Whether its log has an entry.
    func holds(_ index: Int, of term: Int) -> Bool {
      index <= base || index <= last && terms[index - first] == term
    }
  }

  private var nodes: [NodeID: Seen] = [:]
  private var elections: [Int: Election] = [:]
  private var latestTerm = 0
  /// Every entry that any log has had, and the term of the entry before it.
  private var entries: [Place: (entry: Entry<Machine.Message>, previousTerm: Int)] = [:]
  /// Entries after `committedBase` that any node has committed, and the term in which the first node did.
  private var committed: [(entry: Entry<Machine.Message>, term: Int)] = []
  private var committedBase = 0
  /// The configurations that are committed, by index.
  private var configurations: [(index: Int, configuration: Configuration)] = []

  public init() {}

  /// The greatest index that any node has committed.
  public var committedIndex: Int { committedBase + committed.count }

  /// Looks at a node after an event.
  ///
  /// - Parameter isStored: whether all that it has persisted is stored. Until it is, nobody has heard of what it has done, a
  ///   kill would take it back, and the log is not looked at.
  /// - Returns: the first property that does not hold.
  public mutating func look(at raft: Raft<Machine>, isStored: Bool) -> Violation? {
    // Taken out and put back: a copy of its terms would cost more than all the rest.
    var seen = nodes.removeValue(forKey: raft.me) ?? Seen()
    defer { nodes[raft.me] = seen }
    if configurations.isEmpty { configurations = [(0, raft.initial)] }

    if raft.term != seen.term || raft.votedFor != seen.vote, let violation = checkVote(raft, seen) {
      return violation
    }
    let isLeader = raft.role == .leader
    let isElected = isLeader && !(seen.isLeader && seen.term == raft.term)
    (seen.term, seen.vote, seen.isLeader) = (raft.term, raft.votedFor, isLeader)
    if isElected {
      seen.commitWhenElected = raft.commit
      if let violation = checkElection(raft) { return violation }
    }
    if raft.commit != seen.decided.commit { seen.decided = (raft.commit, raft.log.configuration.voters) }
    guard isStored else { return nil }

    seen.stored = (raft.term, raft.votedFor)
    let log = raft.log
    if log.lastIndex != seen.last || log.lastTerm != seen.lastTerm || log.baseIndex != seen.base,
      let violation = checkLog(raft, &seen)
    {
      return violation
    }
    if raft.life != seen.life { (seen.life, seen.commit) = (raft.life, 0) }
    let lastCommit = seen.commit
    guard raft.commit != lastCommit else { return nil }
    seen.commit = raft.commit
    if isLeader, raft.commit > max(lastCommit, seen.commitWhenElected),
      let violation = checkCommit(raft, seen)
    {
      return violation
    }
    return checkApplied(raft, after: lastCommit)
  }

  // MARK: Elections

  private mutating func checkVote(_ raft: Raft<Machine>, _ seen: Seen) -> Violation? {
    if raft.term < seen.stored.term {
      return Violation(
        property: .electionSafety,
        detail: "\(raft.me) had stored that it is in term \(seen.stored.term), and is in term \(raft.term)")
    }
    if raft.term == seen.stored.term, let vote = seen.stored.vote, raft.votedFor != vote {
      let now = raft.votedFor.map { "has now voted for \($0)" } ?? "does not know it any more"
      return Violation(
        property: .electionSafety, detail: "\(raft.me) had voted for \(vote) in term \(raft.term), and \(now)"
      )
    }
    if let vote = raft.votedFor {
      elections[raft.term, default: Election()].ballots.insert(Ballot(voter: raft.me, candidate: vote))
      latestTerm = max(latestTerm, raft.term)
      if elections.count > 2 * Self.memory {
        elections = elections.filter { $0.key > latestTerm - Self.memory }
      }
    }
    return nil
  }

  private mutating func checkElection(_ raft: Raft<Machine>) -> Violation? {
    let (term, name) = (raft.term, raft.me)
    var election = elections[term] ?? Election()
    if let other = election.leader, other != name {
      return Violation(property: .electionSafety, detail: "\(other) and \(name) lead in term \(term)")
    }
    let voters = raft.log.configuration.voters
    let supporters = voters.filter { election.ballots.contains(Ballot(voter: $0, candidate: name)) }
    guard 2 * supporters.count > voters.count else {
      return Violation(
        property: .electionSafety,
        detail:
          "\(name) leads in term \(term) by the votes of \(list(supporters)), no majority of \(list(voters))")
    }
    election.leader = name
    elections[term] = election
    guard let last = committed.lastIndex(where: { $0.term < term }) else { return nil }
    let index = committedBase + 1 + last
    guard index > raft.log.baseIndex else { return nil }
    guard index <= raft.log.lastIndex, raft.log[index] == committed[last].entry else {
      return Violation(
        property: .leaderCompleteness,
        detail: "\(name) leads in term \(term) without entry \(index) of term \(committed[last].entry.term),"
          + " which was committed by term \(committed[last].term)")
    }
    return nil
  }

  // MARK: Logs

  private mutating func checkLog(_ raft: Raft<Machine>, _ seen: inout Seen) -> Violation? {
    let log = raft.log
    // Where it agrees with what was looked at before.
    var agreed = log.lastIndex
    while agreed > log.baseIndex {
      let isKnown =
        agreed <= seen.last && agreed >= seen.first && seen.terms[agreed - seen.first] == log[agreed].term
      if isKnown { break }
      agreed -= 1
    }
    if agreed >= seen.first, agreed <= seen.last {
      seen.terms.removeLast(seen.last - agreed)
      let compacted = log.baseIndex + 1 - seen.first
      if compacted > seen.terms.count / 2 {
        seen.terms.removeFirst(min(compacted, seen.terms.count))
        seen.first = agreed + 1 - seen.terms.count
      }
    } else {
      (seen.terms, seen.first) = ([], agreed + 1)
    }
    (seen.base, seen.last, seen.lastTerm) = (log.baseIndex, log.lastIndex, log.lastTerm)
    for index in stride(from: agreed + 1, through: log.lastIndex, by: 1) {
      let (entry, previousTerm) = (log[index], log.term(at: index - 1)!)
      seen.terms.append(entry.term)
      if let known = entries.updateValue(
        (entry, previousTerm), forKey: Place(index: index, term: entry.term)),
        known.entry != entry || known.previousTerm != previousTerm
      {
        return Violation(
          property: .logMatching,
          detail: "\(raft.me) has at \(index) another entry of term \(entry.term) than a node had before,"
            + " or one that follows another")
      }
    }
    if entries.count > 4 * Self.memory {
      let oldest = committedIndex - Self.memory
      entries = entries.filter { $0.key.index > oldest }
    }
    return nil
  }

  // MARK: Commits

  /// A leader's commit index has risen.
  private func checkCommit(_ raft: Raft<Machine>, _ seen: Seen) -> Violation? {
    let (index, term) = (raft.commit, raft.term)
    let entryTerm = raft.log.term(at: index) ?? term
    guard entryTerm == term else {
      return Violation(
        property: .leaderCompleteness,
        detail: "\(raft.me) as the leader of term \(term) commits up to entry \(index) of term \(entryTerm),"
          + " which a later leader may lack")
    }
    let voters = seen.decided.voters
    let holders = voters.filter { node in
      (node == raft.me ? seen : nodes[node])?.holds(index, of: term) ?? false
    }
    guard 2 * holders.count > voters.count else {
      return Violation(
        property: .leaderCompleteness,
        detail:
          "\(raft.me) as the leader of term \(term) commits entry \(index), which \(list(holders)) hold,"
          + " no majority of \(list(voters))")
    }
    return nil
  }

  private mutating func checkApplied(_ raft: Raft<Machine>, after lastCommit: Int) -> Violation? {
    let log = raft.log
    for index in stride(from: max(lastCommit, log.baseIndex) + 1, through: raft.commit, by: 1) {
      let entry = log[index]
      if index <= committedBase { continue }
      if index <= committedIndex {
        let known = committed[index - committedBase - 1].entry
        guard known == entry else {
          return Violation(
            property: .stateMachineSafety,
            detail: "\(raft.me) applies at \(index) an entry of term \(entry.term),"
              + " and another node has applied another one, of term \(known.term)")
        }
        continue
      }
      if index > committedIndex + 1 { (committed, committedBase) = ([], index - 1) }
      committed.append((entry, raft.term))
      if case .configuration(let configuration) = entry.payload {
        configurations.append((index, configuration))
        if configurations.count > 2 * Self.memory { configurations.removeFirst(Self.memory) }
      }
    }
    if committed.count > 2 * Self.memory {
      committed.removeFirst(Self.memory)
      committedBase += Self.memory
    }
    let mine = log.configuration(at: raft.commit)
    guard let common = configurations.last(where: { $0.index <= raft.commit }), common.configuration != mine
    else { return nil }
    return Violation(
      property: .stateMachineSafety,
      detail:
        "\(raft.me) at \(raft.commit) takes \(list(mine.voters)) for the voters, and others those of entry"
        + " \(common.index), \(list(common.configuration.voters))")
  }

  private func list(_ nodes: [NodeID]) -> String {
    nodes.isEmpty ? "nobody" : nodes.map(\.name).joined(separator: ", ")
  }
}
