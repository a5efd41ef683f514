package import Glomers
import Wire
package import Workloads
package import History

/// The values of kafka operations, as Jepsen writes them.
package enum KafkaOperation {
  package static func keys(_ value: JSON) -> [JSONName] { (value.array ?? []).compactMap(\.name) }

  /// What is asked by a poll.
  package static let poll: JSON = [["poll"]]
  private static let emptyPoll: JSON = [["poll", [:]]]

  package static func poll(_ batches: [Kafka.Batch]) -> JSON {
    // Most find nothing new.
    if batches.isEmpty { return emptyPoll }
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

  /// Hands out the offset at which a send has put its message, by its key.
  package static func eachEndOfSends(_ operation: Operation, _ body: (_ key: JSONName, _ offset: Int) -> Void)
  {
    guard operation.function == "send", case .array(let micros) = operation.value else { return }
    for micro in micros {
      guard case .array(let parts) = micro, parts.count == 3, let key = parts[1].name,
        case .array(let pair) = parts[2], case .integer(let offset)? = pair.first
      else { continue }
      body(key, offset)
    }
  }

  /// Hands out the highest offset that a poll has shown of each key, the keys in any order.
  package static func eachEndOfPolls(_ operation: Operation, _ body: (_ key: JSONName, _ offset: Int) -> Void)
  {
    guard operation.function == "poll", case .array(let micros) = operation.value else { return }
    for micro in micros {
      guard case .array(let parts) = micro, parts.count == 2, case .object(let messages) = parts[1] else {
        continue
      }
      for (key, pairs) in messages {
        if let end = end(of: pairs) { body(key, end) }
      }
    }
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
