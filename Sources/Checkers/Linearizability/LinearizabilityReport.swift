import Glomers
import History

/// Puts into words and figures what was found out about a key.
struct LinearizabilityReport {
  private let history: History
  private let registers: RegisterHistory

  init(_ history: History, _ registers: RegisterHistory) {
    self.history = history
    self.registers = registers
  }

  /// A key's result, with Jepsen's names.
  func result(_ judgement: Judgement) -> EDN {
    var linearizable: EDN = [
      "valid?": judgement.verdict.edn, "op-count": .integer(judgement.operations.count), "configs": [],
      "final-paths": [],
    ]
    switch judgement.outcome {
    case .stuck(let obstacle) where !judgement.isOnlyErrors:
      linearizable["op"] = end(of: judgement.operations[obstacle.operation]).edn
      linearizable["configs"] = .vector(
        sorted(obstacle).map { value, author in
          [
            "model": ["value": EDN(registers.value(value))],
            "last-op": author.map { end(of: judgement.operations[$0]).edn } ?? .null,
          ]
        })
    case .exhausted(let place) where !judgement.isOnlyErrors:
      let explained = judgement.operations.count { ($0.end ?? .max) < place }
      linearizable["error"] = .string(
        "the search was given up: too many orders are possible. The first \(explained) of "
          + "\(judgement.operations.count) operations can be explained")
    default: break
    }
    return [
      "linearizable": linearizable, "timeline": ["valid?": true], "valid?": judgement.verdict.edn,
    ]
  }

  /// The operation that fits nowhere, and those that made the values that it does not fit.
  func anomaly(_ judgement: Judgement, _ key: JSON) -> Anomaly? {
    guard case .stuck(let obstacle) = judgement.outcome else { return nil }
    let stuck = judgement.operations[obstacle.operation]
    let causes = sorted(obstacle)
    var operations: [Int] = causes.compactMap { $0.author.map { end(of: judgement.operations[$0]).index } }
    operations += [stuck.call, stuck.end!]
    let values = causes.map { name($0.value) }.joined(separator: " or ")
    let why: String
    switch obstacle.reason {
    case nil:
      why =
        "in no order of the operations before can it have been so: all that ended earlier leaves \(values)"
    case .neverWritten: why = "nobody had begun to write that"
    case .overwritten(let place):
      let overwrite = judgement.operations[place]
      operations.insert(contentsOf: [overwrite.call, overwrite.end!], at: 0)
      why = "between the last write of that and this one \(describe(overwrite))"
    }
    let basis = judgement.isOnlyErrors ? ", if errors are true" : ""
    return Anomaly(
      judgement.isOnlyErrors ? "impossible-error" : "nonlinearizable",
      (key == .null ? "" : "key \(EDN(key).shown): ") + "\(describe(stuck)), and \(why)\(basis)",
      operations: operations,
      node: history[stuck.end!].node)
  }

  private func sorted(_ obstacle: LinearizationSearch.Obstacle) -> [(value: Int, author: Int?)] {
    obstacle.values.map { ($0.key, $0.value) }.sorted { $0.0 < $1.0 }
  }

  private func end(of operation: RegisterOperation) -> Operation {
    history[operation.end ?? history.completion(of: operation.call)?.index ?? operation.call]
  }

  private func name(_ value: Int) -> String { value == 0 ? "no value" : EDN(registers.value(value)).shown }

  private func describe(_ operation: RegisterOperation) -> String {
    switch operation.action {
    case .read(let value):
      operation.isFromError && history[operation.end!].kind == .fail
        ? "a \(history[operation.call].function) found no key" : "a read found \(name(value))"
    case .compareAndSet(let from, let to): "a cas from \(name(from)) to \(name(to)) succeeded"
    case .refusal(let from): "a cas from \(name(from)) was refused"
    // A write fits everywhere.
    case .write(let value): "a write of \(name(value)) succeeded"
    }
  }
}
