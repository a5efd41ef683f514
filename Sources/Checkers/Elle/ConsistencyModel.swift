/// Which consistency model excludes which anomalies.
///
/// The relations are Elle's (Kingsbury and Alvaro, *Elle: inferring isolation anomalies from experimental
/// observations*, VLDB 2020), after Adya (*Weak consistency*, 1999), Bailis et al. (*Highly available transactions*,
/// VLDB 2013), Cerone et al. (*A framework for transactional consistency models with atomic visibility*, CONCUR 2015)
/// and others. Models and anomalies are words, as in results.
///
/// Beyond Elle, monotonic atomic view excludes `fractured-read`, read-your-writes excludes `forgotten-write`, and there
/// is convergence, which no other model implies.
public enum ConsistencyModel {
  /// What transactions can be held to beyond a model, as models.
  static let demands = Demand.ofTransactions.map(\.rawValue).sorted()

  /// Every name that `--consistency-models` takes, sorted.
  public static let names: [String] = Set(stronger.keys).union(stronger.values.joined())
    .union(canonicalNames.keys).union(canonicalNames.values).sorted()

  /// The names among these that are no model's.
  public static func unknown(among models: [String]) -> [String] {
    let known = Set(names)
    return models.filter { !known.contains($0) }
  }

  /// Adya's name where he has one; otherwise the name itself.
  static func canonicalName(_ model: String) -> String { canonicalNames[model] ?? model }

  /// The name that people know.
  static func friendlyName(_ model: String) -> String { friendlyNames[model] ?? model }

  /// These models and all that hold where they hold, by their canonical names.
  static func implied(by models: some Sequence<String>) -> Set<String> {
    reachable(from: models.map(canonicalName), weaker)
  }

  /// These models and all that can't hold where they don't, by their canonical names.
  static func impossible(without models: some Sequence<String>) -> Set<String> {
    reachable(from: models.map(canonicalName), stronger)
  }

  /// The strongest of those models that a history can rule out for a checker, and that these anomalies do not; by
  /// their friendly names.
  static func strongest(without anomalies: some Sequence<String>) -> [String] {
    let possible = Set(judged.map(canonicalName)).subtracting(ruledOut(by: anomalies))
    return possible.filter { model in
      !possible.contains { $0 != model && implied(by: [$0]).contains(model) }
    }.map(friendlyName).sorted()
  }

  /// Those of these anomalies that rule out a model, sorted.
  static func breaking(_ model: String, among anomalies: some Sequence<String>) -> [String] {
    let excluded = prohibited(by: [model])
    return Set(anomalies).filter { excluded.contains($0) }.sorted()
  }

  /// The anomalies that must not be where these models hold.
  static func prohibited(by models: [String]) -> Set<String> {
    reachable(from: implied(by: models).flatMap { proscribed[$0] ?? [] }, implying)
  }

  /// These anomalies and all that are there where they are.
  static func implied(byAnomalies anomalies: some Sequence<String>) -> Set<String> {
    reachable(from: anomalies, impliedAnomalies)
  }

  /// The models that can't hold where these anomalies are, by their canonical names.
  static func ruledOut(by anomalies: some Sequence<String>) -> Set<String> {
    let present = implied(byAnomalies: anomalies)
    return impossible(without: proscribed.filter { !present.isDisjoint(with: $0.value) }.keys)
  }

  /// The models that can't hold where these anomalies are: the weakest, and all others; by their friendly names.
  static func boundary(_ anomalies: some Sequence<String>) -> (not: [String], alsoNot: [String]) {
    let impossible = ruledOut(by: anomalies)
    let weakest = impossible.filter { model in
      implied(by: [model]).isDisjoint(with: impossible.subtracting([model]))
    }
    return (
      weakest.map(friendlyName).sorted(), impossible.subtracting(weakest).map(friendlyName).sorted()
    )
  }

  // MARK: Relations

  /// The models of which a checker sees each breach that a history proves. Of the others Elle has only a part.
  private static let judged = [
    "read-uncommitted", "read-committed", "read-your-writes", "monotonic-atomic-view", "cursor-stability",
    "consistent-view", "repeatable-read", "snapshot-isolation", "serializable",
    "strong-session-read-uncommitted", "strong-session-read-committed", "strong-session-snapshot-isolation",
    "strong-session-serializable", "strong-read-uncommitted", "strong-read-committed",
    "strong-snapshot-isolation", "strict-serializable",
  ]

