public import Glomers
public import Wire

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
  public private(set) var names: [String] = []
  public private(set) var types: [String] = []
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

  private var namePlaces: [String: Int] = [:]
  private var typePlaces: [String: Int] = [:]
  /// Of each message under way, by number: its place.
  private var open: [Int: Int] = [:]
  /// Of numbers whose original has yet to be delivered: the place of the copy.
  private var copies: [Int: Int] = [:]

  /// Reads the whole text of a `messages.jsonl`.
  public init(reading bytes: [UInt8]) {
    let document = JSONDocument()
    let text = bytes.span
    var start = 0
    for end in text.indices where text[end] == UInt8(ascii: "\n") {
      add(text.extracting(start..<end), document)
      start = end + 1
    }
    if start < text.count { add(text.extracting(start...), document) }
    open = [:]
    copies = [:]
  }

  private mutating func add(_ line: Span<UInt8>, _ document: JSONDocument) {
    lineCount += 1
    guard let object = try? document.parse(line) else {
      unreadableLineCount += 1
      return
    }
    guard let time = object.optionalElement("t")?.integer.map({ Int64($0) }) else {
      if object.optionalElement("format")?.string == "glomers-messages" {
        workload = object.optionalElement("workload")?.string ?? ""
        nodes = (try? object.strings("nodes")) ?? []
        for node in nodes { _ = place(ofName: node) }
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
    let body = message.optionalElement("body")
    let beginning = line.optionalElement("beginning")?.string
    let type = body?.object?.optionalElement("type")?.string ?? beginning.flatMap(Self.type(inBeginning:))
    open[number] = messages.count
    messages.append(
      Message(
        number: number, source: place(ofName: source), destination: place(ofName: destination),
        type: place(ofType: type ?? "?"), sent: time, sentLine: lineCount,
        operation: line.optionalElement("op")?.integer,
        isCopy: false, body: body?.text ?? JSONText(.string(beginning ?? ""))))
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
    guard let place = open.removeValue(forKey: number) else { return }
    messages[place].fate = fate
    messages[place].ended = time
    messages[place].endedLine = lineCount
    if !cause.isEmpty { messages[place].cause = cause }
    // The copy of a message that was delivered comes next.
    if let copy = copies.removeValue(forKey: number) { open[number] = copy }
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

  private mutating func place(ofName name: String) -> Int {
    if let place = namePlaces[name] { return place }
    namePlaces[name] = names.count
    names.append(name)
    return names.count - 1
  }

  private mutating func place(ofType type: String) -> Int {
    if let place = typePlaces[type] { return place }
    typePlaces[type] = types.count
    types.append(type)
    return types.count - 1
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
