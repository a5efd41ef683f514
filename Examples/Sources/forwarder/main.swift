import Glomers
import GlomersRuntime
import Workloads

struct Forwarder: Node {
  typealias Message = Echo
  enum Call: Equatable, Sendable { case forwarded(Request) }

  let neighbour: NodeID?

  init(_ cluster: Cluster, recovering records: [Never], _ context: inout Context<Forwarder>) {
    neighbour = cluster.peers.first
  }

  /// What a client says is taken to a neighbour; what a neighbour brings is answered.
  mutating func receive(_ message: Echo, _ request: Request, _ context: inout Context<Forwarder>) {
    guard case .echo(let payload) = message else { return }
    if let neighbour, request.source.name.hasPrefix("c") {
      context.call(neighbour, message, then: .forwarded(request), .giveUp(after: .seconds(1)))
    } else {
      context.reply(.echoOk(payload), to: request)
    }
  }

  mutating func complete(_ call: Call, _ outcome: Outcome<Echo>, _ context: inout Context<Forwarder>) {
    guard case .forwarded(let request) = call else { return }
    switch outcome {
    case .success(let answer): context.reply(answer, to: request)
    // A timeout is indefinite: the neighbour may have done it. So is the error that the client gets.
    case .failure(let error): context.fail(.crash("\(error)"), to: request)
    }
  }
}

run(Forwarder.self)
