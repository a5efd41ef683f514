import Glomers
import Lab

/// What a challenge's run has come to, in the figures that challenges are compared by.
struct Score {
  let run: NamedRun
  let verdict: Verdict
  /// The share of operations that succeeded.
  let availability: Double?
  let serverMessagesPerOperation: Double?
  let messagesPerOperation: Double?
  /// How long clients waited for a success.
  let reply: (median: Duration, most: Duration)?
  /// How long news took to be everywhere: Maelstrom's stable latency; of logs, the worst realtime lag.
  let spread: (median: Duration?, most: Duration)?

  init(_ run: NamedRun, _ results: Results, _ history: History) {
    self.run = run
    verdict = results.verdict
    let tree = results.tree
    availability = tree["availability"]?["ok-fraction"]?.number
    serverMessagesPerOperation = tree["net"]?["servers"]?["msgs-per-op"]?.number
    messagesPerOperation = tree["net"]?["all"]?["msgs-per-op"]?.number
    reply = Self.replies(history)
    spread = Self.spread(tree["workload"])
  }

  /// What the run fails, in words: the limits of its challenge, and the verdict if it is not valid. Empty if it passes.
  var problems: [String] {
    var problems: [String] = []
    switch verdict {
    case .valid: break
    case .unknown: problems.append("unknown")
    case .invalid: problems.append("invalid")
    }
    let limits = run.limits
    if let limit = limits.serverMessagesPerOperation {
      switch serverMessagesPerOperation {
      case nil: problems.append("no msgs/op")
      case let figure? where figure >= limit:
        problems.append("\(decimal(figure, 2)) msgs/op, not below \(decimal(limit, 0))")
      case _?: break
      }
    }
    func check(_ name: String, _ figure: Duration?, _ limit: Duration?) {
      guard let limit else { return }
      guard let figure else { return problems.append("no \(name) latency") }
      if figure >= limit {
        problems.append("\(name) \(milliseconds(figure)) ms, not below \(milliseconds(limit))")
      }
    }
    check("median", spread?.median, limits.spreadMedian)
    check("max", spread?.most, limits.spreadMax)
    return problems
  }

  private static func replies(_ history: History) -> (median: Duration, most: Duration)? {
    let waits = history.operations.lazy.filter { $0.isClient && $0.kind == .ok }
      .compactMap { done in history.invocation(of: done.index).map { done.time - $0.time } }.sorted()
    guard let most = waits.last else { return nil }
    return (waits[waits.count / 2], most)
  }

  private static func spread(_ workload: EDN?) -> (median: Duration?, most: Duration)? {
    if let lag = workload?["worst-realtime-lag"]?["lag"]?.number { return (nil, .seconds(lag)) }
    func at(_ point: Double) -> Duration? {
      workload?.quantile(point, of: "stable-latencies").map { .milliseconds($0) }
    }
    guard let most = at(1) else { return nil }
    return (at(0.5), most)
  }
}

extension EDN {
  /// What stands at a point, from 0 to 1, of the quantiles under a keyword.
  func quantile(_ point: Double, of key: String) -> Double? {
    guard case .map(let points)? = self[key] else { return nil }
    return points.first { $0.key.number == point }?.value.number
  }

  var number: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .real(let value): value
    default: nil
    }
  }
}

/// With as many decimals as people care for.
func milliseconds(_ duration: Duration) -> String {
  decimal(duration.milliseconds, duration < .milliseconds(10) ? 1 : 0)
}
