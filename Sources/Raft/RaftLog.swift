internal import Glomers
internal import Wire

/// The log in memory: entries after a snapshot, numbered from the snapshot's index + 1.
struct RaftLog<Machine: StateMachine>: Sendable {
  typealias LogEntry = Entry<Machine.Message>

  /// The last index that is in the snapshot only, and the term of its entry; 0 and 0 for no snapshot.
  private(set) var baseIndex = 0
  private(set) var baseTerm = 0
  private var entries: [LogEntry] = []
  /// How many of ``entries``, at its beginning, are compacted: they are taken out many at a time.
  private var compacted = 0
  /// The sum of the sizes of all entries up to this one; the first is that of what was compacted.
  private var sizes: [Int] = [0]
  /// The configurations in the log, by index, after that of the snapshot. Never empty.
  private(set) var configurations: [(index: Int, configuration: Configuration)]

  init(_ configuration: Configuration) {
    configurations = [(0, configuration)]
  }

  var lastIndex: Int { baseIndex + entries.count - compacted }
  var lastTerm: Int { entries.count > compacted ? entries[entries.count - 1].term : baseTerm }
  /// The latest, committed or not: it is in force (§4.1).
  var configuration: Configuration { configurations[configurations.count - 1].configuration }
  var configurationIndex: Int { configurations[configurations.count - 1].index }

  /// Nil for an index that is compacted, or not there yet.
  func term(at index: Int) -> Int? {
    if index == baseIndex { return baseTerm }
    return index > baseIndex && index <= lastIndex ? self[index].term : nil
  }

  /// The entry at an index after ``baseIndex`` and up to ``lastIndex``.
  subscript(index: Int) -> LogEntry { entries[place(of: index)] }

  /// The configuration that was in force at an index that is not compacted.
  func configuration(at index: Int) -> Configuration {
    (configurations.last { $0.index <= index } ?? configurations[0]).configuration
  }

  mutating func append(_ entry: LogEntry) {
    entries.append(entry)
    var bytes = sizes[sizes.count - 1]
    switch entry.payload {
    case .nothing: bytes += 24
    case .command(let command, let call):
      bytes += Machine.encodedBytes(of: command) + call.origin.name.utf8.count + 80
    case .configuration(let configuration):
      configurations.append((lastIndex, configuration))
      bytes += configuration.members.reduce(64) { $0 + 2 * $1.name.utf8.count + 4 }
    }
    sizes.append(bytes)
  }

  /// Removes all entries after an index.
  mutating func truncate(after index: Int) {
    guard index < lastIndex else { return }
    let count = lastIndex - index
    entries.removeLast(count)
    sizes.removeLast(count)
    while configurations.count > 1, configurations[configurations.count - 1].index > index {
      configurations.removeLast()
    }
  }

  /// Forgets the entries up to an index: the state machine's snapshot stands for them.
  mutating func compact(upTo index: Int) {
    guard index > baseIndex else { return }
    let (term, inForce) = (self[index].term, configuration(at: index))
    compacted += index - baseIndex
    (baseIndex, baseTerm) = (index, term)
    configurations = [(index, inForce)] + configurations.filter { $0.index > index }
    // Amortized: each removal moves no more entries than it removes.
    if 2 * compacted >= entries.count {
      entries.removeFirst(compacted)
      sizes.removeFirst(compacted)
      compacted = 0
    }
  }

  /// Begins anew after a snapshot.
  mutating func reset(to index: Int, _ term: Int, _ configuration: Configuration) {
    (baseIndex, baseTerm) = (index, term)
    entries = []
    compacted = 0
    sizes = [0]
    configurations = [(index, configuration)]
  }

  /// The size of the entries after one index, up to another, in bytes on the wire.
  func bytes(after start: Int, upTo end: Int) -> Int {
    start < end ? sizes[place(of: end) + 1] - sizes[place(of: start) + 1] : 0
  }

  /// How many entries after an index fit into so many bytes: at least one if there is one.
  func count(after index: Int, bytesMax: Int) -> Int {
    guard index < lastIndex else { return 0 }
    var count = min(lastIndex - index, Self.entriesPerMessageMax)
    while count > 1, bytes(after: index, upTo: index + count) > bytesMax { count /= 2 }
    return count
  }

  func entries(after index: Int, count: Int) -> [LogEntry] {
    let start = place(of: index + 1)
    return Array(entries[start..<start + count])
  }

  private static var entriesPerMessageMax: Int { 4096 }

  private func place(of index: Int) -> Int { index - baseIndex - 1 + compacted }
}
