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

  init(_ report: RunReport) { self.report = report }

  var text: [UInt8] { written().bytes }

  func written() -> TextWriter {
    var writing = DataWriting(report)
    writing.write()
    return writing.take()
  }
}

private struct DataWriting: ~Copyable {
  private let report: RunReport
  private var out = TextWriter(reserving: 1 << 16)
  private var texts = TextTable()
  /// From what times count, in nanoseconds since the run's begin.
  private let origin: Int64
  /// Rows of operations by their indices in the history, both halves; -1 for what is in no row.
  private var rows: [Int32] = []

  init(_ report: RunReport) {
    self.report = report
    origin = report.log?.origin ?? 0
  }

  /// Values and bodies are cut where there are very many, so that all of them stay within so many bytes.
  private static let textsBytes = 6 << 20
  private static let textBytesMax = 200
  private static let textBytesMin = 32

  mutating func write() {
    out.add("{\"workload\":")
    out.add(quoted: report.workload, escaping: .less)
    strings("nodes", report.nodes)
    writeOperations()
    writeFaults()
    if let log = report.log { writeMessages(log) }
    writeAnomalies()
    writeSpread()
    writeOffsets()
    begin("texts")
    texts.write(to: &out)
    out.add("]}")
  }

  /// Hands over what was written.
  mutating func take() -> TextWriter {
    var text = TextWriter(reserving: 1)
    swap(&text, &out)
    return text
  }

  // MARK: Small parts

  private mutating func begin(_ name: StaticString) {
    out.add(",\"")
    out.add(name)
    out.add("\":[")
  }

  private mutating func strings(_ name: StaticString, _ values: [String]) {
    column(name, values) { $0.add(quoted: $1, escaping: .less) }
  }

  private mutating func numbers(_ name: StaticString, _ values: [Int]) { column(name, values) { $0.add($1) } }

  private mutating func column<Value>(
    _ name: StaticString, _ values: [Value], _ write: (inout TextWriter, Value) -> Void
  ) {
    begin(name)
    for (place, value) in values.enumerated() {
      if place > 0 { out.add(UInt8(ascii: ",")) }
      write(&out, value)
    }
    out.add(UInt8(ascii: "]"))
  }

  private mutating func column(_ name: StaticString, _ column: borrowing Column) {
    begin(name)
    if column.text.count > 0 { out.add(column.text, from: 1) }
    out.add(UInt8(ascii: "]"))
  }

  private mutating func member(_ name: StaticString, _ value: Int) {
    out.add("\"")
    out.add(name)
    out.add("\":")
    out.add(value)
  }

  private func cap(_ count: Int) -> Int {
    max(Self.textBytesMin, min(Self.textBytesMax, Self.textsBytes / max(1, count)))
  }

  // MARK: Operations

  private mutating func writeOperations() {
    let history = report.history
    var count = 0
    for index in 0..<history.count where history.kind(of: index) == .invoke && history.isClient(index) {
      count += 1
    }
    let cap = cap(count)
    rows = [Int32](repeating: -1, count: history.count)
    var functions = NameTable(), nodes = NameTable(report.nodes), keys = OperationKeys(report.workload)
    var at = Column(count), took = Column(count), process = Column(count), function = Column(count)
    var outcome = Column(count), node = Column(count), places = Column(count), value = Column(count)
    var result = Column(count), final = Column(), keyRows = Column()
    var text = TextWriter()
    let areKnown = keys.areKnown
    var row = 0
    for index in 0..<history.count where history.kind(of: index) == .invoke && history.isClient(index) {
      defer { row += 1 }
      let end = history.completionIndex(of: index), start = history.time(of: index)
      rows[index] = Int32(row)
      if let end { rows[end] = Int32(row) }
      at.add(difference: ReportData.microseconds(start))
      took.add(end.map { ReportData.microseconds(history.duration(from: index, to: $0)) } ?? -1)
      if case .client(let number) = history.process(of: index) { process.add(number) }
      function.add(functions.place(of: history.function(of: index)))
      outcome.add(end.map { Self.outcome(history.kind(of: $0)) } ?? 3)
      node.add(history.node(of: index).map { nodes.place(of: $0.name) } ?? -1)
      places.add(difference: index)
      text.removeAll()
      history.writeShown(of: index, to: &text)
      value.add(texts.place(of: text, cutTo: cap))
      text.removeAll()
      if let end { history.writeResult(of: end, to: &text) }
      result.add(texts.place(of: text, cutTo: cap))
      if history.isFinal(index) { final.add(row) }
      if areKnown {
        let found = keys.find(history.value(of: index), end.map { history.value(of: $0) } ?? .null)
        keyRows.add(list: found)
      }
    }
    strings("hosts", nodes.names)
    strings("functions", functions.names)
    // At once, for all that is large.
    out.reserve(
      at.text.count + took.text.count + process.text.count + function.text.count + outcome.text.count
        + node.text.count + places.text.count + value.text.count + result.text.count + keyRows.text.count
        + 1024)
    out.add(",\"operations\":{")
    member("count", count)
    out.add(UInt8(ascii: ","))
    member("workers", report.clientCount)
    column("at", at)
    column("took", took)
    column("process", process)
    column("function", function)
    column("outcome", outcome)
    column("node", node)
    column("index", places)
    column("value", value)
    column("result", result)
    column("final", final)
    if !keys.names.isEmpty { column("keys", keyRows) }
    out.add("}")
    if !keys.names.isEmpty { strings("keys", keys.names) }
  }

