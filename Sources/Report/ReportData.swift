import Checkers
internal import Glomers
internal import Lab
internal import Wire
import History

/// A run as the page's script reads it: one JSON object with a column for each member of operations and messages.
/// Times are whole microseconds since the test's start, those in order as differences. What is said, operations' values
/// and messages' bodies alike, stands in one table of texts.
///
/// There is no `<` in it, so it can stand in a script element.
struct ReportData {
  private let report: RunReport
  private var out = Chunks()
  private var texts = TextTable()
  /// From what times count, in nanoseconds since the run's begin.
  private let origin: Int64
  /// Rows of operations by their indices in the history, both halves.
  private var rows: [Int: Int] = [:]

  init(_ report: RunReport) {
    self.report = report
    origin = report.log?.origin ?? 0
  }

  /// Values and bodies are cut where there are very many, so that all of them stay within so many bytes.
  private static let textsBytes = 6 << 20
  private static let textBytesMax = 200
  private static let textBytesMin = 32

  var text: [UInt8] {
    var copy = self
    copy.write()
    var text: [UInt8] = []
    text.reserveCapacity(copy.out.bytes.count)
    for byte in copy.out.bytes {
      if byte == UInt8(ascii: "<") { text += "\\u003c".utf8 } else { text.append(byte) }
    }
    return text
  }

  private mutating func write() {
    out.add("{\"workload\":")
    out.add(quoted: report.workload)
    strings("nodes", report.nodes)
    writeOperations()
    writeFaults()
    if let log = report.log { writeMessages(log) }
    writeAnomalies()
    writeSpread()
    writeOffsets()
    strings("texts", texts.all)
    out.add("}")
  }

  // MARK: Small parts

  private mutating func strings(_ name: String, _ values: [String]) {
    column(name, values) { $0.add(quoted: $1) }
  }

  private mutating func numbers(_ name: String, _ values: [Int]) { column(name, values) { $0.add("\($1)") } }

  private mutating func column<Value>(
    _ name: String, _ values: [Value], _ write: (inout Chunks, Value) -> Void
  ) {
    out.add(",\"\(name)\":[")
    for (place, value) in values.enumerated() {
      if place > 0 { out.add(",") }
      write(&out, value)
    }
    out.add("]")
  }

  /// Each value less the one before it.
  private static func differences(_ values: [Int]) -> [Int] {
    zip(values, [0] + values).map { $0 - $1 }
  }

  private static func microseconds(_ nanoseconds: Int64) -> Int {
    Int((Double(nanoseconds) / 1000).rounded(.down))
  }

  private func cap(_ count: Int) -> Int {
    max(Self.textBytesMin, min(Self.textBytesMax, Self.textsBytes / max(1, count)))
  }

  // MARK: Operations

  private mutating func writeOperations() {
    let history = report.history
    let invocations = history.operations.filter { $0.isClient && $0.kind == .invoke }
    let cap = cap(invocations.count)
    var functions = NameTable(), nodes = NameTable(report.nodes), keys = OperationKeys(report.workload)
    var at: [Int] = [], took: [Int] = [], process: [Int] = [], function: [Int] = [], outcome: [Int] = []
    var node: [Int] = [], index: [Int] = [], value: [Int] = [], result: [Int] = [], final: [Int] = []
    for (row, operation) in invocations.enumerated() {
      let end = history.completion(of: operation.index)
      rows[operation.index] = row
      if let end { rows[end.index] = row }
      at.append(Self.microseconds(operation.time.nanoseconds))
      took.append(end.map { Self.microseconds(($0.time - operation.time).nanoseconds) } ?? -1)
      if case .client(let number) = operation.process { process.append(number) } else { process.append(-1) }
      function.append(functions.place(of: operation.function))
      outcome.append(end.map { ["ok": 0, "fail": 1, "info": 2][$0.kind.rawValue] ?? 2 } ?? 3)
      node.append(operation.node.map { nodes.place(of: $0.name) } ?? -1)
      index.append(operation.index)
      value.append(texts.place(of: Self.text(of: operation, "value").cut(to: cap)))
      let ending = end.map { end in
        [
          end.kind == .ok ? Self.text(of: end, "value") : "",
          end.error == nil ? "" : Self.text(of: end, "error"),
        ]
        .filter { !$0.isEmpty }.joined(separator: " ")
      }
      result.append(texts.place(of: (ending ?? "").cut(to: cap)))
      if operation.isFinal { final.append(row) }
      keys.add(operation, end)
    }
    strings("hosts", nodes.names)
    strings("functions", functions.names)
    out.add(",\"operations\":{\"count\":\(at.count),\"workers\":\(report.clientCount)")
    numbers("at", Self.differences(at))
    numbers("took", took)
    numbers("process", process)
    numbers("function", function)
    numbers("outcome", outcome)
    numbers("node", node)
    numbers("index", Self.differences(index))
    numbers("value", value)
    numbers("result", result)
    numbers("final", final)
    if !keys.names.isEmpty { column("keys", keys.rows) { $0.add($1.count == 1 ? "\($1[0])" : "\($1)") } }
    out.add("}")
    if !keys.names.isEmpty { strings("keys", keys.names) }
  }

