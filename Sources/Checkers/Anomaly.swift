public import Glomers
import History

/// Something that must not be, and what shows it.
public struct Anomaly: Equatable, Sendable {
  /// How bad it is.
  public enum Severity: String, Sendable {
    /// The nodes are wrong: the whole result is invalid.
    case invalid
    /// Nobody can tell whether the nodes are wrong: the result is unknown, unless something else is invalid.
    case unknown
    /// Worth knowing; the verdict stays.
    case warning
  }

  /// What kind it is, in kebab case: `lost-value`.
  public let name: String
  /// One sentence for people.
  public let detail: String
  /// Indices into the history: the fewest operations that show it; empty where it was seen outside of operations.
  public let operations: [Int]
  /// The node at which it was seen, where it was one.
  public let node: NodeID?
  /// How bad it is here: a demand can make it worse.
  public private(set) var severity: Severity
  /// What it breaks, if that is not the workload's contract itself: a warning, until a run demands it.
  public let demand: Demand?
  /// How many sightings it stands for.
  public let count: Int
  /// Of a cycle of transactions: each edge, in order; the last leads back to the first.
  public let steps: [Step]

  /// Why one transaction comes before another.
  public struct Step: Equatable, Sendable {
    /// The operations, by the indices of their invocations in the history.
    public let from: Int
    /// The operation that comes after it.
    public let to: Int
    /// `ww`, `wr`, `rw` (Adya's dependencies), `process` or `realtime`.
    public let relation: String
    /// The reason: `T2 read what T1 wrote to 8: 5`.
    public let words: String

    /// - Parameters:
    ///   - from: the index of the invocation that comes first.
    ///   - to: that of the one that comes after it.
    ///   - relation: `ww`, `wr`, `rw`, `process` or `realtime`.
    ///   - words: the reason, as a sentence.
    public init(from: Int, to: Int, relation: String, words: String) {
      self.from = from
      self.to = to
      self.relation = relation
      self.words = words
    }
  }

  /// The most bytes that a detail has: a longer one is cut short.
  private static let detailBytesMax = 8192

  /// - Parameter severity: of one that breaks a demand, what it is where nobody makes the demand: a warning if this says
  ///   invalid.
  public init(
    _ name: String, _ detail: String, operations: [Int] = [], node: NodeID? = nil,
    severity: Severity = .invalid, breaking demand: Demand? = nil, count: Int = 1, steps: [Step] = []
  ) {
    self.name = name
    self.detail = detail.shortened(to: Self.detailBytesMax)
    self.operations = operations
    self.node = node
    self.severity = demand != nil && severity == .invalid ? .warning : severity
    self.demand = demand
    self.count = count
    self.steps = steps
  }

  /// The same in a run that makes these demands.
  func judged(by demands: Set<Demand>) -> Anomaly {
    guard let demand, demands.contains(demand) else { return self }
    var judged = self
    judged.severity = .invalid
    return judged
  }
}

/// What nodes can be held to beyond the contract of their workload and the consistency models that were asked: the
/// names that `--also` takes.
///
/// An anomaly that breaks a demand is a warning in a run that does not make the demand.
public enum Demand: String, CaseIterable, Sendable {
  /// A transaction shows what its process has written before (Terry et al., *Session guarantees for weakly consistent
  /// replicated data*, PDIS 1994).
  case readYourWrites = "read-your-writes"
  /// Who sees a part of a transaction sees all of it from then on (Bailis et al., *Highly available transactions*, VLDB
  /// 2013).
  case monotonicAtomicView = "monotonic-atomic-view"
  /// In the end, long after the last fault, all nodes show the same.
  case convergence
  /// What a node has shown it shows from then on: its sets and growing counters never shrink.
  case monotonicReads = "monotonic-reads"
  /// A node lists every offset that it has acknowledged as committed, and in the end every node lists them all.
  case sharedCommits = "shared-commits"
  /// A request has one reply, and clients get nothing else.
  case singleReplies = "single-replies"
  /// Each node answers one of its final reads at least.
  case finalReads = "final-reads"
}

extension Demand {
  /// What transactions can be held to.
  public static let ofTransactions: Set<Demand> = [.readYourWrites, .monotonicAtomicView, .convergence]

  /// Every name, in the order of `allCases`.
  public static var names: [String] { allCases.map(\.rawValue) }
}
