internal import Replication
internal import Glomers

/// How a replica goes on where an earlier life of its own ended.
extension RegisterStore {
  /// How many transactions stand together in a checkpoint.
  private static var pieceSize: Int { 500 }

  /// Takes in what an earlier life of this node has stored.
  mutating func recover(_ record: CommitRecord, as origin: Origin) {
    switch record {
    case .origin: break
    case .own(let commit):
      let delta = CommitDelta(origin: origin, after: version[origin], entries: [commit])
      merge([delta], Self.version(of: origin, commit.time))
    case .merged(let deltas, let version): merge(deltas, version)
    }
  }

  /// Records that stand for all that is here.
  func checkpoint(of origin: Origin) -> [CommitRecord] {
    var records: [CommitRecord] = [.origin(origin)]
    for (origin, count) in version.sorted {
      for piece in delta(of: origin, since: VersionVector())?.pieces(of: Self.pieceSize) ?? [] {
        records.append(.merged([piece], Self.version(of: origin, piece.entries.last!.time)))
      }
      records.append(.merged([], Self.version(of: origin, count)))
    }
    return records
  }

  private static func version(of origin: Origin, _ time: Int) -> VersionVector {
    VersionVector(origins: [origin], counts: [time])
  }
}
