internal import Glomers
internal import Wire
internal import Workloads

/// Arrays that are filled for one answer and, once it is written, for the next: no allocation.
struct AnswerMemory: Sendable {
  /// Empty when a message is received, by ``release()``.
  var batches: [Kafka.Batch] = []
  var positions: [Kafka.Position] = []

  /// Lets go of entries in an answer that has been written: a log that shares them would have to copy them to grow.
  mutating func release() {
    if !batches.isEmpty { batches.clear() }
  }
}

/// What consumers ask of a node.
extension KafkaNode {
  mutating func poll(_ positions: [Kafka.Position], _ request: Request, _ context: inout Context<KafkaNode>) {
    if let wrong = positions.first(where: { $0.offset < 0 }) {
      let error = RPCError.malformedRequest("there is no offset \(wrong.offset) of \(wrong.key)")
      return context.fail(error, to: request)
    }
    for position in positions {
      let entries = logs.shown(position.key, from: position.offset, limit: Self.pollLimit)
      if !entries.isEmpty { answers.batches.append(Kafka.Batch(position.key, entries)) }
    }
    context.reply(.client(.pollOk(answers.batches)), to: request)
  }

  mutating func list(_ keys: [String], _ request: Request, _ context: inout Context<KafkaNode>) {
    answers.positions.clear()
    for key in keys {
      if let offset = logs.committed(key) { answers.positions.append(Kafka.Position(key, offset)) }
    }
    context.reply(.client(.listCommittedOffsetsOk(answers.positions)), to: request)
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
