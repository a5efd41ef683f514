internal import Glomers

/// Draws what the clients do next, without end: Maelstrom's generator of each workload.
struct OperationGenerator: Sendable {
  private let workload: Workload
  private var random: Random
  /// The next value to broadcast: they count from 0.
  private var nextValue = 0

  init(_ workload: Workload, random: Random) {
    self.workload = workload
    self.random = random
  }

  mutating func next() -> Invocation {
    switch workload {
    case .echo:
      return Invocation(
        function: "echo", value: .string("Please echo \(Int.random(in: 0..<128, using: &random))"))
    case .uniqueIDs:
      return Invocation(function: "generate")
    case .broadcast:
      guard Bool.random(using: &random) else { return Invocation(function: "read") }
      defer { nextValue += 1 }
      return Invocation(function: "broadcast", value: .integer(nextValue))
    }
  }
}
