import Glomers
import Lab

/// Shows how far a run is, now and then.
struct ProgressReporter {
  private let console: Console
  private var next: Instant?
  /// What the rate is counted from: a second ago or more, so that it does not jump about.
  private var mark: (at: Instant, operations: Int)?
  /// Nil in the first second.
  private var rate: Double?
  private var lastPhase: Progress.Phase?

  init(_ console: Console) { self.console = console }

  /// Shows a line if one is due, or if something else is going on now. Returns when the next is due.
  mutating func show(_ progress: Progress, at now: Instant) -> Instant {
    if let next, now < next, progress.phase == lastPhase { return next }
    let since = mark.map { now - $0.at }
    if since.map({ $0 >= .seconds(1) }) ?? true {
      if let mark, let since { rate = Double(progress.operationCount - mark.operations) / since.seconds }
      mark = (now, progress.operationCount)
    }
    if progress.phase != .finished { console.progress(ProgressReporter.text(progress, rate: rate)) }
    lastPhase = progress.phase
    let due = now + console.progressInterval
    next = due
    return due
  }

  /// One line, with what matters most first, so that a narrow terminal cuts what matters least.
  static func text(_ progress: Progress, rate: Double?) -> String {
    var parts = ["\(decimal(progress.elapsed.seconds, 1)) s", progress.phase.rawValue]
    if progress.operationCount > 0 {
      parts.append("\(progress.operationCount) \(progress.operationCount == 1 ? "operation" : "operations")")
      if progress.phase == .running, let rate { parts.append("\(decimal(rate, 0))/s") }
    }
    if let remaining = progress.remaining { parts.append("\(decimal(remaining.seconds, 0)) s left") }
    if progress.anomalyCount > 0 {
      parts.append("\(progress.anomalyCount) \(progress.anomalyCount == 1 ? "anomaly" : "anomalies")")
    }
    parts += progress.faults
    if progress.failCount > 0 { parts.append("\(progress.failCount) failed") }
    if progress.infoCount > 0 { parts.append("\(progress.infoCount) unknown") }
    return parts.joined(separator: " · ")
  }
}

/// A number with so many decimals.
func decimal(_ value: Double, _ decimals: Int) -> String {
  var scale = 1.0
  for _ in 0..<decimals { scale *= 10 }
  let scaled = (value.magnitude * scale).rounded()
  guard scaled < 1e15 else { return "\(value)" }
  let sign = value < 0 && scaled > 0 ? "-" : ""
  let (whole, rest) = Int(scaled).quotientAndRemainder(dividingBy: Int(scale))
  guard decimals > 0 else { return "\(sign)\(whole)" }
  let fraction = String(rest)
  return "\(sign)\(whole)." + String(repeating: "0", count: decimals - fraction.count) + fraction
}
