public import Glomers
public import History

/// Maelstrom's counter checker: every final read is the sum of all acknowledged adds and of some of those whose outcome
/// is unknown. Beside it what Maelstrom does not look at: see `CounterAnomalies`.
public struct CounterChecker: Checker {
  private let nodes: [NodeID]
  private let onlyGrows: Bool

  /// - Parameters:
  ///   - nodes: those of which each has to be read in the end.
  ///   - onlyGrows: whether a read of one node may never be below an earlier one.
  public init(nodes: [NodeID], onlyGrows: Bool) {
    self.nodes = nodes
    self.onlyGrows = onlyGrows
  }

  public func check(_ history: History) -> Finding {
    let counter = CounterHistory(history)
    let errors = counter.wrongFinalReads
    let anomalies = CounterAnomalies(counter, history, nodes, onlyGrows: onlyGrows).all
    let figures: EDN = [
      "errors": errors.isEmpty ? .null : .vector(errors.map { history[$0.end].edn }),
      "final-reads": .vector(counter.finalReads.map { EDN(history[$0.end].value) }),
      "acceptable": .vector(counter.acceptable.ranges.map { [EDN($0.lowerBound), EDN($0.upperBound)] }),
    ]
    let verdict: Verdict = !errors.isEmpty ? .invalid : counter.acceptable.isExact ? .valid : .unknown
    return Finding(verdict, figures, anomalies: anomalies)
  }
}

/// A counter's history, made ready for checkers.
struct CounterHistory: Sendable {
  struct Add: Sendable {
    let begin: Int
    let delta: Int
    let kind: Operation.Kind
  }

  /// A read that succeeded.
  struct Read: Sendable {
    let begin: Int
    let end: Int
    let node: NodeID?
    /// Nil where it was no integer of 64 bits.
    let value: Int?
    let isFinal: Bool
  }

  /// In the order in which they begin; one that has not ended is of unknown outcome.
  private(set) var adds: [Add] = []
  /// In the order in which they end.
  private(set) var reads: [Read] = []
  /// What the counter can come to in the end.
  private(set) var acceptable: SubsetSums

  init(_ history: History) {
    for operation in history.operations where operation.isClient {
      if operation.function == "add", operation.kind == .invoke, let delta = operation.value.integer {
        let kind = history.completion(of: operation.index)?.kind ?? .info
        adds.append(Add(begin: operation.index, delta: delta, kind: kind))
      } else if operation.function == "read", operation.kind == .ok,
        let begin = history.invocation(of: operation.index)
      {
        reads.append(
          Read(
            begin: begin.index, end: operation.index, node: operation.node, value: operation.value.integer,
            isFinal: begin.isFinal))
      }
    }
    acceptable = SubsetSums(adds.reduce(0) { $1.kind == .ok ? $0 + Int128($1.delta) : $0 })
    for add in adds where add.kind == .info { acceptable.insert(Int128(add.delta)) }
  }

  var finalReads: [Read] { reads.filter(\.isFinal) }

  var wrongFinalReads: [Read] {
    finalReads.filter { read in read.value.map { !acceptable.contains($0) } ?? true }
  }
}

extension EDN {
  /// An integer of any size; one that takes more than 64 bits is written as text.
  init(_ integer: Int128) { self = Int(exactly: integer).map { .integer($0) } ?? .string("\(integer)") }
}
