internal import Glomers
internal import Replication
internal import Workloads

/// A client that waits until enough nodes hold what it has sent or committed.
struct WaitingClient: Sendable {
  /// Of the last record that has to be held, in this node's stream.
  let number: Int
  let answer: Kafka
  let request: Request
}

/// What a node does where it is not enough that it holds a message itself.
extension KafkaNode {
  /// Silence that counts at a time, at the most: a silent peer is looked after every two seconds (`Exchange.Pace`).
  /// And no single look may count for more than a quarter of all the silence that is borne.
  private static var watchMax: Duration { .seconds(4) }

  /// Answers when enough nodes hold all that this one has recorded by now, if that is before the client has gone.
  mutating func answer(_ answer: Kafka, _ request: Request, _ context: inout Context<KafkaNode>) {
    let number = logs.ownCount(heldBy: 1)
    guard logs.ownCount(heldBy: copies) < number else {
      context.reply(.client(answer), to: request)
      return
    }
    let longestWait = Host<KafkaNode>.clientPatience
    let goneCount = waiting.prefix { $0.request.received + longestWait < context.now }.count
    waiting.removeFirst(goneCount)
    waiting.append(WaitingClient(number: number, answer: answer, request: request))
  }

  /// Answers clients for whom enough nodes hold enough by now.
  mutating func acknowledge(_ context: inout Context<KafkaNode>) {
    guard let first = waiting.first else { return }
    let count = logs.ownCount(heldBy: copies)
    guard first.number <= count else { return }
    let end = waiting.firstIndex { $0.number > count } ?? waiting.endIndex
    for client in waiting[..<end] { context.reply(.client(client.answer), to: client.request) }
    waiting.removeFirst(end)
  }

  /// Goes on without peers that have not answered for too long.
  mutating func watch(_ context: inout Context<KafkaNode>) {
    guard let patience = fencePatience else { return }
    // A node that was stopped itself, or whose clock was set on, has not listened for all that time.
    let watched = lastWatch.map { min(context.now - $0, Self.watchMax, patience / 4) } ?? .zero
    lastWatch = context.now
    for peer in peers {
      if let silence = silences[peer] {
        silences[peer] = silence + watched
      } else if !exchange.known(of: peer).covers(logs.version) {
        silences[peer] = .zero
      }
    }
    let silent = peers.filter { silences[$0].map { $0 >= patience } ?? false }
    for record in logs.fence(silent + logs.fencedByOthers.filter { !silent.contains($0) }) {
      context.persist(record)
    }
  }
}
