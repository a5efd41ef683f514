internal import Glomers
internal import Workloads

/// How replicas come to hold the same: each origin's records are a stream, of which a replica holds a prefix.
extension ReplicatedLogs {
  /// What a replica at `version` lacks: of every stream, or of this node's own only.
  mutating func deltas(since version: VersionVector, ofAll: Bool) -> [LogGossip.Delta] {
    sentCount = streams[0].count
    return (ofAll ? streams[...] : streams.prefix(1)).compactMap { stream in
      let after = version[stream.origin]
      guard after < stream.count else { return nil }
      let records = (after..<stream.count).map { record(stream, at: $0) }
      return LogGossip.Delta(origin: stream.origin, after: after, records: records)
    }
  }

  /// Takes in what it lacks of deltas that join on to what it holds, and what the peer that sent them says it holds.
  mutating func merge(_ gossip: LogGossip, from peer: Int) {
    for delta in gossip.deltas { merge(delta) }
    promises.heard(from: peer, gossip.origin)
    // What it assigned before it held all this, and has not come yet, may have lower offsets.
    if gossip.version[gossip.origin] <= streams[streamNumber(of: gossip.origin)].count {
      for (origin, count) in gossip.version.sorted {
        promises.heard(from: peer, stream: streamNumber(of: origin), count: count)
      }
    }
    closeFence()
    show()
  }

  /// How many records of its own so many replicas hold, this one included.
  func ownCount(heldBy copies: Int) -> Int {
    copies == 1 ? streams[0].count : promises.count(stream: 0, heldBy: copies - 1)
  }

  private mutating func merge(_ delta: LogGossip.Delta) {
    let number = streamNumber(of: delta.origin)
    let held = streams[number].count
    guard number != 0, delta.after <= held else { return }
    var arrivals: [KeyLog.Arrival] = []
    let wanted = max(0, streams[number].limit - held)
    for record in delta.records.dropFirst(held - delta.after).prefix(wanted) {
      switch record {
      case .message(let key, let offset, let message):
        let log = logNumber(of: key)
        streams[number].append(.message(log: log), offset)
        let stamp = KeyLog.Stamp(stream: Int32(number), number: Int32(streams[number].count))
        arrivals.append(.init(log: log, entry: Kafka.Entry(offset, message), stamp: stamp))
      case .commit(let key, let offset):
        let log = logNumber(of: key)
        streams[number].append(.commit(log: log), offset)
        logs[log].committed = max(logs[log].committed, offset)
      case .fence(let fence):
        streams[number].append(.fence(fence))
        fences[delta.origin.node, default: [:]][fence.node] = fence.held
      }
    }
    arrivals.sort { ($0.log, $0.entry.offset) < ($1.log, $1.entry.offset) }
    var rest = arrivals[...]
    while let log = rest.first?.log {
      logs[log].merge(rest.prefix { $0.log == log }, areStamped: copies > 1)
      rest = rest.drop { $0.log == log }
    }
  }

  /// Shows what may be shown by now.
  private mutating func show() {
    for log in promises.update(streams, logCount: logs.count) { show(log) }
  }

  mutating func show(_ log: Int) {
    logs[log].show(upTo: promises.watermark(of: log)) { [promises, copies] stamp in
      promises.holderCount(stream: Int(stamp.stream), number: Int(stamp.number)) + 1 >= copies
    }
  }

  private func record(_ stream: LogStream, at place: Int) -> LogGossip.Record {
    let offset = stream.offsets[place]
    return switch stream[place] {
    case .message(let log):
      .message(key: logs[log].key, offset: offset, logs[log].entry(at: offset)!.message)
    case .commit(let log): .commit(key: logs[log].key, offset: offset)
    case .fence(let fence): .fence(fence)
    }
  }
}
