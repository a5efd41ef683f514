public import Glomers
public import Wire
import History

/// What a run's `messages.jsonl` tells: each message and what became of it, and what clients and the nemesis did.
///
/// Reads a file that ends anywhere, as that of a bench that was killed does. A line that can't be read is skipped and
/// counted: that the file was cut off, or changed by hand, must not hide the rest.
public struct MessageLog: Sendable {
  /// What became of a message.
  public enum Fate: Int, Sendable {
    case delivered
    case lost
    /// Neither delivered nor lost by the end of the record.
    case underWay
  }

  /// One message, or a copy that a fault has made of one.
  public struct Message: Sendable {
    /// The network's number; copies share it.
    public let number: Int
    /// Places in ``MessageLog/names``.
    public let source: Int
    public let destination: Int
    /// A place in ``MessageLog/types``.
    public let type: Int
    /// Nanoseconds since the run's begin.
    public let sent: Int64
    /// When it was delivered or lost, in nanoseconds since the run's begin; nil while it is under way.
    public internal(set) var ended: Int64?
    /// Places of the lines that tell of its sending and of its end: what happened first at one instant stands first.
    let sentLine: Int
    var endedLine = 0
    public internal(set) var fate = Fate.underWay
    /// The fault that lost, held or copied it; empty where none did.
    public internal(set) var cause = ""
    /// The operation that it belongs to, by the index of its invocation in the history.
    public let operation: Int?
    public let isCopy: Bool
    /// Its body; of one that is too long for the record, the beginning of the line as a string.
    public let body: JSONText
  }

  /// A line of the history, without what clients say.
  public struct Step: Sendable {
    public let index: Int
    /// Nanoseconds since the run's begin.
    public let time: Int64
    /// `invoke`, `ok`, `fail` or `info`.
    public let kind: String
    public let function: String
    /// Nil for the nemesis.
    public let process: Int?
    /// Of the nemesis only.
    public let value: JSON?
  }

  public private(set) var workload = ""
  public private(set) var nodes: [String] = []
  /// In the order of sending; copies stand where they were made.
  public private(set) var messages: [Message] = []
  public private(set) var steps: [Step] = []
  /// Everybody who sent or got something, the nodes first.
  public var names: [String] { nameTable.names }
  public var types: [String] { typeTable.names }
  /// Nodes that ended by themselves: when, and how.
  public private(set) var deaths: [(time: Int64, node: String, how: String)] = []
  /// When the history's clock starts, in nanoseconds since the run's begin; nil if the nodes never got so far.
  public private(set) var origin: Int64?
  /// The time of the last line, in nanoseconds since the run's begin.
  public private(set) var lastTime: Int64 = 0
  /// Whether the run came to its end, and the record with it.
  public private(set) var isComplete = false
  /// Whether the record had reached its bound, and leaves out what came later.
  public private(set) var isFull = false
  public private(set) var unreadableLineCount = 0
  private var lineCount = 0

  private var nameTable = NameTable()
  private var typeTable = NameTable()
  private var functions = NameTable()
  private var open = OpenMessages()
  /// Of numbers whose original has yet to be delivered: the place of the copy.
  private var copies: [Int: Int] = [:]

  /// Reads the whole text of a `messages.jsonl`.
  public init(reading bytes: [UInt8]) {
    let document = JSONDocument()
    unsafe bytes.withUnsafeBufferPointer { text in
      var start = 0
      while start < text.count {
        let rest = unsafe UnsafeBufferPointer(rebasing: text[start...])
        let length = unsafe Self.lineLength(rest)
        let line = unsafe UnsafeBufferPointer(rebasing: rest[..<length])
        lineCount += 1
        if unsafe !addPlain(line, document) { unsafe add(line, document) }
        start += length + 1
      }
    }
    open = OpenMessages()
    copies = [:]
    functions = NameTable()
  }

