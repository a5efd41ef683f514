internal import Glomers
internal import Lab
import History

/// What happened in a run, for people to read: a line for each operation, each fault, and each message that a fault
/// struck.
public struct HistoryTable {
  private struct Row {
    let time: Duration
    let cells: [String]
  }

  private var rows: [Row] = []

  private static var textMax: Int { 120 }

  /// - Parameter recording: a run that was written down.
  public init(_ recording: ScriptedRun) {
    let history = recording.history
    for operation in history.operations where operation.isClient && operation.kind == .invoke {
      guard case .client(let process) = operation.process else { continue }
      let completion = history.completion(of: operation.index)
      let value = operation.value == .null ? "" : " \(ScriptFile.json(operation.value))"
      rows.append(
        Row(
          time: operation.time,
          cells: [
            "client \(process)", operation.node?.name ?? "",
            Self.cut("\(operation.isFinal ? "final " : "")\(operation.function)\(value)"),
            Self.cut(completion.map { Self.outcome($0, of: operation) } ?? "never ended"),
          ]))
    }
    for change in history.operations where ["add_member", "remove_member"].contains(change.function) {
      guard case .object(let nodes) = change.value else { continue }
      for (node, outcome) in nodes.sorted(by: { $0.key < $1.key }) {
        let end = Self.cut(outcome.string ?? "")
        rows.append(Row(time: change.time, cells: ["members", "", "\(change.function) \(node)", end]))
      }
    }
    let script = recording.scenario.script!
    for fault in script.faults {
      add(fault.start, "fault", "", ScriptFile.words(fault.harm))
      if let end = fault.end { add(end, "fault", "", "end of \(ScriptFile.words(fault.harm))") }
    }
    for seen in recording.strikes {
      let message = seen.strike.message
      add(
        seen.time, "message \(message.number)", message.link.description,
        "\(ScriptFile.words(seen.strike.fate)): \(seen.line)")
    }
    let order = rows.enumerated().sorted { ($0.element.time, $0.offset) < ($1.element.time, $1.offset) }
    rows = order.map(\.element)
  }

  private mutating func add(_ time: Duration, _ who: String, _ place: String, _ what: String) {
    rows.append(Row(time: time, cells: [who, place, Self.cut(what), ""]))
  }

  private static func outcome(_ completion: Operation, of begun: Operation) -> String {
    let end = completion.time == begun.time ? "" : " at \(milliseconds(completion.time))"
    let error = completion.error.map { ": \(ScriptFile.json($0))" } ?? ""
    return switch completion.kind {
    case .ok where completion.value == begun.value: "ok\(end)"
    case .ok: "\(ScriptFile.json(completion.value))\(end)"
    case .fail: "failed\(end)\(error)"
    default: "unknown\(end)\(error)"
    }
  }

  /// Lines with columns under a heading.
  public var lines: [String] {
    let cells =
      [["s", "who", "where", "what", "came to"]] + rows.map { [Self.milliseconds($0.time)] + $0.cells }
    let widths = (0..<5).map { column in cells.map { $0[column].count }.max()! }
    return cells.map { row in
      var line = String(repeating: " ", count: widths[0] - row[0].count) + row[0]
      for column in 1..<5 {
        line += "  " + row[column] + String(repeating: " ", count: widths[column] - row[column].count)
      }
      while line.last == " " { line.removeLast() }
      return line
    }
  }

  private static func milliseconds(_ time: Duration) -> String {
    let microseconds = time.nanoseconds / 1000
    let fraction = String(microseconds % 1_000_000)
    return "\(microseconds / 1_000_000)."
      + (String(repeating: "0", count: 6 - fraction.count) + fraction).prefix(3)
  }

  private static func cut(_ text: String) -> String {
    text.count <= textMax ? text : text.prefix(textMax) + "…"
  }
}
