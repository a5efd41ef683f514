package import Glomers
import Wire
package import Workloads
package import History

/// The values of kafka operations, as Jepsen writes them.
package enum KafkaOperation {
  package static func keys(_ value: JSON) -> [JSONName] { (value.array ?? []).compactMap(\.name) }

  package static func poll(_ batches: [Kafka.Batch]) -> JSON {
    var messages: [JSONName: JSON] = [:]
    if batches.count > 1 { messages.reserveCapacity(batches.count) }
    for batch in batches {
      messages[batch.key] = .array(batch.entries.map { [.integer($0.offset), $0.message.value] })
    }
    return [["poll", .object(messages)]]
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

  /// The highest offset that a poll has shown of each key, the keys in any order.
  package static func endsOfPolls(_ operation: Operation) -> [(key: JSONName, offset: Int)] {
    guard operation.function == "poll", let micros = operation.value.array else { return [] }
    var ends: [(key: JSONName, offset: Int)] = []
    for micro in micros {
      guard let parts = micro.array, parts.count == 2, case .object(let messages) = parts[1] else { continue }
      for (key, pairs) in messages {
        if let end = end(of: pairs) { ends.append((key, end)) }
      }
    }
    return ends
  }

  private static func end(of pairs: JSON) -> Int? {
    guard case .array(let pairs) = pairs else { return nil }
    var end: Int?
    for pair in pairs {
      guard case .array(let parts) = pair, case .integer(let offset)? = parts.first else { continue }
      end = max(end ?? offset, offset)
    }
    return end
  }
}