  private static func outcome(_ kind: Operation.Kind) -> Int {
    switch kind {
    case .ok: 0
    case .fail: 1
    case .info, .invoke: 2
    }
  }

  private mutating func writeFaults() {
    column("faults", report.history.faults) { out, fault in
      out.add("{\"name\":")
      out.add(quoted: fault.name, escaping: .less)
      out.add(",\"what\":")
      out.add(quoted: fault.what.cut(to: 400), escaping: .less)
      out.add(",\"from\":")
      out.add(ReportData.microseconds(fault.from))
      if let to = fault.to {
        out.add(",\"to\":")
        out.add(ReportData.microseconds(to))
      }
      out.add("}")
    }
    let deaths = report.log?.deaths ?? [], origin = origin
    column("deaths", deaths) { out, death in
      out.add("{\"at\":")
      out.add(ReportData.microseconds(death.time - origin))
      out.add(",\"node\":")
      out.add(quoted: death.node, escaping: .less)
      out.add(",\"how\":")
      out.add(quoted: death.how, escaping: .less)
      out.add("}")
    }
  }

  // MARK: Messages

  private mutating func writeMessages(_ log: MessageLog) {
    let count = log.messages.count
    let cap = cap(count)
    var causes = NameTable()
    var at = Column(count), took = Column(count), from = Column(count), to = Column(count),
      type = Column(count)
    var fate = Column(count), cause = Column(count), operation = Column(count), number = Column(count)
    var copies = Column(), body = Column(count)
    let messages = log.messages.span
    for place in messages.indices {
      let start = ReportData.microseconds(messages[place].sent - origin)
      at.add(difference: start)
      took.add(messages[place].ended.map { ReportData.microseconds($0 - origin) - start } ?? -1)
      from.add(messages[place].source)
      to.add(messages[place].destination)
      type.add(messages[place].type)
      fate.add(messages[place].fate.rawValue)
      cause.add(causes.place(of: messages[place].cause))
      // A record that was changed by hand may name any operation.
      operation.add(
        messages[place].operation.flatMap { rows.indices.contains($0) ? Int(rows[$0]) : nil } ?? -1)
      number.add(difference: messages[place].number)
      if messages[place].isCopy { copies.add(place) }
      body.add(texts.place(of: messages[place].body, cutTo: cap))
    }
    strings("names", log.names)
    strings("types", log.types)
    strings("causes", causes.names)
    out.add(log.isFull || !log.isComplete ? ",\"isCut\":true" : ",\"isCut\":false" as StaticString)
    out.add(",\"messages\":{")
    member("count", count)
    column("at", at)
    column("took", took)
    column("from", from)
    column("to", to)
    column("type", type)
    column("fate", fate)
    column("cause", cause)
    column("operation", operation)
    column("number", number)
    column("copies", copies)
    column("body", body)
    out.add("}")
  }

