import Glomers

/// Does, one verb a message, all that a node can ask of its host.
struct Puppet: Node {
  enum Message: Equatable, Sendable {
    case ping, pong, forward(Retry), lookUp, alarm(Duration), calm, remember(Int), recall, nothing
  }
  enum Call: Equatable, Sendable { case forwarded(Request) }
  enum Ask: Equatable, Sendable { case lookedUp(Request) }
  enum Timer: Hashable, Sendable { case alarm(Request) }

  private var sum: Int

  init(_ cluster: Cluster, recovering records: [Int], _ context: inout Context<Puppet>) {
    sum = records.reduce(0, +)
    for record in records { context.persist(record + 1000) }
  }

  mutating func receive(_ message: Message, _ request: Request, _ context: inout Context<Puppet>) {
    switch message {
    case .ping: context.reply(.pong, to: request)
    case .forward(let retry): context.call("n1", .ping, then: .forwarded(request), retry)
    case .lookUp:
      context.ask(.linKV, .read(key: 1), then: .lookedUp(request), .giveUp(after: .seconds(1)))
    case .alarm(let delay): context.wake(.alarm(Request(from: "c1", id: 9)), at: context.now + delay)
    case .calm: context.cancel(.alarm(Request(from: "c1", id: 9)))
    case .remember(let number):
      context.reply(.pong, to: request)
      context.persist(number)
      sum += number
    case .recall: context.reply(.remember(sum), to: request)
    case .pong, .nothing: break
    }
  }

  func answer(reading message: Message) -> Outcome<Message>? {
    message == .recall ? .success(.remember(sum)) : nil
  }

  mutating func complete(_ call: Call, _ outcome: Outcome<Message>, _ context: inout Context<Puppet>) {
    guard case .forwarded(let request) = call else { return }
    switch outcome {
    case .success(let answer): context.reply(answer, to: request)
    case .failure(let error): context.fail(error, to: request)
    }
  }

  mutating func complete(_ ask: Ask, _ outcome: Outcome<KV>, _ context: inout Context<Puppet>) {
    guard case .lookedUp(let request) = ask else { return }
    switch outcome {
    case .success: context.reply(.pong, to: request)
    case .failure(let error): context.fail(error, to: request)
    }
  }

  mutating func wake(_ timer: Timer, _ context: inout Context<Puppet>) {
    context.send(.nothing, to: "n2")
  }
}

typealias Letter = Envelope<Puppet>

/// A host with a clock that the test sets.
struct Stage {
  var host: Host<Puppet>
  var now = Instant.zero

  init(recovering records: [Int] = [], lastCallID: Int = 0) {
    host = Host(random: Random(seed: 1), keepsRecords: true, lastCallID: lastCallID)
    host.recover(records)
  }

  static func initialized(recovering records: [Int] = [], lastCallID: Int = 0) -> Stage {
    var stage = Stage(recovering: records, lastCallID: lastCallID)
    _ = stage.receive(.initialize(me: "n0", nodes: ["n0", "n1", "n2"]))
    return stage
  }

  mutating func receive(
    _ body: Letter.Body, from source: NodeID = "c1", to destination: NodeID = "n0", id: Int? = 7,
    inReplyTo: Int? = nil
  ) -> [Host<Puppet>.Output] {
    host.receive(
      Letter(from: source, to: destination, id: id, inReplyTo: inReplyTo, body), at: now)
    return drain()
  }

  mutating func pass(_ duration: Duration) -> [Host<Puppet>.Output] {
    now = now + duration
    var outputs: [Host<Puppet>.Output] = []
    while host.advance(to: now) { outputs += drain() }
    return outputs
  }

  mutating func resume(after stop: Duration) {
    let since = now
    now = now + stop
    host.resumed(since: since, at: now)
  }

  mutating func drain() -> [Host<Puppet>.Output] {
    var outputs: [Host<Puppet>.Output] = []
    host.drain { outputs.append($0) }
    return outputs
  }
}

func answer(_ body: Letter.Body, to destination: NodeID = "c1", id: Int = 7) -> Host<Puppet>.Output {
  .send(Letter(from: "n0", to: destination, inReplyTo: id, body))
}

func code(_ outputs: [Host<Puppet>.Output]) -> Int? {
  if case .send(let letter)? = outputs.first, case .error(let error) = letter.body { error.code } else { nil }
}
