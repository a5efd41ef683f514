import Foundation
import Lab

/// Lines of seeds from many parts of one sweep, put together: which seeds are there, and the table that one machine
/// would have shown.
struct SweepMerge {
  /// Why lines can't be put together.
  struct Problem: Error {
    let text: String
    init(_ text: String) { self.text = text }
  }

  /// So many invalid seeds are shown in full; of the rest the numbers, and so many of them.
  static let shownMax = 20
  /// So many lines that are no seed's are named one by one.
  private static let namedMax = 5

  private let wanted: ClosedRange<UInt64>?
  private var first: (line: SeedLine, place: String)?
  private var lines: [UInt64: SeedLine] = [:]
  private var repeatedCount = 0
  private(set) var invalidCount = 0
  private var outsideCount = 0
  private var unreadable: [String] = []
  private var unreadableCount = 0

  /// - Parameter wanted: the seeds that there should be; nil for those from the lowest to the highest that is there.
  init(wanted: ClosedRange<UInt64>? = nil) { self.wanted = wanted }

  /// Takes one line.
  ///
  /// - Parameter place: where it stands, for people.
  mutating func add(_ bytes: Data, at place: String) throws(Problem) {
    guard let line = try? SeedLine(json: bytes) else {
      unreadableCount += 1
      if unreadable.count < Self.namedMax { unreadable.append(place) }
      return
    }
    if let wanted, !wanted.contains(line.seed) {
      outsideCount += 1
      return
    }
    if let first { try check(line, against: first, at: place) } else { first = (line, place) }
    guard let known = lines.updateValue(line.forTable, forKey: line.seed) else {
      if !line.isValid { invalidCount += 1 }
      return
    }
    repeatedCount += 1
    guard known.digest == line.digest, known.verdict == line.verdict else {
      throw Problem(
        """
        \(place): seed \(line.seed) is \(line.verdict) with digest \(line.digest) here and \(known.verdict) with digest \
        \(known.digest) in an earlier line. One seed has one run: the programs or their surroundings differ. Run the \
        seed on each machine with --trace and compare.
        """)
    }
  }

  private func check(
    _ line: SeedLine, against first: (line: SeedLine, place: String), at place: String
  ) throws(Problem) {
    if line.sweep != first.line.sweep {
      throw Problem(
        """
        \(place) is of another sweep than \(first.place): sim \(line.sweep.joined(separator: " ")) there, sim \
        \(first.line.sweep.joined(separator: " ")) here. Merge lines of one sweep at a time.
        """)
    }
    if line.version != first.line.version {
      throw Problem(
        "\(place) was written by workbench \(line.version), \(first.place) by \(first.line.version). "
          + "Run the whole sweep with one version.")
    }
  }

  // MARK: What has come together

  /// What there is to say about the input, a line each.
  var notes: [String] {
    var notes = unreadable.map { "\($0) is no line of 'sim --json' (torn by a kill?): left out" }
    if unreadableCount > unreadable.count {
      notes.append("and \(unreadableCount - unreadable.count) more such lines")
    }
    if repeatedCount > 0 {
      notes.append("lines that were there before, with the same digest: \(repeatedCount)")
    }
    if outsideCount > 0 { notes.append("lines of seeds outside --seeds, left out: \(outsideCount)") }
    return notes
  }

  /// How many seeds have a line.
  var seedCount: Int { lines.count }

  private var sorted: [SeedLine] { lines.values.sorted { $0.seed < $1.seed } }

  /// Whether every seed is there. Without ``wanted`` nobody knows what a line that can't be read was, so that is a
  /// seed less.
  var isComplete: Bool {
    !lines.isEmpty && missingRanges.isEmpty && (wanted != nil || unreadableCount == 0)
  }

  /// Seeds without a line, in order.
  var missingRanges: [ClosedRange<UInt64>] {
    let seeds = lines.keys.sorted()
    guard let range = wanted ?? seeds.first.map({ $0...seeds.last! }) else { return [] }
    var missing: [ClosedRange<UInt64>] = []
    var next = range.lowerBound
    for seed in seeds {
      if seed > next { missing.append(next...(seed - 1)) }
      if seed == range.upperBound { return missing }
      next = seed + 1
    }
    return missing + [next...range.upperBound]
  }

  /// The table.
  var table: (summary: String, invalidCount: Int) {
    let limit = first?.line.stableLatency.limit
    var report = SweepReport(count: lines.count, latencyLimit: limit.map { .nanoseconds(Int64($0 * 1e6)) })
    for line in sorted { report.add(line) }
    var parts = [report.mergedSummary]
    if lines.isEmpty { parts.append("there is no line of a seed in these files") }
    let missing = missingRanges
    if !missing.isEmpty {
      let names = missing.prefix(Self.shownMax).map { range in
        range.lowerBound == range.upperBound
          ? "\(range.lowerBound)" : "\(range.lowerBound)..\(range.upperBound)"
      }
      let more = missing.count > Self.shownMax ? " and \(missing.count - Self.shownMax) ranges more" : ""
      parts.append("missing seeds: \(names.joined(separator: ", "))\(more)")
    }
    return (parts.joined(separator: "\n"), report.invalidCount)
  }

  /// The invalid seeds in full, up to ``shownMax``, and which more there are.
  var shownLines: [String] {
    let invalid = sorted.filter { !$0.isValid }
    var shown = invalid.prefix(Self.shownMax).flatMap(\.shown)
    let rest = invalid.dropFirst(Self.shownMax)
    if !rest.isEmpty {
      let seeds = rest.prefix(Self.shownMax).map { "\($0.seed)" }.joined(separator: ", ")
      shown.append("and \(rest.count) more invalid seeds: \(seeds)\(rest.count > Self.shownMax ? ", …" : "")")
    }
    return shown
  }

  /// How well programs kept to virtual time; nil for state machines.
  var fidelity: FidelityReport? {
    var report: FidelityReport?
    for line in sorted {
      guard let seen = line.fidelity else { continue }
      report = report ?? FidelityReport()
      report?.add(seen, seed: line.seed)
    }
    return report
  }
}