  // MARK: What was found

  private mutating func writeAnomalies() {
    let rows = rows
    column("anomalies", report.kinds.flatMap(\.shown)) { out, anomaly in
      out.add("{\"name\":")
      out.add(quoted: anomaly.name, escaping: .less)
      out.add(",\"node\":")
      if let node = anomaly.node { out.add(quoted: node.name, escaping: .less) } else { out.add("null") }
      out.add(",\"operations\":[")
      var seen: [Int32] = []
      for index in anomaly.operations where rows.indices.contains(index) && seen.count < 200 {
        let row = rows[index]
        if row < 0 || seen.contains(row) { continue }
        if !seen.isEmpty { out.add(UInt8(ascii: ",")) }
        seen.append(row)
        out.add(Int(row))
      }
      out.add("]}")
    }
  }

  /// So many pairs of a value and a node are worth their bytes.
  private static let spreadPairsMax = 100_000

  /// When each node was first seen to have each value: milliseconds after the acknowledgement, or -1.
  private mutating func writeSpread() {
    let sightings = report.sightings.filter { $0.acknowledged != nil }
    guard !sightings.isEmpty, sightings.count * report.nodes.count <= Self.spreadPairsMax else { return }
    out.add(",\"spread\":{")
    member("count", sightings.count)
    strings("values", sightings.map { EDN($0.value).text(in: .json).cut(to: 100) })
    let starts = sightings.map { ReportData.microseconds(($0.acknowledged! - report.origin).nanoseconds) }
    numbers("at", starts)
    numbers(
      "seen",
      sightings.enumerated().flatMap { place, sighting in
        sighting.seen.map { seen in
          seen.map {
            max(0, (ReportData.microseconds(($0 - report.origin).nanoseconds) - starts[place]) / 1000)
          }
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
    func add(_ time: Int64, _ name: String, _ value: Int?, _ poll: Int) {
      guard let value, at.count < Self.offsetsMax else { return }
      at.append(ReportData.microseconds(time))
      key.append(keys.place(of: name))
      offset.append(value)
      isPoll.append(poll)
    }
    let history = report.history
    for index in 0..<history.count where history.kind(of: index) == .ok && history.isClient(index) {
      guard at.count < Self.offsetsMax else { break }
      let time = history.time(of: index)
      for micro in history.value(of: index).array ?? [] {
        guard let parts = micro.array, let verb = parts.first?.string else { continue }
        if verb == "send", parts.count > 2 {
          add(time, parts[1].plainText, parts[2].array?.first?.integer, 0)
        } else if verb == "poll", parts.count > 1, case .object(let polled) = parts[1] {
          for (name, pairs) in polled.sorted(by: { $0.key < $1.key }) {
            add(time, name.description, pairs.array?.last?.array?.first?.integer, 1)
          }
        }
      }
    }
    guard !at.isEmpty else { return }
    out.add(",\"offsets\":{")
    member("count", at.count)
    strings("keys", keys.names)
    var differences = Column(at.count)
    for time in at { differences.add(difference: time) }
    column("at", differences)
    numbers("key", key)
    numbers("offset", offset)
    numbers("poll", isPoll)
    out.add("}")
  }
}

extension ReportData {
  /// Whole microseconds, downwards.
  static func microseconds(_ nanoseconds: Int64) -> Int {
    let (quotient, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1000)
    return Int(rest < 0 ? quotient - 1 : quotient)
  }
}

extension History {
  /// Adds the value of an operation, of null nothing.
  fileprivate func writeShown(of index: Int, to text: inout TextWriter) {
    let start = text.count
    writeValue(of: index, to: &text)
    if text.count - start == 3, value(of: index) == .null { text.cut(at: start) }
  }

  /// Adds how an operation ended: the value of an ok, and the error.
  fileprivate func writeResult(of index: Int, to text: inout TextWriter) {
    if kind(of: index) == .ok { writeShown(of: index, to: &text) }
    guard let error = error(of: index), error != .null else { return }
    if text.count > 0 { text.add(UInt8(ascii: " ")) }
    text.add(keywording: error)
  }
}
