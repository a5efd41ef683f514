import History
import Checkers
public import Glomers
internal import Wire

/// The text of a script file; ``ScriptFile/init(text:)`` reads it. docs/SCRIPTS.md describes it.
extension ScriptFile {
  /// The first line of every script file, and its version.
  static let heading = "script 1"

  /// Settings that are as usual are left out.
  public var text: String {
    ([Self.heading] + settings + [""] + requestLines + faultLines + messageLines).joined(separator: "\n")
      + "\n"
  }

  private var settings: [String] {
    let usual = Scenario(scenario.workload)
    var lines = ["workload \(scenario.workload.rawValue)"]
    func set(_ name: String, _ value: String, if isUnusual: Bool = true) {
      if isUnusual { lines.append("\(name) \(value)") }
    }
    switch subject {
    case .node(let name): set("node", name)
    case .program(let path): set("program", Self.json(.string(path)))
    }
    set("arguments", Self.json(.array(arguments.map { .string($0) })), if: !arguments.isEmpty)
    set("delay-threads", "yes", if: delaysThreads)
    set("shows", anomaly ?? "", if: anomaly != nil)
    set("nodes", scenario.nodes.map(\.name).joined(separator: " "))
    set("clients", script.clients.map(\.name).joined(separator: " "))
    set("seed", "\(scenario.seed)")
    set("latency", Self.milliseconds(scenario.latency), if: scenario.latency != usual.latency)
    set("delivery", scenario.delivery.rawValue, if: scenario.delivery != usual.delivery)
    set("late-replies", scenario.lateReplies.rawValue, if: scenario.lateReplies != usual.lateReplies)
    set("machine", scenario.machine.rawValue, if: scenario.machine != usual.machine)
    set("topology", scenario.topology.rawValue, if: scenario.topology != usual.topology)
    set(
      "nemesis", scenario.faults.map(\.rawValue).sorted().joined(separator: " "), if: !scenario.faults.isEmpty
    )
    switch scenario.availability {
    case nil: break
    case .total: set("availability", "total")
    case .fraction(let share): set("availability", "\(share)")
    }
    set(
      "consistency-models", scenario.consistencyModels.joined(separator: " "),
      if: scenario.consistencyModels != usual.consistencyModels)
    set(
      "also", scenario.demands.map(\.rawValue).sorted().joined(separator: " "), if: !scenario.demands.isEmpty)
    if let lag = scenario.lagMax { set("max-lag", Self.seconds(lag)) }
    if let most = scenario.messagesPerOperationMax { set("max-msgs-per-op", "\(most)") }
    if let count = scenario.keyCount { set("key-count", "\(count)") }
    if let interval = scenario.probeInterval { set("probe-interval", Self.milliseconds(interval)) }
    if let calm = script.calm { set("calm", Self.seconds(calm)) }
    set("end", Self.seconds(script.end))
    if let finals = script.finals {
      set("finals", finals.isEmpty ? "none" : finals.map(String.init).joined(separator: " "))
    }
    return lines
  }

  private var requestLines: [String] {
    script.requests.map { request in
      let value = request.value == .null ? "" : " \(Self.json(request.value))"
      return "at \(Self.seconds(request.time)) client \(request.client) \(request.function)\(value)"
    }
  }

  private var faultLines: [String] {
    script.faults.map { fault in
      if case .skew(let jumps) = fault.harm {
        let words = jumps.map { "\($0.node) \(Self.seconds($0.distance))" }
        return "at \(Self.seconds(fault.start)) skew \(words.joined(separator: " "))"
      }
      let end = fault.end.map(Self.seconds) ?? "end"
      return "from \(Self.seconds(fault.start)) to \(end) \(Self.words(fault.harm))"
    }
  }

  /// What a fault does to whom: `kill n0 n2`, `partition n0<n1,n2`.
  public static func words(_ harm: Script.Harm) -> String {
    func list(_ nodes: [NodeID]) -> String { nodes.map(\.name).joined(separator: " ") }
    switch harm {
    case .cut(let grudge, let isOneWay):
      let cuts = grudge.sources.filter { !$0.value.isEmpty }.sorted { $0.key < $1.key }.map {
        "\($0)<\($1.sorted().map(\.name).joined(separator: ","))"
      }
      return "\(isOneWay ? "one-way" : "partition") \(cuts.joined(separator: " "))"
    case .kill(let nodes): return "kill \(list(nodes))"
    case .pause(let nodes): return "pause \(list(nodes))"
    case .disk(let condition, let nodes): return "disk \(condition.rawValue) \(list(nodes))"
    case .remove(let nodes): return "remove \(list(nodes))"
    case .skew(let jumps):
      return "skew \(jumps.map { "\($0.node) \(seconds($0.distance))" }.joined(separator: " "))"
    }
  }

  private var messageLines: [String] {
    let strikes = script.strikes.map {
      "message \($0.message.link) \($0.message.number) \(Self.words($0.fate))"
    }
    var lines: [String] = []
    var line = ""
    var last: Script.MessageID?
    var count = 0
    for delay in script.delays {
      let message = delay.message
      let follows = last.map { $0.link == message.link && $0.number + 1 == message.number } ?? false
      if !follows || count == Self.delaysPerLine {
        if !line.isEmpty { lines.append(line) }
        line = "delays \(message.link) \(message.number)"
        count = 0
      }
      line += " \(Self.milliseconds(delay.delay))"
      count += 1
      last = message
    }
    if !line.isEmpty { lines.append(line) }
    return strikes + lines
  }

  private static var delaysPerLine: Int { 20 }

  /// What becomes of a message, as scripts say it.
  public static func words(_ fate: Script.Fate) -> String {
    switch fate {
    case .lost: "lost"
    case .again(let delay): "again \(milliseconds(delay))"
    case .later(let delay): "later \(milliseconds(delay))"
    }
  }

  // MARK: Values

  /// On one line, without white space.
  public static func json(_ value: JSON) -> String {
    var writer = JSONWriter()
    writer.value(value)
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  /// As a decimal number, exact to the nanosecond.
  public static func seconds(_ duration: Duration) -> String { decimal(duration.nanoseconds, places: 9) }
  static func milliseconds(_ duration: Duration) -> String { decimal(duration.nanoseconds, places: 6) }

  private static func decimal(_ number: Int64, places: Int) -> String {
    var digits = String(number.magnitude)
    digits = String(repeating: "0", count: max(0, places + 1 - digits.count)) + digits
    var fraction = String(digits.suffix(places))
    while fraction.last == "0" { fraction.removeLast() }
    return (number < 0 ? "-" : "") + digits.dropLast(places) + (fraction.isEmpty ? "" : ".\(fraction)")
  }
}
