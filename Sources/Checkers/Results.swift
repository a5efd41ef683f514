public import History

/// What a run has come to: a tree in which Maelstrom's figures stand at Maelstrom's places, and ours under
/// `:workbench`.
public struct Results: Equatable, Sendable {
  /// The worst of all checkers, and invalid if there is an anomaly that makes it so.
  public let verdict: Verdict
  /// Everything that was found wrong, or worth a warning, in the order in which it was found.
  public let anomalies: [Anomaly]
  /// What is written as EDN and as JSON.
  public private(set) var tree: EDN
  /// Of functions that never succeeded, how they ended.
  private let endings: [String: String]
  /// The same of functions of which some succeeded, as sentences.
  private let partialEndings: [String]
  /// Whether a client began anything before the final operations.
  private let wasTried: Bool

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
    let stats = Stats().check(history)
    let available = AvailabilityChecker(availability).check(history)
    let checked = workload.check(history)
    let net = journal.map { NetStats($0, history) }
    let tooMany = Self.tooMany(net, messagesPerOperationMax)
    anomalies = (observed + checked.anomalies + tooMany).map { $0.judged(by: demands) }
    let strict = Verdict.merging(anomalies.map(\.severity.verdict))
    wasTried = (0..<history.count).contains { history.isClient($0) && !history.isFinal($0) }
    let ended = Endings(history)
    endings = ended.words
    partialEndings = ended.partialWords
    verdict = .merging([
      stats.verdict, available.verdict, checked.verdict, strict, wasTried ? .valid : .unknown,
    ])

    var own = AnomalyReport(anomalies, history).edn
    own["valid?"] = strict.edn
    own["visibility"] = visibility?.edn
    own["latencies"] = OperationLatencies(history).edn
    own["bytes-per-op"] = net?.bytesPerOperation
    own["seed"] = seed.map { seed in Int(exactly: seed).map { .integer($0) } ?? .string(String(seed)) }
    tree = [
      "exceptions": ended.exceptions,
      "stats": stats.edn,
      "availability": available.edn,
      "net": net?.edn ?? .null,
      "workload": checked.edn,
      "workbench": own,
      "valid?": verdict.edn,
    ]
    if net == nil { tree["net"] = EDN?.none }
  }

  private static func tooMany(_ net: NetStats?, _ most: Double?) -> [Anomaly] {
    guard let most, let count = net?.serversPerOperation, count > most else { return [] }
    let rounded = (count * 1000).rounded() / 1000
    return [
      Anomaly("too-many-messages", "servers sent \(rounded) messages an operation, and \(most) are allowed")
    ]
  }

  /// Sets what stands under a keyword of `:workbench`; for what only the driver of a run knows.
  public mutating func report(_ key: String, _ value: EDN) {
    tree["workbench"]?[key] = value
  }
}

extension Results {
  /// Says, where Maelstrom says it, that the pictures of latencies and rates and the timeline were drawn.
  public mutating func tellPictures() {
    guard case .map(let members) = tree else { return }
    let drawn: EDN = [
      "perf": ["latency-graph": ["valid?": true], "rate-graph": ["valid?": true], "valid?": true],
      "timeline": ["valid?": true],
    ]
    guard case .map(let pictures) = drawn else { return }
    tree = .map(pictures + members)
  }

  /// What makes a run invalid beside its anomalies, in words.
  public var complaints: [String] {
    var complaints: [String] = []
    if case .map(let functions)? = tree["stats"]?["by-f"] {
      // A crash never succeeds, and is no offence.
      for function in functions where function.value["valid?"] == false && function.key != .keyword("crash") {
        let name = String(function.key.text.dropFirst())
        complaints.append("no \(name) succeeded" + (endings[name].map { ": \($0)" } ?? ""))
      }
    }
    if tree["availability"]?["valid?"] == false, let share = tree["availability"]?["ok-fraction"] {
      complaints.append("too few operations succeeded: a share of \(share.text)")
    }
    if tree["workload"]?["valid?"] == false, complaints.isEmpty,
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
