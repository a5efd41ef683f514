internal import Glomers
internal import Workloads

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

  mutating func handle(_ request: KV, at service: NodeID, from caller: NodeID) -> Outcome<KV> {
    models[service]!.handle(request, from: caller, &random)
  }
}