  private static func text(of operation: Operation, _ member: String) -> String {
    let value = operation.edn[member] ?? .null
    return value == .null ? "" : value.text(in: .edn)
  }

  private mutating func writeFaults() {
    column("faults", report.history.faults) { out, fault in
      out.add("{\"name\":")
      out.add(quoted: fault.name)
      out.add(",\"what\":")
      out.add(quoted: fault.what.cut(to: 400))
      out.add(",\"from\":\(Self.microseconds(fault.from))")
      if let to = fault.to { out.add(",\"to\":\(Self.microseconds(to))") }
      out.add("}")
    }
    let deaths = report.log?.deaths ?? []
    column("deaths", deaths) { [origin] out, death in
      out.add("{\"at\":\(Self.microseconds(death.time - origin)),\"node\":")
      out.add(quoted: death.node)
      out.add(",\"how\":")
      out.add(quoted: death.how)
      out.add("}")
    }
  }

  // MARK: Messages

  private mutating func writeMessages(_ log: MessageLog) {
    let messages = log.messages
    let cap = cap(messages.count)
    var causes = NameTable()
    let at = messages.map { Self.microseconds($0.sent - origin) }
    let body = messages.map { message in
      texts.place(
        of: unsafe message.body.withBytes { unsafe String(decoding: $0.prefix(cap + 8), as: UTF8.self) }.cut(
          to: cap))
    }
    let cause = messages.map { causes.place(of: $0.cause) }
    strings("names", log.names)
    strings("types", log.types)
    strings("causes", causes.names)
    out.add(",\"isCut\":\(log.isFull || !log.isComplete)")
    out.add(",\"messages\":{\"count\":\(messages.count)")
    numbers("at", Self.differences(at))
    numbers(
      "took",
      messages.enumerated().map { place, message in
        message.ended.map { Self.microseconds($0 - origin) - at[place] } ?? -1
      })
    numbers("from", messages.map(\.source))
    numbers("to", messages.map(\.destination))
    numbers("type", messages.map(\.type))
    numbers("fate", messages.map(\.fate.rawValue))
    numbers("cause", cause)
    numbers("operation", messages.map { $0.operation.flatMap { rows[$0] } ?? -1 })
    numbers("number", Self.differences(messages.map(\.number)))
    numbers("copies", messages.indices.filter { messages[$0].isCopy })
    numbers("body", body)
    out.add("}")
  }

  // MARK: What was found

  private mutating func writeAnomalies() {
    let rows = rows
    column("anomalies", report.kinds.flatMap(\.shown)) { out, anomaly in
      out.add("{\"name\":")
      out.add(quoted: anomaly.name)
      out.add(",\"node\":")
      out.add(anomaly.node.map { .string($0.name) } ?? .null)
      out.add(",\"operations\":[")
      var seen: [Int] = []
      for row in anomaly.operations.compactMap({ rows[$0] }) where !seen.contains(row) && seen.count < 200 {
        seen.append(row)
      }
      out.add(seen.map(String.init).joined(separator: ","))
      out.add("]}")
    }
  }

  /// So many pairs of a value and a node are worth their bytes.
  private static let spreadPairsMax = 100_000

