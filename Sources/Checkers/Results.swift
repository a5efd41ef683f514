public import History

/// What a run has come to: values, which ``tree`` renders, Maelstrom's figures at Maelstrom's places, and ours under
/// `:workbench`.
public struct Results: Equatable, Sendable {
  /// The worst of all checkers, and invalid if there is an anomaly that makes it so.
  public let verdict: Verdict
  /// Everything that was found wrong, or worth a warning, in the order in which it was found.
  public let anomalies: [Anomaly]
  /// How operations ended.
  public let stats: OperationStats
  /// How many operations succeeded, and whether that is enough.
  public let successes: Successes
  /// Nil where only the history is known.
  public let net: NetStats?
  /// What the workload's own checker has found.
  public let workload: Finding
  /// How long clients waited.
  public let latencies: OperationLatencies
  /// Of functions that never succeeded, how they ended.
  private let endings: [String: String]
  /// The same of functions of which some succeeded, as sentences.
  private let partialEndings: [String]
  /// What stands under `:exceptions`.
  private let exceptions: EDN
  /// Whether a client began anything before the final operations.
  private let wasTried: Bool
  /// What stands under `:workbench`: only written, never read.
  private var own: EDN
  private var hasPictures = false

  /// Runs the checkers over a history.
  ///
  /// - Parameters:
  ///   - workload: what the workload itself must hold.
  ///   - journal: nil where only the history is known.
  ///   - observed: the anomalies that were seen while the test ran.
  ///   - demands: what nodes are held to beyond the workload's contract.
  ///   - messagesPerOperationMax: the most messages between servers for each operation; nil allows any number.
  ///   - visibility: for workloads whose values are to reach every node.
  ///   - seed: of the run; nil if it is not this bench's.
  public init(
    of history: History, workload: any Checker, availability: Availability? = nil,
    journal: Journal? = nil, observed: [Anomaly] = [], demands: Set<Demand> = [],
    messagesPerOperationMax: Double? = nil, visibility: Visibility? = nil, seed: UInt64? = nil
  ) {
    stats = OperationStats(history)
    successes = Successes(history, wanted: availability)
    self.workload = workload.check(history)
    net = journal.map { NetStats($0, history) }
    latencies = OperationLatencies(history)
    let tooMany = Self.tooMany(net, messagesPerOperationMax)
    anomalies = (observed + self.workload.anomalies + tooMany).map { $0.judged(by: demands) }
    let strict = Verdict.merging(anomalies.map(\.severity.verdict))
    wasTried = (0..<history.count).contains { history.isClient($0) && !history.isFinal($0) }
    let endings = Endings(history)
    self.endings = endings.words
    partialEndings = endings.partialWords
    exceptions = endings.exceptions
    verdict = .merging([
      stats.verdict, successes.verdict, self.workload.verdict, strict, wasTried ? .valid : .unknown,
    ])

    own = AnomalyReport(anomalies, history).edn
    own["valid?"] = strict.edn
    own["visibility"] = visibility?.edn
    own["latencies"] = latencies.edn
    own["bytes-per-op"] = net?.bytesPerOperation
    own["seed"] = seed.map { seed in Int(exactly: seed).map { .integer($0) } ?? .string(String(seed)) }
  }

  private static func tooMany(_ net: NetStats?, _ most: Double?) -> [Anomaly] {
    guard let most, let count = net?.serversPerOperation, count > most else { return [] }
    let rounded = (count * 1000).rounded() / 1000
    return [
      Anomaly("too-many-messages", "servers sent \(rounded) messages an operation, and \(most) are allowed")
    ]
  }

  /// Sets what stands under a keyword of `:workbench`; for what only the driver of a run knows.
  public mutating func report(_ key: String, _ value: EDN) { own[key] = value }

  /// Says, where Maelstrom says it, that the pictures of latencies and rates and the timeline were drawn.
  public mutating func tellPictures() { hasPictures = true }
}

extension Results {
  /// What is written as EDN and as JSON.
  public var tree: EDN {
    var tree: EDN = [:]
    if hasPictures {
      tree["perf"] = ["latency-graph": ["valid?": true], "rate-graph": ["valid?": true], "valid?": true]
      tree["timeline"] = ["valid?": true]
    }
    tree["exceptions"] = exceptions
    tree["stats"] = stats.edn
    tree["availability"] = successes.edn
    tree["net"] = net?.edn
    tree["workload"] = workload.edn
    tree["workbench"] = own
    tree["valid?"] = verdict.edn
    return tree
  }

  /// What makes a run invalid beside its anomalies, in words.
  public var complaints: [String] {
    var complaints = stats.functions.filter(\.isUseless).map { function in
      "no \(function.name) succeeded" + (endings[function.name].map { ": \($0)" } ?? "")
    }
    if !successes.isEnough {
      complaints.append("too few operations succeeded: a share of \(successes.fraction.text)")
    }
    if workload.verdict == .invalid, complaints.isEmpty,
      !anomalies.contains(where: { $0.severity == .invalid })
    {
      complaints.append(
        "the workload's checker objects, see :workload in the results"
          + (partialEndings.isEmpty ? "" : ": " + partialEndings.joined(separator: "; ")))
    }
    return complaints
  }

  /// Why the verdict is unknown, in words, beside anomalies.
  public var doubts: [String] {
    wasTried || anomalies.contains { $0.severity == .invalid }
      ? []
      : ["nothing was tried: no operation began before the end (is the rate 0, or the time too short?)"]
  }

  /// What `results.edn` holds.
  public var edn: String { tree.pretty(in: .edn) }

  /// What the console shows: the same, with no more than the beginnings of long strings and numbers.
  public var shown: String { tree.shortened.pretty(in: .edn) }

  /// What `results.json` holds: the same.
  public var json: String { tree.pretty(in: .json) }
}
