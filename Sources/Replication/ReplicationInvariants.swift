public import Glomers

/// What holds entries of streams: a replica.
public protocol EntryHolder<Entry> {
  associatedtype Entry
  /// The entry with a number of a stream; nil if it has only a later state of it, or may still change it.
  func entry(_ number: Int, of stream: Incarnation) -> Entry?
}

/// What must hold among the replicas of one cluster after each event of each, whatever they replicate. The simulator and
/// tests look at each replica after each of its events.
///
/// | name | what is held |
/// |---|---|
/// | known-beyond-held | What a replica knows of a peer's process, that process holds, and has stored where it stores anything. |
/// | differing-entries | Entries with the same number of the same stream are the same at every replica. |
/// | forgotten-entries | A node that stores what it holds comes back with all that was stored. |
/// | needless-stream | A node begins no new stream if every peer has answered, and it could continue an earlier one. |
/// | overlong-message | A message has no more bytes of entries than the bound, unless it has a single entry. |
/// | broken-progress | What ``PeerProgress`` asserts of its state. |
///
/// A look at a replica that has changed nothing costs a dictionary look-up and a few comparisons for each peer. A new entry
/// costs one comparison at each replica. Memory: as much as one more replica that holds everything.
///
/// Where nothing is stored, an entry is gone with the last process that held it, and its number may be given again. So
/// there an entry may differ from one that no other node holds any more.
public struct ReplicationInvariants<Entry: Equatable & Sendable>: Sendable {
  /// A process as it was looked at last.
  private struct Process: Sendable {
    let incarnation: Incarnation
    /// What it holds; where records are kept, so much of that as is stored.
    var held = VersionVector()
    /// Where the streams of `held` stand in `streams`.
    var places: [Int] = []
    var stream: Incarnation?
    /// What it knew of each peer: whose it was, and the total of it.
    var known: [(incarnation: Incarnation?, total: Int)]
  }

  private var places: [NodeID: Int] = [:]
  /// By the place of its node.
  private var processes: [Process?] = []
  /// What processes held that have ended, the latest last.
  private var ended: [(incarnation: Incarnation, held: VersionVector)] = []
  /// Streams, by their places in `entries`.
  private var streams: [Incarnation: Int] = [:]
  /// By stream, the entries that were seen: number n has place n - 1. Nil where none was.
  private var entries: [[Entry?]] = []

  /// Processes that ended longer ago are not remembered; nothing of theirs is under way any more.
  private static var endedMax: Int { 64 }

  /// The entries that the last look found and none before it; kept if somebody asks for them.
  public private(set) var news: [Entry] = []
  private let keepsNews: Bool

  public init(keepsNews: Bool = false) { self.keepsNews = keepsNews }

  /// How many nodes hold a stream up to a number, or held it before they were started again without it.
  public func holderCount(_ number: Int, of stream: Incarnation) -> Int {
    var holders = Set(ended.lazy.filter { $0.held[stream] >= number }.map(\.incarnation.node))
    for (node, place) in places where (processes[place]?.held[stream] ?? 0) >= number { holders.insert(node) }
    return holders.count
  }

  /// Looks at a replica after an event.
  ///
  /// - Parameters:
  ///   - version: what it holds.
  ///   - isStored: whether all that it has persisted is stored. Until it is, nobody has heard of what it has done, and a kill
  ///     would take it back.
  ///   - keepsRecords: whether anything is stored at all.
  ///   - holder: the replica itself, with its entries: a closure would hold a copy of it.
  /// - Returns: the first invariant that does not hold.
  public mutating func look<Holder: EntryHolder<Entry>>(
    at replica: Dissemination, holding version: VersionVector, isStored: Bool, keepsRecords: Bool,
    entriesOf holder: Holder
  ) -> Breach? {
    let node = replica.me
    if !news.isEmpty { news = [] }
    let place = places[node] ?? processes.count
    if place == processes.count {
      places[node] = place
      processes.append(nil)
    }
    // Taken out and put back: a copy would cost more than all the rest.
    let before = processes[place].take()
    var process: Process
    if let before, before.incarnation == replica.incarnation {
      process = before
    } else {
      process = Process(
        incarnation: replica.incarnation,
        known: Array(repeating: (nil, 0), count: replica.peers.count))
      if let before, let breach = end(before, of: node, comingBackWith: version, keepsRecords) {
        return breach
      }
    }
    defer { processes[place] = process }
    if isStored, version.total != process.held.total {
      if let breach = compare(node, version, &process, forgets: !keepsRecords, holder) { return breach }
    }
    if process.stream == nil, let stream = replica.stream {
      process.stream = stream
      if let breach = checkStream(of: replica, version) { return breach }
    }
    return checkPeers(of: replica, &process)
  }

