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
    var anomalies = CounterAnomalies(counter, history, nodes, onlyGrows: onlyGrows).all
    if let first = counter.unsummed.first {
      anomalies.append(
        Anomaly(
          "unsummed-add",
          "the add of \(EDN(history[first].value).shown) is no integer below 2^96 in size; this checker sums no others, "
            + "so nobody can tell what the counter has to be", operations: [first], severity: .unknown))
    }
    let figures: EDN = [
      "errors": errors.isEmpty ? .null : .vector(errors.map { history[$0.end].edn }),
      "final-reads": .vector(counter.finalReads.map { EDN(history[$0.end].value) }),
      "acceptable": .vector(counter.acceptable.ranges.map { [EDN($0.lowerBound), EDN($0.upperBound)] }),
    ]
    let verdict: Verdict = !errors.isEmpty ? .invalid : counter.isExact ? .valid : .unknown
    return Finding(verdict, figures, anomalies: anomalies)
  }
}

/// A counter's history, made ready for checkers.
struct CounterHistory: Sendable {
  /// Sums of numbers below this fit in 128 bits, however many there are.
  private static let summandLimit: UInt128 = 1 << 96

  struct Add: Sendable {
    let begin: Int
    let delta: Int128
    let kind: Operation.Kind
  }

  /// A read that succeeded.
  struct Read: Sendable {
    let begin: Int
    let end: Int
    let node: NodeID?
    /// Nil where it was no integer of 128 bits.
    let value: Int128?
    /// Whether it was an integer of any size.
    let isInteger: Bool
    let isFinal: Bool
  }

  /// In the order in which they begin; one that has not ended is of unknown outcome.
  private(set) var adds: [Add] = []
  /// In the order in which they end.
  private(set) var reads: [Read] = []
  /// Where adds begin that may have happened, of which no sum is made here.
  private(set) var unsummed: [Int] = []
  /// What the counter can come to in the end, but for those.
  private(set) var acceptable: SubsetSums

  init(_ history: History) {
    for operation in history.operations where operation.isClient {
      if operation.function == "add", operation.kind == .invoke {
        let kind = history.completion(of: operation.index)?.kind ?? .info
        if let delta = operation.value.wideInteger, delta.magnitude < Self.summandLimit {
          adds.append(Add(begin: operation.index, delta: delta, kind: kind))
        } else if kind != .fail {
          unsummed.append(operation.index)
        }
      } else if operation.function == "read", operation.kind == .ok,
        let begin = history.invocation(of: operation.index)
      {
        reads.append(
          Read(
            begin: begin.index, end: operation.index, node: operation.node,
            value: operation.value.wideInteger,
            isInteger: operation.value.isInteger, isFinal: begin.isFinal))
      }
    }
    acceptable = SubsetSums(adds.reduce(0) { $1.kind == .ok ? $0 + $1.delta : $0 })
    for add in adds where add.kind == .info { acceptable.insert(add.delta) }
  }

  var finalReads: [Read] { reads.filter(\.isFinal) }

  /// Whether ``acceptable`` is all that the counter can come to, and nothing else.
  var isExact: Bool { acceptable.isExact && unsummed.isEmpty }

  var wrongFinalReads: [Read] { finalReads.filter { isWrong($0, acceptable) } }

  /// Whether a read shows none of these sums. With adds that are in no sum, it may be any integer.
  func isWrong(_ read: Read, _ sums: SubsetSums) -> Bool {
    guard unsummed.isEmpty || !read.isInteger else { return false }
    return read.value.map { !sums.contains($0) } ?? true
  }
}

extension JSON {
  /// The integer of at most 128 bits that this is.
  fileprivate var wideInteger: Int128? {
    switch self {
    case .integer(let value): Int128(value)
    case .literal(let literal) where literal.isInteger: Int128(literal.text)
    default: nil
    }
  }
}

extension EDN {
  /// An integer of any size; one that takes more than 64 bits is written as text.
  init(_ integer: Int128) { self = Int(exactly: integer).map { .integer($0) } ?? .string("\(integer)") }
}
