import Glomers
import Lab
import Simulator
import Workbench

/// What a sweep has tried: in how many of its seeds which fault was in force when, what was lost, and which kills came
/// at a bad moment. A sweep that has tried nothing shows it.
struct EncounterReport {
  /// The faults that were asked for.
  private let faults: [Scenario.Fault]
  private var seeds: [Scenario.Fault: [Encounters.Part: Int]] = [:]
  private var seedsHit: [Scenario.Fault: Int] = [:]
  private var lost: [String: Int] = [:]
  private var doubledCount = 0
  private var heldUpCount = 0
  private var killCount = 0
  private var killsBeforeTelling = 0
  private var seedsWithBadKills = 0
  private var seedCount = 0

  init(_ faults: Set<Scenario.Fault>) { self.faults = Scenario.Fault.allCases.filter(faults.contains) }

  mutating func add(_ encounters: Encounters) {
    seedCount += 1
    for (fault, parts) in encounters.faults {
      seedsHit[fault, default: 0] += 1
      for part in parts { seeds[fault, default: [:]][part, default: 0] += 1 }
    }
    lost.merge(encounters.lost, uniquingKeysWith: +)
    doubledCount += encounters.doubledCount
    heldUpCount += encounters.heldUpCount
    killCount += encounters.killCount
    killsBeforeTelling += encounters.killsBeforeTelling
    if encounters.killsBeforeTelling > 0 { seedsWithBadKills += 1 }
  }

  /// A table and a few lines; nothing where no faults were asked for.
  var text: String? {
    guard !faults.isEmpty else { return nil }
    let header = ["seeds with", "early", "middle", "late", "draining", "ever"]
    let rows = faults.map { fault in
      [fault.rawValue] + Encounters.Part.allCases.map { "\(seeds[fault]?[$0] ?? 0)" }
        + ["\(seedsHit[fault] ?? 0) of \(seedCount)"]
    }
    var lines = [MarkdownTable.text([header] + rows)]
    let types = lost.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    let shown = types.prefix(8).map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    lines.append(
      "messages lost: \(types.isEmpty ? "none" : shown + (types.count > 8 ? ", …" : ""))"
        + "; doubled: \(doubledCount); held up: \(heldUpCount)")
    if faults.contains(.kill) {
      lines.append(
        "kills: \(killCount); of nodes that had acknowledged a change which no other node knew: "
          + "\(killsBeforeTelling), in \(seedsWithBadKills) of \(seedCount) seeds")
    }
    let missed = faults.filter { seedsHit[$0] == nil }.map(\.rawValue)
    if !missed.isEmpty { lines.append("never happened: \(missed.joined(separator: ", "))") }
    return lines.joined(separator: "\n")
  }
}
