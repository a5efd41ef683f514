internal import Glomers
internal import Workloads

/// What consumers ask of a node.
extension KafkaNode {
  func poll(_ positions: [Kafka.Position], _ request: Request, _ context: inout Context<KafkaNode>) {
    if let wrong = positions.first(where: { $0.offset < 0 }) {
      let error = RPCError.malformedRequest("there is no offset \(wrong.offset) of \(wrong.key)")
      return context.fail(error, to: request)
    }
    var batches: [Kafka.Batch] = []
    batches.reserveCapacity(positions.count)
    for position in positions {
      let entries = logs.shown(position.key, from: position.offset, limit: Self.pollLimit)
      if !entries.isEmpty { batches.append(Kafka.Batch(position.key, entries)) }
    }
    context.reply(.client(.pollOk(batches)), to: request)
  }

  /// All of it or nothing, so that the answer is true of all.
  mutating func commit(
    _ positions: [Kafka.Position], _ request: Request, _ context: inout Context<KafkaNode>
  ) {
    for position in positions {
      if position.offset < 0 {
        let error = RPCError.malformedRequest("there is no offset \(position.offset) of \(position.key)")
        return context.fail(error, to: request)
      }
      let end = logs.shownEnd(position.key)
      if position.offset > end {
        let error = RPCError.preconditionFailed(
          "nobody can have read offset \(position.offset) of \(position.key): here it ends at \(end)")
        return context.fail(error, to: request)
      }
    }
    for position in positions {
      guard let number = logs.commit(position.key, position.offset) else { continue }
      context.persist(.own(number, .commit(key: position.key, offset: position.offset)))
    }
    answer(.commitOffsetsOk, request, &context)
    tell(&context)
  }
}
