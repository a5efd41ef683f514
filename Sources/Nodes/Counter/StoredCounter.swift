public import Glomers

/// What a counter wants of the service that keeps it.
public enum CounterAsk: Equatable, Sendable {
  /// To change this node's component.
  case swap
  /// To be brought up to date, ahead of reading this node's component, and to read it.
  case catchUp, own
  /// To be brought up to date, ahead of reading the counter, and to read a node's component.
  case freshen, component(NodeID)
}

/// What a node remembers of a counter that a service keeps: nothing that it could not ask for.
struct StoredCounter: Sendable {
  struct Add: Equatable, Sendable {
    let request: Request
    let delta: Int
  }

  /// A change of this node's component that was asked for.
  struct Swap: Sendable {
    let from: CounterComponent?
    let to: CounterComponent
    let adds: [Add]
  }

  /// Reads that are answered together.
  struct Round: Sendable {
    let requests: [Request]
    /// Nodes whose components have yet to be read.
    var missingCount: Int
    var sum: Int128 = 0
    var error: RPCError?
  }

  let cluster: Cluster
  /// This life of the node.
  let origin: Origin
  /// Writes that bring this node up to date.
  var freshWriteCount = 0
  /// This node's component, as far as is known; nil before it has added anything.
  var own: CounterComponent?
  var isOwnKnown = false
  /// The service is being asked about this node's component.
  var isBusy = false
  var swap: Swap?
  /// What is to go into the next swap, and who is to be answered in the next round.
  var waitingAdds: [Add] = []
  var waitingReads: [Request] = []
  var round: Round?

  init(_ cluster: Cluster, _ origin: Origin) {
    self.cluster = cluster
    self.origin = origin
  }

  /// Where a node's component is kept. Only that node writes there.
  func key(of node: NodeID) -> JSON { .string("counter/\(node)") }

  /// A write that changes the service's state, whatever that is.
  mutating func freshWrite() -> KV {
    freshWriteCount += 1
    return .write(
      key: .string("fresh/\(cluster.me)"), value: .array([.string(origin.name), .integer(freshWriteCount)]))
  }

  /// Gathers what waits into one change. Nil where nothing is left, those aside that would take more than 64 bits.
  mutating func nextSwap() -> (swap: Swap?, refused: [Add]) {
    var total = own?.total ?? 0
    var refused: [Add] = []
    var adds: [Add] = []
    for add in waitingAdds {
      let (sum, overflows) = total.addingReportingOverflow(add.delta)
      if overflows {
        refused.append(add)
      } else {
        total = sum
        adds.append(add)
      }
    }
    waitingAdds = []
    guard !adds.isEmpty else { return (nil, refused) }
    let to = CounterComponent(origin: origin, count: (own?.count ?? 0) + 1, total: total)
    return (Swap(from: own, to: to, adds: adds), refused)
  }
}

/// As a service keeps it: `[origin, count, total]`. The count grows with every change, so no value ever comes back.
extension CounterComponent {
  init?(_ json: JSON) {
    guard let parts = json.array, parts.count == 3, let name = parts[0].string,
      let count = parts[1].integer, 1..<Int.max ~= count, let total = parts[2].integer
    else { return nil }
    self.init(origin: Origin(name: name), count: count, total: total)
  }

  var json: JSON { [.string(origin.name), .integer(count), .integer(total)] }
}
