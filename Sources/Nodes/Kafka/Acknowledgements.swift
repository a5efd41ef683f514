internal import Glomers
internal import Workloads

/// A sender who waits until enough nodes hold its message.
struct WaitingSender: Sendable {
  /// Of the record, in this node's stream.
  let number: Int
  let offset: Int
  let request: Request
}

/// What a node does where it is not enough that it holds a message itself.
extension KafkaNode {
  /// Answers a send when enough nodes hold its message, if that is before its client has gone.
  mutating func acknowledgeLater(_ offset: Int, _ request: Request, _ context: inout Context<KafkaNode>) {
    let longestWait = Host<KafkaNode>.clientPatience
    let goneCount = waiting.prefix { $0.request.received + longestWait < context.now }.count
    waiting.removeFirst(goneCount)
    waiting.append(WaitingSender(number: logs.ownCount(heldBy: 1), offset: offset, request: request))
  }

  /// Tells senders whose messages enough nodes hold by now.
  mutating func acknowledge(_ context: inout Context<KafkaNode>) {
    guard let first = waiting.first else { return }
    let count = logs.ownCount(heldBy: copies)
    guard first.number <= count else { return }
    let end = waiting.firstIndex { $0.number > count } ?? waiting.endIndex
    for sent in waiting[..<end] { context.reply(.client(.sendOk(offset: sent.offset)), to: sent.request) }
    waiting.removeFirst(end)
  }

  /// Goes on without peers that have not answered for too long.
  mutating func watch(_ context: inout Context<KafkaNode>) {
    guard let patience = fencePatience else { return }
    let version = logs.version
    for peer in peers where !exchange.known(of: peer).covers(version) && silentSince[peer] == nil {
      silentSince[peer] = context.now
    }
    let silent = peers.filter { silentSince[$0].map { $0 + patience <= context.now } ?? false }
    for record in logs.fence(silent + logs.fencedByOthers.filter { !silent.contains($0) }) {
      context.persist(record)
    }
  }
}