  private static let canonicalNames = [
    "consistent-view": "PL-2+", "conflict-serializable": "PL-3", "cursor-stability": "PL-CS",
    "forward-consistent-view": "PL-FCV", "monotonic-snapshot-read": "PL-MSR", "monotonic-view": "PL-2L",
    "read-committed": "PL-2", "read-uncommitted": "PL-1", "repeatable-read": "PL-2.99",
    "serializable": "PL-3", "snapshot-isolation": "PL-SI", "strict-serializable": "PL-SS",
    "strong-serializable": "PL-SS", "update-serializable": "PL-3U",
    "strong-session-read-uncommitted": "strong-session-PL-1",
    "strong-session-read-committed": "strong-session-PL-2", "strong-read-uncommitted": "strong-PL-1",
    "strong-read-committed": "strong-PL-2",
  ]

  private static let friendlyNames: [String: String] = {
    var names = Dictionary(
      canonicalNames.sorted { $0.key < $1.key }.map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    names["PL-3"] = "serializable"
    names["PL-SS"] = "strict-serializable"
    return names
  }()

  /// Each model, and models that it implies.
  private static let weaker = canonical([
    "causal-cerone": ["read-atomic"],
    "consistent-view": ["cursor-stability", "monotonic-view"],
    "conflict-serializable": ["view-serializable"],
    "cursor-stability": ["read-committed"],
    "forward-consistent-view": ["consistent-view"],
    "read-committed": ["read-uncommitted"],
    "update-serializable": ["forward-consistent-view"],
    "monotonic-atomic-view": ["read-committed"],
    "monotonic-view": ["read-committed"],
    "monotonic-snapshot-read": ["read-committed"],
    "parallel-snapshot-isolation": ["causal-cerone", "update-atomic"],
    "prefix": ["causal-cerone"],
    "read-atomic": ["monotonic-atomic-view"],
    "repeatable-read": ["cursor-stability", "monotonic-atomic-view"],
    "update-atomic": ["read-atomic"],
    "serializable": ["repeatable-read", "snapshot-isolation", "view-serializable", "update-serializable"],
    "session-serializable": ["1SR"],
    "snapshot-isolation": [
      "forward-consistent-view", "monotonic-atomic-view", "monotonic-snapshot-read",
      "parallel-snapshot-isolation", "prefix",
    ],
    "strict-serializable": [
      "serializable", "linearizable", "snapshot-isolation", "strong-snapshot-isolation",
      "strong-session-serializable", "session-serializable",
    ],
    "strong-session-read-uncommitted": ["read-uncommitted"],
    "strong-session-read-committed": ["read-committed", "strong-session-read-uncommitted"],
    "strong-read-uncommitted": ["strong-session-read-uncommitted"],
    "strong-read-committed": ["strong-session-read-committed", "strong-read-uncommitted"],
    "strong-session-serializable": ["serializable", "strong-session-snapshot-isolation"],
    "strong-session-snapshot-isolation": ["snapshot-isolation", "strong-session-read-committed"],
    "strong-snapshot-isolation": ["strong-session-snapshot-isolation", "strong-read-committed"],
    "linearizable": ["sequential"],
    "sequential": ["causal"],
    "causal": ["writes-follow-reads", "PRAM"],
    "PRAM": ["monotonic-reads", "monotonic-writes", "read-your-writes"],
  ])

  private static let stronger = reversed(weaker)

  /// Each model, and the anomalies that it excludes beyond those that weaker ones exclude.
  private static let proscribed = canonical(
    [
      "causal-cerone": ["internal", "G1a"],
      "cursor-stability": ["G1", "G-cursor", "lost-update"],
      "monotonic-atomic-view": ["fractured-read"],
      "read-your-writes": ["forgotten-write"],
      "convergence": ["diverged-replicas", "lost-write", "contradictory-end"],
      "monotonic-view": ["G1", "G-monotonic"],
      "monotonic-snapshot-read": ["G1", "G-MSR"],
      "consistent-view": ["G1", "G-single"],
      "forward-consistent-view": ["G1", "G-SIb"],
      "parallel-snapshot-isolation": ["internal", "G1a"],
      "serializable": ["G1", "G2", "internal", "PL-3-cycle-exists"],
      "read-committed": ["G1", "PL-2-cycle-exists"],
      "read-uncommitted": ["G0", "duplicate-elements", "cyclic-versions", "PL-1-cycle-exists"],
      "prefix": ["internal", "G1a"],
      "snapshot-isolation": ["internal", "G1", "G-SI", "G-nonadjacent", "PL-SI-cycle-exists"],
      "read-atomic": ["internal", "G1a", "future-read"],
      "repeatable-read": ["G1", "G2-item", "lost-update"],
      "update-atomic": ["lost-update"],
      "strict-serializable": ["G1", "G1c-realtime", "G2-realtime", "PL-SS-cycle-exists"],
      "strong-session-read-uncommitted": ["G0-process", "strong-session-PL-1-cycle-exists"],
      "strong-session-read-committed": ["G1c-process", "strong-session-PL-2-cycle-exists"],
      "strong-read-uncommitted": ["G0-realtime", "strong-PL-1-cycle-exists"],
      "strong-read-committed": ["G1c-realtime", "strong-PL-2-cycle-exists"],
      "strong-session-snapshot-isolation": [
        "internal", "G1-process", "G-nonadjacent-process", "forgotten-write",
        "strong-session-snapshot-isolation-cycle-exists",
      ],
      "strong-snapshot-isolation": [
        "internal", "G1-realtime", "G-nonadjacent-realtime", "diverged-replicas-realtime",
        "strong-snapshot-isolation-cycle-exists",
      ],
      "strong-session-serializable": [
        "G1-process", "G2-process", "strong-session-serializable-cycle-exists",
      ],
      "update-serializable": ["G1", "G-update"],
    ], values: false)

  /// Each anomaly, and others that are there where it is.
  private static let impliedAnomalies: [String: [String]] = {
    var graph = [
      "G0": ["G1c"], "G1a": ["G1"], "G1b": ["G1"], "G1c": ["G1"],
      "G-single-item": ["G-single", "G-nonadjacent-item"], "G-single": ["G-nonadjacent"],
      "G-nonadjacent-item": ["G-nonadjacent", "G2-item"], "G-nonadjacent": ["G2"], "G2-item": ["G2"],
    ]
    // What holds of cycles of dependencies holds of those with edges of sessions or of real time as well, and a
    // session is a sequence in real time.
    let plain = graph.filter { $0.key != "G1a" && $0.key != "G1b" }
    let cyclic = Set(plain.keys).union(plain.values.joined())
    for suffix in ["-process", "-realtime"] {
      for (anomaly, others) in plain { graph[anomaly + suffix] = others.map { $0 + suffix } }
    }
    for anomaly in cyclic {
      graph[anomaly, default: []].append(anomaly + "-process")
      graph[anomaly + "-process", default: []].append(anomaly + "-realtime")
    }
    graph["G-single"]!.append("GSIb")
    graph.merge(
      [
        "GSIa": ["GSI"], "GSIb": ["GSI"], "incompatible-order": ["G1a"], "future-read": ["G1c"],
        "dirty-update": ["G1a"], "lost-update": ["write-skew", "G2-item"], "write-skew": ["G2"],
      ], uniquingKeysWith: +)
    return graph
  }()

  private static let implying = reversed(impliedAnomalies)

  private static func canonical(_ graph: [String: [String]], values: Bool = true) -> [String: [String]] {
    Dictionary(
      graph.map { (canonicalName($0), values ? $1.map(canonicalName) : $1) }, uniquingKeysWith: +)
  }

  private static func reversed(_ graph: [String: [String]]) -> [String: [String]] {
    var reversed: [String: [String]] = [:]
    for (from, others) in graph { for to in others { reversed[to, default: []].append(from) } }
    return reversed
  }

  private static func reachable(
    from starts: some Sequence<String>, _ graph: [String: [String]]
  ) -> Set<String> {
    var found = Set(starts)
    var waiting = Array(found)
    while let next = waiting.popLast() {
      for other in graph[next] ?? [] where found.insert(other).inserted { waiting.append(other) }
    }
    return found
  }
}
