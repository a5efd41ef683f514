import Foundation
import Glomers
import Lab
import Simulator

/// Counts seeds, and shows how far a sweep is.
struct SweepReport {
  let count: Int
  private(set) var invalidCount = 0
  private var doneCount = 0
  private var unknownCount = 0
  private var messageCount = 0
  private var virtualTime = Duration.zero
  private let start = ContinuousClock.now
  private var shown = ContinuousClock.now

  init(count: Int) { self.count = count }

  mutating func add(_ outcome: SeedOutcome) {
    doneCount += 1
    if !outcome.isValid { invalidCount += 1 }
    if outcome.results.verdict == .unknown { unknownCount += 1 }
    messageCount += outcome.messageCount
    virtualTime += outcome.virtualTime
    let now = ContinuousClock.now
    guard now - shown > .seconds(2), doneCount < count else { return }
    shown = now
    let line = "\(doneCount) of \(count) seeds, \(invalidCount) invalid\n"
    FileHandle.standardError.write(Data(line.utf8))
  }

  var summary: String {
    let elapsed = (ContinuousClock.now - start).seconds
    let speed = String(format: "%.0f", virtualTime.seconds / elapsed)
    let rate = String(format: "%.0f", Double(messageCount) / elapsed)
    return """
      \(doneCount) seed\(doneCount == 1 ? "" : "s"): \(doneCount - invalidCount - unknownCount) valid, \(unknownCount) unknown, \
      \(invalidCount) invalid; \(String(format: "%.1f", elapsed)) s, \(speed) times faster than real time, \
      \(messageCount) messages, \(rate)/s
      """
  }
}
