import Glomers
import Lab
@testable import History

/// A history of one register, drawn at random: operations take place somewhere between their beginning and their end,
/// some nodes lie about what they read.
struct RandomRegisterHistory {
  private(set) var history = History()
  /// The same, for the twin.
  private(set) var operations: [DumbOperation] = []

  private struct Open {
    var place: Int
    var invocation: Operation
    var outcome: (kind: Operation.Kind, value: JSON)?
  }

  init(seed: UInt64, clients: Int, operations count: Int, crashes: Double, lies: Double = 0) {
    var random = Random(seed: seed)
    var register: JSON = .null
    var open: [Open?] = Array(repeating: nil, count: clients)
    var processes = Array(0..<clients)
    var begun = 0

    func draw(_ random: inout Random) -> JSON { .integer(Int.random(in: 0..<3, using: &random)) }

    while begun < count || open.contains(where: { $0 != nil }) {
      let client = Int.random(in: 0..<clients, using: &random)
      guard var current = open[client] else {
        guard begun < count else { continue }
        begun += 1
        let function = ["read", "write", "cas"].randomElement(using: &random)!
        let asked: JSON =
          switch function {
          case "read": .null
          case "write": draw(&random)
          default: [draw(&random), draw(&random)]
          }
        let invocation = Operation(
          time: .nanoseconds(history.count), kind: .invoke, process: .client(processes[client]),
          function: function, value: [0, asked], node: "n0")
        let call = history.append(invocation)
        open[client] = Open(place: operations.count, invocation: invocation, outcome: nil)
        operations.append(DumbOperation(function: function, value: asked, call: call, end: nil))
        if let pair = asked.array {
          operations[operations.count - 1].from = pair[0]
          operations[operations.count - 1].value = pair[1]
        }
        continue
      }
      if let outcome = current.outcome {
        var end = current.invocation
        end.kind = outcome.kind
        end.value = outcome.value
        let index = history.append(end)
        open[client] = nil
        if outcome.kind == .ok { operations[current.place].end = index }
        if outcome.kind == .info { processes[client] += clients }
        continue
      }
      // The moment at which it takes place.
      let mayLie = Double.random(in: 0..<1, using: &random) < lies
      let mayCrash = Double.random(in: 0..<1, using: &random) < crashes
      let asked = current.invocation.value.array![1]
      switch current.invocation.function {
      case "read":
        // To Jepsen, a read of nothing says nothing.
        var seen = register == .null || mayLie ? draw(&random) : register
        if register == .null { seen = mayLie ? seen : .null }
        operations[current.place].value = seen
        current.outcome = seen == .null || mayCrash ? (.fail, current.invocation.value) : (.ok, [0, seen])
      case "write":
        if !mayCrash || Bool.random(using: &random) { register = asked }
        current.outcome = (mayCrash ? .info : .ok, current.invocation.value)
      default:
        let fits = register == asked.array![0] || mayLie
        if fits { register = asked.array![1] }
        current.outcome = (mayCrash ? .info : fits ? .ok : .fail, current.invocation.value)
      }
      open[client] = current
    }
    operations = operations.filter { operation in
      let end = history.completion(of: operation.call)!
      return end.kind == .ok || (end.kind == .info && operation.function != "read")
    }
  }

  /// What is known before that place in the history: what has not ended by then may still happen.
  func prefix(before place: Int) -> [DumbOperation] {
    operations.filter { $0.call < place }.compactMap { operation in
      guard let end = operation.end, end >= place else { return operation }
      var operation = operation
      operation.end = nil
      // What it will see is not known yet.
      return operation.function == "read" ? nil : operation
    }
  }
}