  /// Where the first line break is, or the end.
  private static func lineLength(_ text: UnsafeBufferPointer<UInt8>) -> Int {
    let bytes = UnsafeRawBufferPointer(text)
    var place = 0
    while place &+ 8 <= bytes.count,
      unsafe !bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self).has(UInt8(ascii: "\n"))
    {
      place &+= 8
    }
    while place < bytes.count, unsafe bytes[place] != UInt8(ascii: "\n") { place &+= 1 }
    return place
  }

  /// Adds a line of a kind of which there are many, if it is just as the bench writes it. Returns whether it was.
  private mutating func addPlain(_ bytes: UnsafeBufferPointer<UInt8>, _ document: JSONDocument) -> Bool {
    var line = unsafe RecordLine(bytes)
    guard line.take("{\"t\":"), let time = line.integer().map({ Int64($0) }) else { return false }
    if line.take(",\"delivered\":") {
      guard let number = line.integer(), line.take("}"), line.isAtEnd else { return false }
      lastTime = max(lastTime, time)
      end(number, .delivered, "", at: time)
      return true
    }
    if line.take(",\"op\":") {
      guard let index = line.integer(), line.take(",\"type\":\""), let kind = Self.kind(&line),
        line.take(",\"f\":\""), let function = unsafe line.word(), line.take(",\"process\":"),
        let process = line.integer(), line.take("}"), line.isAtEnd
      else { return false }
      lastTime = max(lastTime, time)
      let place = unsafe functions.place(ofPlain: function)
      steps.append(
        Step(
          index: index, time: time, kind: kind, function: functions.names[place], process: process, value: nil
        ))
      return true
    }
    guard line.take(",\"sent\":{\"id\":"), let number = line.integer(), line.take(",\"src\":\""),
      let source = unsafe line.word(), line.take(",\"dest\":\""), let destination = unsafe line.word(),
      line.take(",\"body\":")
    else { return false }
    var rest = unsafe line.rest
    let operation = unsafe RecordLine.trailingInteger(",\"op\":", &rest)
    // Two brackets at the end, or one before the operation.
    let bracketCount = operation == nil ? 2 : 1
    guard rest.count > bracketCount, unsafe rest.suffix(bracketCount).allSatisfy({ $0 == UInt8(ascii: "}") })
    else { return false }
    let text = unsafe UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: rest.dropLast(bracketCount)))
    guard let body = unsafe try? document.parseValue(text) else { return false }
    lastTime = max(lastTime, time)
    sent(
      number, from: unsafe nameTable.place(ofPlain: source), to: unsafe nameTable.place(ofPlain: destination),
      body, beginning: nil, operation, at: time)
    return true
  }

  private static func kind(_ line: inout RecordLine) -> String? {
    if line.take("invoke\"") { return "invoke" }
    if line.take("ok\"") { return "ok" }
    if line.take("fail\"") { return "fail" }
    return line.take("info\"") ? "info" : nil
  }

  private mutating func add(_ line: UnsafeBufferPointer<UInt8>, _ document: JSONDocument) {
    guard let object = unsafe try? document.parse(UnsafeRawBufferPointer(line)) else {
      unreadableLineCount += 1
      return
    }
    guard let time = object.optionalElement("t")?.integer.map({ Int64($0) }) else {
      if object.optionalElement("format")?.string == "glomers-messages" {
        workload = object.optionalElement("workload")?.string ?? ""
        nodes = (try? object.strings("nodes")) ?? []
        for node in nodes { _ = nameTable.place(of: node) }
      } else {
        unreadableLineCount += 1
      }
      return
    }
    lastTime = max(lastTime, time)
    if let message = object.optionalElement("sent")?.object {
      sent(message, object, at: time)
    } else if let number = object.optionalElement("delivered")?.integer {
      end(number, .delivered, "", at: time)
    } else if let number = object.optionalElement("lost")?.integer {
      end(number, .lost, object.optionalElement("why")?.string ?? "", at: time)
    } else if let number = object.optionalElement("held")?.integer, let place = open[number] {
      messages[place].cause = object.optionalElement("why")?.string ?? ""
    } else if let number = object.optionalElement("copied")?.integer, let place = open[number] {
      copy(messages[place], object.optionalElement("why")?.string ?? "")
    } else if let index = object.optionalElement("op")?.integer {
      steps.append(
        Step(
          index: index, time: time, kind: object.optionalElement("type")?.string ?? "",
          function: object.optionalElement("f")?.string ?? "",
          process: object.optionalElement("process")?.integer, value: object.optionalValue("value")))
    } else if let node = object.optionalElement("died")?.string {
      deaths.append((time, node, object.optionalElement("how")?.string ?? ""))
    } else if object.optionalElement("origin") != nil {
      origin = time
    } else if object.optionalElement("full") != nil {
      isFull = true
    } else if object.optionalElement("end") != nil {
      isComplete = true
    }
  }

  private mutating func sent(_ message: JSONObject, _ line: JSONObject, at time: Int64) {
    guard let number = message.optionalElement("id")?.integer,
      let source = message.optionalElement("src")?.string,
      let destination = message.optionalElement("dest")?.string
    else {
      unreadableLineCount += 1
      return
    }
    sent(
      number, from: nameTable.place(of: source), to: nameTable.place(of: destination),
      message.optionalElement("body"), beginning: line.optionalElement("beginning")?.string,
      line.optionalElement("op")?.integer, at: time)
  }

  private mutating func sent(
    _ number: Int, from source: Int, to destination: Int, _ body: JSONElement?, beginning: String?,
    _ operation: Int?, at time: Int64
  ) {
    let type = body?.object?.optionalElement("type")?.string ?? beginning.flatMap(Self.type(inBeginning:))
    open.begin(number, at: messages.count)
    messages.append(
      Message(
        number: number, source: source, destination: destination, type: typeTable.place(of: type ?? "?"),
        sent: time, sentLine: lineCount, operation: operation, isCopy: false,
        body: body?.text ?? JSONText(.string(beginning ?? ""))))
  }

  /// The type in the beginning of a line that is too long for the record, if it stands there in plain words.
  static func type(inBeginning text: String) -> String? {
    let quote = UInt8(ascii: "\"")
    let bytes = Array(text.utf8.filter { $0 != UInt8(ascii: " ") })
    let key = Array(#""type":""#.utf8)
    guard bytes.count > key.count else { return nil }
    for start in 0...(bytes.count - key.count) where bytes[start..<(start + key.count)].elementsEqual(key) {
      let rest = bytes[(start + key.count)...].prefix(65)
      guard let end = rest.firstIndex(of: quote) else { return nil }
      return String(decoding: rest[..<end], as: UTF8.self)
    }
    return nil
  }

  private mutating func end(_ number: Int, _ fate: Fate, _ cause: String, at time: Int64) {
    guard let place = open.end(number) else { return }
    messages[place].fate = fate
    messages[place].ended = time
    messages[place].endedLine = lineCount
    if !cause.isEmpty { messages[place].cause = cause }
    // The copy of a message that was delivered comes next.
    if !copies.isEmpty, let copy = copies.removeValue(forKey: number) { open.begin(number, at: copy) }
  }

  private mutating func copy(_ message: Message, _ cause: String) {
    copies[message.number] = messages.count
    messages.append(
      Message(
        number: message.number, source: message.source, destination: message.destination,
        type: message.type, sent: message.sent, sentLine: lineCount, cause: cause,
        operation: message.operation, isCopy: true,
        body: message.body))
  }
}

extension MessageLog {
  /// In words, the first message in which two runs differ: who sends what to whom, and when. Nil where they don't.
  public static func firstDifference(_ a: MessageLog, _ b: MessageLog) -> String? {
    for place in 0..<max(a.messages.count, b.messages.count) {
      let texts = [a, b].map { $0.line(place) }
      if texts[0] != texts[1] { return "message \(place + 1):\n\(texts[0])\n\(texts[1])" }
    }
    return nil
  }

  private func line(_ place: Int) -> String {
    guard place < messages.count else { return "(nothing more)" }
    let message = messages[place]
    let end =
      message.ended.map { "\(message.fate == .lost ? "lost" : "delivered") at \($0 / 1000) µs" }
      ?? "under way"
    return
      "\(message.sent / 1000) µs, \(end): \(names[message.source]) → \(names[message.destination]) \(message.body)"
      .cut(to: 1000)
  }
}
