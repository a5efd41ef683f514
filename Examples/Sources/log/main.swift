import Glomers
import GlomersRuntime
import Workloads

/// A log for each key, on one node: offsets are places in an array.
struct LogNode: Node {
  typealias Message = Kafka

  private var logs: [JSONName: [Kafka.Entry]] = [:]
  private var committed: [JSONName: Int] = [:]

  init(_ cluster: Cluster, recovering records: [Never], _ context: inout Context<LogNode>) {}

  mutating func receive(_ message: Kafka, _ request: Request, _ context: inout Context<LogNode>) {
    switch message {
    case .send(let key, let message):
      let offset = logs[key, default: []].count
      logs[key, default: []].append(Kafka.Entry(offset, message))
      context.reply(.sendOk(offset: offset), to: request)
    case .poll(let positions):
      let batches = positions.map { position in
        Kafka.Batch(position.key, logs[position.key, default: []].dropFirst(max(position.offset, 0)))
      }
      context.reply(.pollOk(batches), to: request)
    case .commitOffsets(let positions):
      for position in positions {
        committed[position.key] = max(committed[position.key, default: 0], position.offset)
      }
      context.reply(.commitOffsetsOk, to: request)
    case .listCommittedOffsets(let keys):
      let known = keys.compactMap { key in committed[key].map { Kafka.Position(key, $0) } }
      context.reply(.listCommittedOffsetsOk(known), to: request)
    default: context.fail(.notSupported("that is an answer, not a request"), to: request)
    }
  }
}

run(LogNode.self)
