package import Glomers
import Wire
package import Workloads
package import History

/// The values of kafka operations, as Jepsen writes them.
package enum KafkaOperation {
  package static func keys(_ value: JSON) -> [JSONName] { (value.array ?? []).compactMap(\.name) }

  package static func poll(_ batches: [Kafka.Batch]) -> JSON {
    let messages = batches.map { batch in
      (batch.key, JSON.array(batch.entries.map { [.integer($0.offset), $0.message.value] }))
    }
    return [["poll", .object(Dictionary(messages) { $1 })]]
  }

  package static func json(_ positions: [Kafka.Position]) -> JSON {
    .object(Dictionary(positions.map { ($0.key, JSON.integer($0.offset)) }) { $1 })
  }

  /// The offset at which a send has put its message, by its key.
  package static func endsOfSends(_ operation: Operation) -> [(key: JSONName, offset: Int)] {
    guard operation.function == "send" else { return [] }
    return (operation.value.array ?? []).compactMap { micro in
      guard let parts = micro.array, parts.count == 3, let key = parts[1].name,
        let offset = parts[2].array?.first?.integer
      else { return nil }
      return (key, offset)
    }
  }

  /// The highest offset that a poll has shown of each key.
  package static func endsOfPolls(_ operation: Operation) -> [(key: JSONName, offset: Int)] {
    guard operation.function == "poll" else { return [] }
    return (operation.value.array ?? []).flatMap { micro in
      guard let parts = micro.array, parts.count == 2, case .object(let messages) = parts[1] else {
        return [(key: JSONName, offset: Int)]()
      }
      return messages.sorted { $0.key < $1.key }.compactMap { key, pairs in
        (pairs.array ?? []).compactMap { $0.array?.first?.integer }.max().map { (key, $0) }
      }
    }
  }

  /// Both.
  package static func ends(_ operation: Operation) -> [(key: JSONName, offset: Int)] {
    endsOfSends(operation) + endsOfPolls(operation)
  }
}
