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
