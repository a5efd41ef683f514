public import Glomers
internal import Replication
internal import Workloads

/// What must hold among kafka nodes after each event of each, beside the invariants of the replication core.
///
/// | name | what is held |
/// |---|---|
/// | late-offset | No message comes to be at or below an offset that a node shows, unless it is shown: a watermark never exceeds an offset that will be assigned. |
/// | differing-logs | What nodes show of a key are prefixes of one sequence. |
/// | early-acknowledgement | What a client was told that so many nodes hold, so many have stored. |
///
/// With `--acks 1` and without a data directory, a node that is killed takes along what it has shown: then the first two
/// are not looked at.
public struct KafkaInvariants: ClusterInvariants {
  /// A process as it was looked at last.
  private struct Process: Sendable {
    let incarnation: Incarnation
    /// How many messages it shows, in all and by log.
    var shownCount = 0
    var shownCounts: [Int] = []
    /// Up to which number of its stream clients have been answered.
    var acknowledged = 0
  }

  private var core = ReplicationInvariants<LogGossip.Record>(keepsNews: true)
  private var processes: [NodeID: Process] = [:]
  /// By key, the longest sequence that a node has shown.
  private var shown: [JSONName: [Kafka.Entry]] = [:]

  public init() {}

  public mutating func look(at node: KafkaNode, isStored: Bool, keepsRecords: Bool) -> Breach? {
    if let breach = core.look(
      at: node.dissemination, holding: node.held, isStored: isStored, keepsRecords: keepsRecords,
      entriesOf: node)
    {
      return breach
    }
    let survives = keepsRecords || node.copies > 1
    if survives {
      for record in core.news {
        if let breach = checkLateness(of: record, at: node) { return breach }
      }
    }
    guard isStored else { return nil }
    // Without that, no node waits for others, either, and there is nothing else to look at.
    guard survives else { return nil }
    let name = node.dissemination.me
    var process: Process
    if let known = processes.removeValue(forKey: name), known.incarnation == node.dissemination.incarnation {
      process = known
    } else {
      process = Process(incarnation: node.dissemination.incarnation)
    }
    defer { processes[name] = process }
    if node.logs.shownCount != process.shownCount,
      let breach = checkShown(by: node, name, &process)
    {
      return breach
    }
    guard node.copies > 1, node.acknowledged > process.acknowledged else { return nil }
    process.acknowledged = node.acknowledged
    let count = core.holderCount(node.acknowledged, of: node.logs.origin)
    guard count < node.copies else { return nil }
    return Breach(
      "early-acknowledgement",
      "\(name) has acknowledged its record \(node.acknowledged) as held by \(node.copies) nodes, and \(count)"
        + " have stored it")
  }

  private func checkLateness(of record: LogGossip.Record, at node: KafkaNode) -> Breach? {
    guard case .message(let key, let offset, let message) = record, let log = shown[key],
      let last = log.last, offset <= last.offset
    else { return nil }
    var (low, high) = (0, log.count - 1)
    while low < high {
      let middle = (low + high) / 2
      if log[middle].offset < offset { low = middle + 1 } else { high = middle }
    }
    guard log[low] != Kafka.Entry(offset, message) else { return nil }
    return Breach(
      "late-offset",
      "\(message) has come to be at offset \(offset) of \(key), and nodes have shown others up to"
        + " \(last.offset), without it")
  }

  private mutating func checkShown(by node: KafkaNode, _ name: NodeID, _ process: inout Process) -> Breach? {
    process.shownCount = node.logs.shownCount
    process.shownCounts.grow(to: node.logs.logs.count, with: 0)
    for number in node.logs.logs.indices {
      let count = node.logs.logs[number].shownCount
      guard count > process.shownCounts[number] else { continue }
      let key = node.logs.logs[number].key
      for place in process.shownCounts[number]..<count {
        let entry = node.logs.logs[number].shownEntry(at: place)
        if let breach = shows(entry, at: place, of: key, name) { return breach }
      }
      process.shownCounts[number] = count
    }
    return nil
  }

  /// A node shows an entry at a place of a key's log, counted from 0; it has shown all before it.
  mutating func shows(_ entry: Kafka.Entry, at place: Int, of key: JSONName, _ name: NodeID) -> Breach? {
    // No default value: a copy of it would be appended to.
    if shown[key] == nil { shown[key] = [] }
    guard place < shown[key]!.count else {
      shown[key]!.append(entry)
      return nil
    }
    let known = shown[key]![place]
    guard known != entry else { return nil }
    return Breach(
      "differing-logs",
      "message \(place + 1) of \(key) has offset \(entry.offset) at \(name), and another node has shown"
        + " \(known.offset) there, or another message")
  }
}
