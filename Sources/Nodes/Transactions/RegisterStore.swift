internal import Glomers
internal import Replication

/// Registers of which each holds the write with the latest stamp (Thomas's write rule, ACM TODS 1979). A stamp is the time
/// of a transaction, then the name of its origin: Lamport's total order (*Time, clocks, and the ordering of events in a
/// distributed system*, CACM 1978).
///
/// Here a version vector holds for each origin the Lamport time of its last transaction. The state at a version is a
/// function of the version: whatever is merged brings the registers from one causally closed set of whole
/// transactions to another, so nobody ever reads a part of one.
struct RegisterStore: Sendable {
  private struct Register {
    var value: JSON
    var time: Int
    /// The place of its origin.
    var origin: Int
  }

  /// A node, or an earlier stream of one, that has written something.
  private struct Origin {
    let name: Incarnation
    /// Its writes in the order of their times; those that were overwritten are dropped now and then.
    var journal: [Line] = []
    /// How many registers hold a write of it.
    var liveCount = 0
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
  private var origins: [Origin] = []
  private var places: [Incarnation: Int] = [:]

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
    let place = places[origin]
    let lines = place.map { origins[$0].journal } ?? []
    var commits: [Commit] = []
    var position = lines.partition(after: after)
    while position < lines.count {
      let time = lines[position].time
      var writes: [Commit.Write] = []
      while position < lines.count, lines[position].time == time {
        if let value = standing(lines[position], ofOriginAt: place!) {
          writes.append(Commit.Write(key: lines[position].key, value: value))
        }
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
    let place = place(of: origin)
    for write in commit.writes {
      if let present = registers[write.key] {
        let isEarlier =
          present.time == commit.time ? origins[present.origin].name < origin : present.time < commit.time
        guard isEarlier else { continue }
        origins[present.origin].liveCount -= 1
      }
      registers[write.key] = Register(value: write.value, time: commit.time, origin: place)
      origins[place].liveCount += 1
      origins[place].journal.append(Line(time: commit.time, key: write.key))
    }
    dropOverwritten(ofOriginAt: place)
  }

  private mutating func place(of origin: Incarnation) -> Int {
    if let place = places[origin] { return place }
    places[origin] = origins.count
    origins.append(Origin(name: origin))
    return origins.count - 1
  }

  /// The value that an origin has written to a register, if it stands.
  private func standing(_ line: Line, ofOriginAt place: Int) -> JSON? {
    guard let register = registers[line.key], register.time == line.time, register.origin == place else {
      return nil
    }
    return register.value
  }

  /// Keeps the journal in proportion to the registers.
  private mutating func dropOverwritten(ofOriginAt place: Int) {
    guard origins[place].journal.count > 64 + 2 * origins[place].liveCount else { return }
    origins[place].journal = origins[place].journal.filter { standing($0, ofOriginAt: place) != nil }
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
