internal import Glomers
internal import Workloads
import Services

/// The services of Maelstrom's network. Nodes reach them as they reach each other, with the same delays, and no
/// partition cuts them off.
struct ServiceDesk: Sendable {
  private var models: [NodeID: any ServiceModel]
  private var random: Random

  init(random: Random) {
    models = Dictionary(uniqueKeysWithValues: Service.allCases.map { ($0.id, $0.model) })
    self.random = random
  }

  static var names: [NodeID] { Service.allCases.map(\.id) }

  /// Nil where the service has no such request.
  mutating func handle(_ request: KV, at service: NodeID, from caller: NodeID) -> Outcome<KV>? {
    let outcome = models[service]!.handle(request, from: caller, &random)
    if case .failure(let error) = outcome, error.code == RPCError.notSupported("").code { return nil }
    return outcome
  }
}
