internal import Replication
internal import Glomers
internal import Workloads

/// How a replica goes on where an earlier life of its own ended.
extension ReplicatedLogs {
  /// How many records of a stream stand together in a checkpoint.
  private static var pieceSize: Int { 1000 }

  /// Takes in what was stored, in the order in which it was.
  mutating func recover(_ records: [LogRecord]) {
    for record in records {
      switch record {
      case .origin: break
      case .own(let number, .commit(let key, let offset)) where number <= ownCount:
        streams[0].revise(number, offset)
        let log = logNumber(of: key)
        logs[log].committed = max(logs[log].committed, offset)
      case .own(_, let own): restore(own, 0)
      case .delta(let delta):
        let number = streamNumber(of: delta.origin)
        for entry in delta.entries { restore(entry, number) }
      case .heard(let node, let origin, let version):
        // The order tells nothing of what was here when it was said: that is counted in the end.
        guard let peer = nodes.filter({ $0 != me }).firstIndex(of: node) else { continue }
        promises.heard(from: peer, origin)
        _ = heard(version, from: peer)
      case .closed(let closing): closed = closing
      }
    }
    for log in logs.indices { logs[log].sortCollected() }
    for number in streams.indices {
      if let fenced = fences[me]?[streams[number].origin.node] {
        streams[number].limit = fenced[streams[number].origin]
      }
      count(stream: number)
    }
    // Any of it may have been sent.
    sentCount = ownCount
    if let closed { close(closed) }
    for log in logs.indices { show(log) }
  }

  private mutating func restore(_ record: LogGossip.Record, _ number: Int) {
    if let (log, arrival) = append(record, to: number) { logs[log].collect(arrival) }
  }

  /// Records that stand for all that is here.
  var checkpoint: [LogRecord] {
    var records: [LogRecord] = [.origin(origin)]
    for stream in streams {
      for start in stride(from: 0, to: stream.count, by: Self.pieceSize) {
        records.append(.delta(delta(of: stream, start..<min(start + Self.pieceSize, stream.count))))
      }
    }
    for (peer, node) in nodes.filter({ $0 != me }).enumerated() {
      guard let (origin, counts) = promises.said(by: peer) else { continue }
      let version = VersionVector(origins: streams.prefix(counts.count).map(\.origin), counts: counts)
      records.append(.heard(node, origin, version))
    }
    if let closed { records.append(.closed(closed)) }
    return records
  }
}
