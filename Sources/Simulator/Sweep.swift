public import Glomers
public import Lab
public import History
public import Checkers

/// What became of one seed.
public struct SeedOutcome: Sendable {
  /// Which seed it was.
  public let seed: UInt64
  /// What the checkers say.
  public let results: Results
  /// The run's fingerprint: see ``Simulation/digest``.
  public let digest: Digest
  /// Messages that the network carried.
  public let messageCount: Int
  /// How long the test took in virtual time.
  public let virtualTime: Duration
  /// The operations that show what is wrong, as in `history.edn`.
  public let excerpt: [String]
  /// What is needed to store the run; nil unless its messages were recorded.
  public let recording: Recording?
  /// What the run was, as a script; of one that was recorded (`Scenario.isRecorded`).
  public let scripted: ScriptedRun?
  /// What its nodes came across.
  public let encounters: Encounters
  /// Of a run of programs: how well virtual time held. Nil for state machines, where it always does.
  public var fidelity: Fidelity?

  /// A run in full.
  public struct Recording: Sendable {
    /// Everything that clients and the nemesis did.
    public let history: History
    /// The text of `messages.jsonl`.
    public let messages: [UInt8]
    /// Where each value was seen, of workloads in which values spread.
    public let sightings: [Visibility.Sighting]
    /// The instant from which the history's times count.
    public let origin: Instant
    /// What nodes wrote to their logs; of programs, to stderr.
    public let log: [LogLine]

    init(_ test: TestRun, _ log: [LogLine]) {
      var test = test
      var messages: [UInt8] = []
      test.drainRecord { messages += $0 }
      history = test.history
      self.messages = messages
      sightings = test.visibility.sightings
      origin = test.origin
      self.log = log
    }
  }

  /// Whether nothing wrong was found. Too little to judge by is not wrong.
  public var isValid: Bool { results.verdict != .invalid }

  /// Judges a test that is over.
  @usableFromInline
  package init(_ test: TestRun, digest: Digest, virtualTime: Duration, log: [LogLine] = []) {
    seed = test.scenario.seed
    results = test.results()
    self.digest = digest
    messageCount = test.journal.all.messageCount
    self.virtualTime = virtualTime
    let shown = Set(results.anomalies.prefix(3).flatMap(\.operations)).sorted()
    recording = test.scenario.recordBytesMax > 0 ? Recording(test, log) : nil
    excerpt = shown.map { test.history[$0].edn.text(in: .edn) }
    encounters = test.encounters
    scripted = ScriptedRun(test, Self.failures(results).first)
  }

  /// What made the run invalid; where that is no anomaly but the share of operations that succeeded, one named
  /// for it.
  public var failures: [Anomaly] { Self.failures(results) }

  private static func failures(_ results: Results) -> [Anomaly] {
    guard results.verdict == .invalid else { return [] }
    var found = results.anomalies.filter { $0.severity == .invalid }
    for (verdict, name) in [(results.successes.verdict, "unavailable"), (results.stats.verdict, "useless")]
    where verdict == .invalid {
      found.append(Anomaly(name, "of too few operations it is known that they succeeded"))
    }
    return found.isEmpty ? [Anomaly("unexplained", "the verdict is invalid, and nobody says why")] : found
  }
}

/// A run that was written down as a script.
public struct ScriptedRun: Sendable {
  /// With a script that makes the same run.
  public let scenario: Scenario
  /// Everything that clients and the nemesis did.
  public let history: History
  /// Messages that were lost, doubled or held up one by one.
  public let strikes: [SeenStrike]
  /// When the messages of each link were sent, the first first.
  public let sendTimes: [Script.Link: [Duration]]
  /// The places, in the script, of the requests that show the first failure.
  public let evidence: [Int]

  init?(_ test: TestRun, _ failure: Anomaly?) {
    guard let recorded = test.recording else { return nil }
    scenario = recorded
    history = test.history
    strikes = test.strikes
    sendTimes = test.sendTimes
    evidence = test.requests(of: failure?.operations ?? [])
  }
}

/// How well a run of programs kept to virtual time.
public struct Fidelity: Hashable, Sendable {
  /// Why the run could not be carried to its end; nil if it was.
  public var failure: String?
  /// Why another run of the seed may differ; none if it can't.
  public var doubts: [String] = []
  /// What the system refuses and was done without.
  public var refusals: [String] = []
  /// How often a program was stopped to be answered.
  public var stops = 0
  /// Polls that found nothing, and turns given away.
  public var polls = 0
  /// Delays put in to show races.
  public var delays = 0

  /// A run of which nothing is known yet.
  public init() {}
}

extension Simulation {
  /// Runs a whole test and says what became of it.
  ///
  /// - Parameter trace: gets a line for everything that nodes are given and say.
  @inlinable
  public static func outcome(
    _ scenario: Scenario, options: [String: Option.Value] = [:], trace: ((String) -> Void)? = nil
  ) -> SeedOutcome {
    outcome(TestRun(scenario), options: options, trace: trace)
  }

  /// Runs a test that has not begun, and says what became of it.
  ///
  /// - Parameter trace: gets a line for everything that nodes are given and say.
  @inlinable
  public static func outcome(
    _ test: TestRun, options: [String: Option.Value] = [:], trace: ((String) -> Void)? = nil
  ) -> SeedOutcome {
    var simulation = Simulation(test, options: options, trace: trace)
    simulation.finish()
    return SeedOutcome(
      simulation.test, digest: simulation.digest, virtualTime: simulation.now - .zero, log: simulation.log)
  }

  /// The same, from code that all kinds of node share: slower to run, and quicker to build where there are many kinds
  /// that run a few seeds each.
  @_semantics("optimize.no.crossmodule") @inline(never)
  public static func outcomeByCommonCode(
    _ scenario: Scenario, options: [String: Option.Value] = [:], trace: ((String) -> Void)? = nil
  ) -> SeedOutcome {
    outcome(scenario, options: options, trace: trace)
  }
}

/// A line that a node wrote to its log.
public struct LogLine: Sendable, Equatable {
  /// Which node wrote it.
  public let node: NodeID
  /// The line, without its end; of a program at most 512 bytes.
  public let text: String
}

/// Runs many seeds, several at a time.
public struct Sweep: Sendable {
  private let seeds: ClosedRange<UInt64>
  private let concurrency: Int
  private let stopsAtFailure: Bool
  private let run: @Sendable (UInt64) -> SeedOutcome

  /// - Parameters:
  ///   - concurrency: how many seeds run at a time; at least one.
  ///   - stopsAtFailure: whether seeds that have not begun are left out once one was invalid.
  public init(
    _ seeds: ClosedRange<UInt64>, concurrency: Int, stopsAtFailure: Bool,
    _ run: @escaping @Sendable (UInt64) -> SeedOutcome
  ) {
    self.seeds = seeds
    self.concurrency = max(1, concurrency)
    self.stopsAtFailure = stopsAtFailure
    self.run = run
  }

  /// Runs the seeds and hands each outcome over as it comes, which need not be in order.
  public func outcomes(_ each: (SeedOutcome) -> Void) async {
    await withTaskGroup(of: SeedOutcome.self) { [run] group in
      var rest = seeds.makeIterator()
      func begin() {
        guard let seed = rest.next() else { return }
        group.addTask { run(seed) }
      }
      for _ in 0..<concurrency { begin() }
      var hasFailed = false
      for await outcome in group {
        each(outcome)
        hasFailed = hasFailed || !outcome.isValid
        if !(stopsAtFailure && hasFailed) { begin() }
      }
    }
  }
}