  /// A process has ended, and another of its node has begun.
  private mutating func end(
    _ process: Process, of node: NodeID, comingBackWith version: VersionVector, _ keepsRecords: Bool
  ) -> Breach? {
    ended.append((process.incarnation, process.held))
    if ended.count > Self.endedMax { ended.removeFirst() }
    guard keepsRecords, let (stream, count) = Self.lack(version, process.held) else { return nil }
    return Breach(
      "forgotten-entries",
      "\(node) had stored \(count) entries of \(stream), and comes back with \(version[stream])")
  }

  /// The first stream of which one version has less than another, and how much that has; nil if there is none.
  private static func lack(_ version: VersionVector, _ other: VersionVector) -> (Incarnation, Int)? {
    if version.covers(other) { return nil }
    return other.sorted.first { $0.count > version[$0.origin] }.map { ($0.origin, $0.count) }
  }

  // MARK: Entries

  /// Compares what a process has taken in since the last look, which is that of its version then.
  private mutating func compare<Holder: EntryHolder<Entry>>(
    _ node: NodeID, _ version: VersionVector, _ process: inout Process, forgets: Bool, _ holder: Holder
  ) -> Breach? {
    let before = process.held
    process.held = version
    let isSame = version.origins == before.origins
    if !isSame { process.places = version.origins.map { place(of: $0) } }
    for index in version.counts.indices {
      let (stream, count) = (version.origins[index], version.counts[index])
      let first = (isSame ? before.counts[index] : before[stream]) + 1
      guard first <= count else { continue }
      let place = process.places[index]
      for number in first...count {
        guard let held = holder.entry(number, of: stream) else { continue }
        if number <= entries[place].count, let known = entries[place][number - 1] {
          guard known != held else { continue }
          guard forgets, !processes.contains(where: { ($0?.held[stream] ?? 0) >= number }) else {
            return Breach(
              "differing-entries",
              "entry \(number) of \(stream) is \(held) at \(node), and \(known) at another node")
          }
        }
        while entries[place].count < number { entries[place].append(nil) }
        entries[place][number - 1] = held
        if keepsNews { news.append(held) }
      }
    }
    return nil
  }

  private mutating func place(of stream: Incarnation) -> Int {
    if let place = streams[stream] { return place }
    streams[stream] = entries.count
    entries.append([])
    return entries.count - 1
  }

  // MARK: Peers

  private func checkStream(of replica: Dissemination, _ version: VersionVector) -> Breach? {
    guard replica.isAssured, replica.stream == replica.incarnation else { return nil }
    let node = replica.me
    for held in replica.peers.map(\.known) + [version] {
      for origin in held.origins where origin != replica.incarnation && origin.isOf(node) {
        return Breach(
          "needless-stream",
          "\(node) has begun the stream \(replica.incarnation), and could continue \(origin)")
      }
    }
    return nil
  }

  private func checkPeers(of replica: Dissemination, _ process: inout Process) -> Breach? {
    // Borrowed from a span, since an element of an array would be a copy.
    let peers = replica.peers.span
    for place in peers.indices {
      if let overlong = peers[place].underWay.overlong {
        return Breach(
          "overlong-message",
          "\(replica.me) has sent \(peers[place].name) \(overlong) bytes of entries at once,"
            + " more than \(replica.pace.messageBytesMax)")
      }
      let (incarnation, total) = (peers[place].incarnation, peers[place].known.total)
      guard total != process.known[place].total || incarnation != process.known[place].incarnation else {
        continue
      }
      process.known[place] = (incarnation, total)
      if let problem = peers[place].problem { return Breach("broken-progress", "\(replica.me): \(problem)") }
      if let incarnation,
        let breach = checkKnown(peers[place].known, of: peers[place].name, incarnation, by: replica.me)
      {
        return breach
      }
    }
    return nil
  }

  private func checkKnown(
    _ known: VersionVector, of peer: NodeID, _ incarnation: Incarnation, by node: NodeID
  ) -> Breach? {
    var held: VersionVector?
    if let place = places[peer], let process = processes[place], process.incarnation == incarnation {
      held = process.held
    } else {
      held = ended.last { $0.incarnation == incarnation }?.held
    }
    guard let held, let (stream, count) = Self.lack(held, known) else { return nil }
    return Breach(
      "known-beyond-held",
      "\(node) takes \(peer) to hold \(count) entries of \(stream), and it holds \(held[stream])")
  }
}