  /// When each node was first seen to have each value: milliseconds after the acknowledgement, or -1.
  private mutating func writeSpread() {
    let sightings = report.sightings.filter { $0.acknowledged != nil }
    guard !sightings.isEmpty, sightings.count * report.nodes.count <= Self.spreadPairsMax else { return }
    out.add(",\"spread\":{\"count\":\(sightings.count)")
    strings("values", sightings.map { EDN($0.value).text(in: .json).cut(to: 100) })
    let starts = sightings.map { Self.microseconds(($0.acknowledged! - report.origin).nanoseconds) }
    numbers("at", starts)
    numbers(
      "seen",
      sightings.enumerated().flatMap { place, sighting in
        sighting.seen.map { seen in
          seen.map { max(0, (Self.microseconds(($0 - report.origin).nanoseconds) - starts[place]) / 1000) }
            ?? -1
        }
      })
    out.add("}")
  }

  private static let offsetsMax = 60_000

  /// Of logs: the offset of each acknowledged send, and how far each poll of a key reached.
  private mutating func writeOffsets() {
    guard report.workload == "kafka" else { return }
    var keys = NameTable()
    var at: [Int] = [], key: [Int] = [], offset: [Int] = [], isPoll: [Int] = []
    func add(_ time: Duration, _ name: String, _ value: Int?, _ poll: Int) {
      guard let value, at.count < Self.offsetsMax else { return }
      at.append(Self.microseconds(time.nanoseconds))
      key.append(keys.place(of: name))
      offset.append(value)
      isPoll.append(poll)
    }
    for operation in report.history.operations where operation.isClient && operation.kind == .ok {
      for micro in operation.value.array ?? [] {
        guard let parts = micro.array, let verb = parts.first?.string else { continue }
        if verb == "send", parts.count > 2 {
          add(operation.time, parts[1].plainText, parts[2].array?.first?.integer, 0)
        } else if verb == "poll", parts.count > 1, case .object(let polled) = parts[1] {
          for (name, pairs) in polled.sorted(by: { $0.key < $1.key }) {
            add(operation.time, name.description, pairs.array?.last?.array?.first?.integer, 1)
          }
        }
      }
    }
    guard !at.isEmpty else { return }
    out.add(",\"offsets\":{\"count\":\(at.count)")
    strings("keys", keys.names)
    numbers("at", Self.differences(at))
    numbers("key", key)
    numbers("offset", offset)
    numbers("poll", isPoll)
    out.add("}")
  }
}

/// Which keys each operation is about, for workloads that have keys.
private struct OperationKeys {
  private static let namesMax = 5000

  private let workload: String
  private var table = NameTable()
  /// Of each operation the places of its keys in ``names``.
  private(set) var rows: [[Int]] = []
  var names: [String] { table.names }

  init(_ workload: String) { self.workload = workload }

  mutating func add(_ operation: Operation, _ end: Operation?) {
    var found: [Int] = []
    for value in [operation.value, end?.value ?? .null] {
      for key in keys(value) where table.names.count < Self.namesMax {
        let place = table.place(of: key.plainText.cut(to: 100))
        if !found.contains(place) { found.append(place) }
      }
    }
    rows.append(found)
  }

  private func keys(_ value: JSON) -> [JSON] {
    switch workload {
    case "lin-kv": value.array.flatMap { $0.count == 2 ? [$0[0]] : nil } ?? []
    case "txn-rw-register", "txn-list-append":
      (value.array ?? []).compactMap { $0.array.flatMap { $0.count == 3 ? $0[1] : nil } }
    case "kafka": (value.array ?? []).flatMap(Self.logs(in:)) + Self.members(value)
    default: []
    }
  }

  /// Of a micro-operation of kafka, or a key that is assigned.
  private static func logs(in part: JSON) -> [JSON] {
    if case .string = part { return [part] }
    guard let parts = part.array, parts.count > 1, case .string(let verb) = parts[0] else { return [] }
    return verb == "send" ? [parts[1]] : members(parts[1])
  }

  private static func members(_ value: JSON) -> [JSON] {
    if case .object(let members) = value { members.keys.sorted().map(\.json) } else { [] }
  }
}

/// Names in the order in which they turn up.
private struct NameTable {
  private(set) var names: [String] = []
  private var places: [JSONName: Int] = [:]

  init(_ names: [String] = []) { for name in names { _ = place(of: name) } }

  mutating func place(of name: String) -> Int {
    if let place = places[JSONName(name)] { return place }
    places[JSONName(name)] = names.count
    names.append(name)
    return names.count - 1
  }
}

/// The same for texts, of which the first is empty.
private struct TextTable {
  private var table = NameTable([""])
  var all: [String] { table.names }
  mutating func place(of text: String) -> Int { table.place(of: text) }
}
