import ArgumentParser
import Foundation
import Simulator
import Workbench

/// How well programs kept to virtual time, over all seeds of a sweep.
struct FidelityReport {
  /// Why a seed could not be carried to its end: no verdict then means anything.
  private var failure: String?
  /// What speaks against a repetition, and the first seed in which it was seen.
  private var doubts: [(text: String, seed: UInt64)] = []
  private var refusals: [String] = []
  private var stopCount = 0
  private var pollCount = 0
  private var delayCount = 0

  /// Whether nothing speaks against another run's being the same.
  var isReproducible: Bool { doubts.isEmpty && refusals.isEmpty }

  init() {}

  init(_ fidelity: Fidelity, seed: UInt64) { add(fidelity, seed: seed) }

  mutating func add(_ fidelity: Fidelity, seed: UInt64) {
    if failure == nil, let reason = fidelity.failure { failure = "seed \(seed): \(reason)" }
    stopCount += fidelity.stops
    pollCount += fidelity.polls
    delayCount += fidelity.delays
    for doubt in fidelity.doubts where !fidelity.refusals.contains(doubt) && doubts.count < 3 {
      doubts.append((doubt, seed))
    }
    for refusal in fidelity.refusals where !refusals.contains(refusal) { refusals.append(refusal) }
  }

  /// Whether another run would be the same, or why not, and what that took. Throws, with a line on stderr, where a run
  /// could not be carried to its end.
  func text() throws -> String {
    if let failure {
      FileHandle.standardError.write(Data("sim: \(failure)\n".utf8))
      throw ExitCode(Bench.failureStatus)
    }
    let reasons = doubts.map { "seed \($0.seed): \($0.text)" } + refusals
    return """
      reproducible: \(reasons.isEmpty ? "yes" : "no, because " + reasons.joined(separator: "; "))
      \(stopCount) stops, \(pollCount) polls that found nothing, \(delayCount) delays put in
      """
  }

  func show() throws { print(try text()) }
}
