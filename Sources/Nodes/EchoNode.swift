public import Glomers
public import Workloads

/// Gossip Glomers 1: says back what it is told.
public struct EchoNode: Node {
  public typealias Message = Echo

  public init(_ cluster: Cluster, recovering records: [Never], _ context: inout Context<EchoNode>) {}

  public mutating func receive(_ message: Echo, _ request: Request, _ context: inout Context<EchoNode>) {
    switch message {
    case .echo(let payload): context.reply(.echoOk(payload), to: request)
    case .echoOk: context.fail(.notSupported("echo_ok is an answer, not a request"), to: request)
    }
  }
}
