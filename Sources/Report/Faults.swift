import Glomers
import Lab
public import History

/// A time in which something was wrong on purpose: a band in the pictures.
public struct FaultBand: Equatable, Sendable {
  /// The option of `--nemesis` that brings it: `partition`.
  public let name: String
  /// Nanoseconds, by the clock of what it was made from.
  public let from: Int64
  /// Nil where it was never ended.
  public internal(set) var to: Int64?
  /// Its kind and whom it hit, for people.
  public internal(set) var what: String

  /// What the nemesis did, in order: each step is told twice, when it begins and when it is done. Of the second the
  /// value says what came of it.
  static func bands(_ steps: [(time: Int64, function: String, value: JSON)]) -> [FaultBand] {
    var bands: [FaultBand] = []
    var open: [String: Int] = [:]
    var isSecond: [String: Bool] = [:]
    for step in steps {
      let second = isSecond[step.function] ?? false
      isSecond[step.function] = !second
      let (fault, starts) = Self.fault(of: step.function)
      if starts {
        if second {
          if let place = open[fault] { bands[place].what = words(bands[place].what, step.value) }
          if fault == "skew" { open[fault] = nil }
        } else {
          if let place = open[fault] { bands[place].to = step.time }
          open[fault] = bands.count
          bands.append(
            FaultBand(
              name: fault, from: step.time, to: fault == "skew" ? step.time : nil,
              what: step.value.plainText))
        }
      } else if second, let place = open.removeValue(forKey: fault) {
        bands[place].to = step.time
      }
    }
    return bands
  }

  /// Which fault a step of the nemesis is about, and whether it starts it.
  private static func fault(of function: String) -> (String, starts: Bool) {
    switch function {
    case "start": return ("kill", false)
    case "resume": return ("pause", false)
    case "remove-members": return ("membership", true)
    case "add-members": return ("membership", false)
    case "kill-server": return ("server", true)
    case "start-server": return ("server", false)
    case "kill", "pause", "skew": return (function, true)
    default:
      if function.hasPrefix("start-") { return (String(function.dropFirst(6)), true) }
      if function.hasPrefix("stop-") { return (String(function.dropFirst(5)), false) }
      return (function, true)
    }
  }

  private static func words(_ kind: String, _ value: JSON) -> String {
    let whom: String
    switch value {
    case .object(let nodes): whom = nodes.keys.sorted().map(\.description).joined(separator: ", ")
    case .array(let parts):
      whom = parts.map { part in
        guard case .object(let cut) = part else { return part.plainText }
        return cut.sorted { $0.key < $1.key }.map { "\($0.key) hears nothing from \($0.value.plainText)" }
          .joined(separator: "; ")
      }.filter { !$0.isEmpty && $0 != "isolated" }.joined(separator: ": ")
    default: whom = value.plainText
    }
    return [kind, whom].filter { !$0.isEmpty && $0 != "null" }.joined(separator: ": ")
  }
}

extension JSON {
  /// A value for people: a list with commas, a string without quotes; nothing for null.
  var plainText: String {
    switch self {
    case .null: ""
    case .string(let text): text
    case .array(let elements): elements.map(\.plainText).joined(separator: ", ")
    default: EDN(self).text(in: .json)
    }
  }
}

extension MessageLog {
  /// Times in nanoseconds since the run's begin.
  public var faults: [FaultBand] {
    FaultBand.bands(
      steps.filter { $0.process == nil }.map { ($0.time, $0.function, $0.value ?? .null) })
  }
}

extension History {
  /// Times in nanoseconds since the test's start.
  public var faults: [FaultBand] {
    var steps: [(Int64, String, JSON)] = []
    for index in 0..<count where !isClient(index) {
      steps.append((time(of: index), function(of: index), value(of: index)))
    }
    return FaultBand.bands(steps)
  }
}
