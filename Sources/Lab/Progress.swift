public import Glomers

/// How far a test is, for those who watch it.
public struct Progress: Equatable, Sendable {
  /// The parts of a test, in order.
  public enum Phase: String, Sendable {
    /// Nodes are started and initialized.
    case starting
    /// Clients prepare the nodes: the topology of broadcast.
    case settingUp = "setting up"
    /// Clients make requests.
    case running
    /// The time is over; what is under way is waited for.
    case draining
    /// Faults are healed, and the nodes have time to repair what they did.
    case recovering
    /// Every client asks a last time.
    case finalReads = "final reads"
    /// The verdict is there.
    case finished
  }

  /// The part that the test is in.
  public internal(set) var phase: Phase = .starting
  /// Operations that clients began.
  public internal(set) var operationCount = 0
  /// Operations that succeeded.
  public internal(set) var okCount = 0
  /// Operations that certainly did not happen.
  public internal(set) var failCount = 0
  /// Operations of which nobody knows whether they happened.
  public internal(set) var infoCount = 0
  /// Messages put into the network, probes and the handshake not counted.
  public internal(set) var messageCount = 0
  /// Faults under way, in words.
  public internal(set) var faults: [String] = []
  /// Since the first operation could begin.
  public internal(set) var elapsed: Duration = .zero
  /// Until no more operations begin, or until the recovery is over; nil where nobody knows.
  public internal(set) var remaining: Duration?
  /// What was found to be wrong so far.
  public internal(set) var anomalyCount = 0
}

extension TestRun {
  /// How far the test is at this instant.
  public func progress(at now: Instant) -> Progress {
    var progress = counts
    progress.anomalyCount = anomalyLog.count
    switch phase {
    case .idle, .starting: return progress
    case .settingUp: progress.phase = .settingUp
    case .running(let cutoff):
      progress.phase = .running
      progress.remaining = max(.zero, cutoff - now)
    case .draining: progress.phase = .draining
    case .recovering(let end):
      progress.phase = .recovering
      progress.remaining = max(.zero, end - now)
    case .finalOperations: progress.phase = .finalReads
    case .finished: progress.phase = .finished
    }
    progress.elapsed = now - origin
    return progress
  }
}
