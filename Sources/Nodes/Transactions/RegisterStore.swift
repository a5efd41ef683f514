internal import Glomers
internal import Replication

/// When and where a transaction was committed: Lamport's total order (*Time, clocks, and the ordering of events in a
/// distributed system*, CACM 1978).
struct Stamp: Comparable, Sendable {
  let time: Int
  let origin: Incarnation

  static func < (a: Stamp, b: Stamp) -> Bool { (a.time, a.origin) < (b.time, b.origin) }
}

/// Registers of which each holds the write with the latest stamp (Thomas's write rule, ACM TODS 1979).
///
/// Here a version vector holds for each origin the Lamport time of its last transaction. The state at a version is a
/// function of the version: whatever is merged brings the registers from one causally closed set of whole
/// transactions to another, so nobody ever reads a part of one.
struct RegisterStore: Sendable {
  private struct Register {
    var value: JSON
    var stamp: Stamp
  }

  fileprivate struct Line: Sendable {
    let time: Int
    let key: JSON
  }

  private(set) var version = VersionVector()
  /// The writes of this node's transactions that have no stamp yet, in their order.
  private(set) var unstamped: [[Commit.Write]] = []
  /// What those have made of their registers. Their stamps will be later than all that is here, so their values stand.
  private var overlay: [JSON: JSON] = [:]
  private var clock = 0
  private var registers: [JSON: Register] = [:]
  /// Each origin's writes in the order of their times; those that were overwritten are dropped now and then.
  private var journal: [Incarnation: [Line]] = [:]
  /// How many registers hold a write of each origin.
  private var liveCounts: [Incarnation: Int] = [:]

  subscript(key: JSON) -> JSON {
    if !overlay.isEmpty, let value = overlay[key] { return value }
    return registers[key]?.value ?? .null
  }

  /// Adds a transaction of this node that has no stamp yet.
  mutating func add(_ writes: [Commit.Write]) {
    unstamped.append(writes)
    for write in writes { overlay[write.key] = write.value }
  }

  /// Commits the transactions that have no stamp yet. Returns them with their stamps.
  mutating func stamp(in origin: Incarnation) -> [Commit] {
    let waiting = unstamped
    dropUnstamped()
    return waiting.map { commit($0, from: origin) }
  }

  mutating func dropUnstamped() {
    unstamped = []
    overlay = [:]
  }

  /// Commits a transaction of this node. Its stamp is later than all that is here.
  mutating func commit(_ writes: [Commit.Write], from origin: Incarnation) -> Commit {
    let commit = Commit(time: clock + 1, writes: writes)
    apply(commit, from: origin)
    version[origin] = clock
    return commit
  }

  /// Whether these deltas, together with what is here, are all that a replica at `version` holds.
  func joins(_ deltas: [CommitDelta], _ version: VersionVector) -> Bool {
    var missing = version.sorted.filter { self.version[$0.origin] < $0.count }
    for delta in deltas where delta.after <= self.version[delta.origin] {
      missing.removeAll { $0.origin == delta.origin }
    }
    return missing.isEmpty
  }

  /// What is new in deltas that ``joins(_:_:)`` has found to be all that is missing.
  func news(in deltas: [CommitDelta], _ version: VersionVector) -> CommitRecord {
    let news = deltas.compactMap { delta -> CommitDelta? in
      let held = self.version[delta.origin]
      let commits = delta.entries.filter { $0.time > held }
      return commits.isEmpty ? nil : CommitDelta(origin: delta.origin, after: held, entries: commits)
    }
    var risen = VersionVector()
    for (origin, count) in version.sorted where count > self.version[origin] { risen[origin] = count }
    return .merged(news, risen)
  }

  /// Takes in deltas that ``joins(_:_:)`` has found to be all that is missing.
  mutating func merge(_ deltas: [CommitDelta], _ version: VersionVector) {
    for delta in deltas {
      let held = self.version[delta.origin]
      for commit in delta.entries where commit.time > held { apply(commit, from: delta.origin) }
    }
    self.version.merge(version)
    clock = self.version.sorted.reduce(clock) { max($0, $1.count) }
  }

