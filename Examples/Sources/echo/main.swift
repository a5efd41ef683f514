import Glomers
import GlomersRuntime
import Workloads

struct EchoNode: Node {
  typealias Message = Echo

  init(_ cluster: Cluster, recovering records: [Never], _ context: inout Context<EchoNode>) {}

  mutating func receive(_ message: Echo, _ request: Request, _ context: inout Context<EchoNode>) {
    if case .echo(let payload) = message { context.reply(.echoOk(payload), to: request) }
  }
}

run(EchoNode.self)