  /// What a replica at `other` lacks of one origin; nil for nothing.
  func delta(of origin: Incarnation, since other: VersionVector) -> CommitDelta? {
    let after = other[origin]
    guard version[origin] > after else { return nil }
    let lines = journal[origin] ?? []
    var commits: [Commit] = []
    var position = lines.partition(after: after)
    while position < lines.count {
      let time = lines[position].time
      var writes: [Commit.Write] = []
      while position < lines.count, lines[position].time == time {
        if let write = standing(lines[position], of: origin) { writes.append(write) }
        position += 1
      }
      if !writes.isEmpty { commits.append(Commit(time: time, writes: writes)) }
    }
    return CommitDelta(origin: origin, after: after, entries: commits)
  }

  /// All that a replica at `other` lacks.
  func deltas(since other: VersionVector) -> [CommitDelta] {
    version.sorted.compactMap { delta(of: $0.origin, since: other) }
  }

  private mutating func apply(_ commit: Commit, from origin: Incarnation) {
    clock = max(clock, commit.time)
    let stamp = Stamp(time: commit.time, origin: origin)
    for write in commit.writes {
      if let present = registers[write.key] {
        guard present.stamp < stamp else { continue }
        liveCounts[present.stamp.origin, default: 0] -= 1
      }
      registers[write.key] = Register(value: write.value, stamp: stamp)
      liveCounts[origin, default: 0] += 1
      journal[origin, default: []].append(Line(time: commit.time, key: write.key))
    }
    dropOverwritten(of: origin)
  }

  private func standing(_ line: Line, of origin: Incarnation) -> Commit.Write? {
    guard let register = registers[line.key], register.stamp == Stamp(time: line.time, origin: origin) else {
      return nil
    }
    return Commit.Write(key: line.key, value: register.value)
  }

  /// Keeps the journal in proportion to the registers.
  private mutating func dropOverwritten(of origin: Incarnation) {
    guard let lines = journal[origin], lines.count > 64 + 2 * liveCounts[origin, default: 0] else { return }
    journal[origin] = lines.filter { standing($0, of: origin) != nil }
  }
}

extension [RegisterStore.Line] {
  /// Where the first line stands whose time is later.
  fileprivate func partition(after time: Int) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if self[middle].time <= time { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

/// How a replica goes on with what it has stored.
extension RegisterStore {
  /// How many transactions stand together in a checkpoint.
  private static var pieceSize: Int { 500 }

  /// Takes in what an earlier incarnation of this node has stored.
  ///
  /// - Parameter origin: the stream of the node's own transactions at that time.
  mutating func recover(_ record: CommitRecord, as origin: Incarnation) {
    switch record {
    case .origin: break
    case .own(let commit): restore(commit, of: origin)
    case .unstamped(let writes): add(writes)
    case .stamped(let commits):
      dropUnstamped()
      for commit in commits { restore(commit, of: origin) }
    case .merged(let deltas, let version): merge(deltas, version)
    }
  }

  private mutating func restore(_ commit: Commit, of origin: Incarnation) {
    let delta = CommitDelta(origin: origin, after: version[origin], entries: [commit])
    merge([delta], Self.version(of: origin, commit.time))
  }

  /// Records that stand for everything that is here.
  ///
  /// - Parameter origin: the stream of the node's own transactions; nil while that is not settled.
  func checkpoint(of origin: Incarnation?) -> [CommitRecord] {
    var records: [CommitRecord] = origin.map { [.origin($0)] } ?? []
    for (origin, count) in version.sorted {
      for piece in delta(of: origin, since: VersionVector())?.pieces(of: Self.pieceSize) ?? [] {
        records.append(.merged([piece], Self.version(of: origin, piece.entries.last!.time)))
      }
      records.append(.merged([], Self.version(of: origin, count)))
    }
    return records + unstamped.map { .unstamped($0) }
  }

  private static func version(of origin: Incarnation, _ time: Int) -> VersionVector {
    VersionVector(origins: [origin], counts: [time])
  }
}
