import Glomers

extension Operation {
  /// The operation as Jepsen writes it: a plain map.
  public var edn: EDN {
    var members: [EDN.Member] = [
      .init(.keyword("type"), .keyword(kind.rawValue)), .init(.keyword("f"), .keyword(function)),
      .init(.keyword("value"), valueEDN), .init(.keyword("time"), .integer(Int(time.nanoseconds))),
      .init(.keyword("process"), process.edn), .init(.keyword("index"), .integer(index)),
    ]
    if let error { members.append(.init(.keyword("error"), EDN(keywording: error))) }
    if isFinal { members.append(.init(.keyword("final?"), true)) }
    for (name, note) in notes.sorted(by: { $0.key < $1.key }) {
      members.append(.init(.keyword(name), EDN(note)))
    }
    return .map(members)
  }

  /// The nemesis speaks in keywords, clients in data, in which only the names of micro-operations are keywords.
  private var valueEDN: EDN {
    guard isClient else { return EDN(keywordingMembers: value) }
    guard hasMicroOperations, let micros = value.array else { return EDN(value) }
    return .vector(micros.map { EDN(keywording: $0) })
  }

  private var hasMicroOperations: Bool { History.hasMicroOperations(function) }
}

extension Operation.Process {
  package var edn: EDN {
    switch self {
    case .client(let number): .integer(number)
    case .nemesis: .keyword("nemesis")
    }
  }
}

extension History {
  /// Writes `history.edn`: one operation a line. The text comes in pieces.
  public func writeEDN(to write: ([UInt8]) -> Void) { writeLines(edn: write) { _ in } }

  /// Writes `history.txt`: process, type, function, value and error, with tabs between them. The text comes in pieces.
  public func writeText(to write: ([UInt8]) -> Void) { writeLines(edn: { _ in }, text: write) }

  /// Writes both: what an operation is about has one text, which is made once.
  public func writeLines(edn writeEDN: ([UInt8]) -> Void, text writeText: ([UInt8]) -> Void) {
    var lines = HistoryLines(functionNames)
    for index in 0..<count { lines.add(self, index, writeEDN, writeText) }
    lines.pass(writeEDN, writeText, atLeast: 1)
  }

  /// Adds the line of an operation in `history.edn`, without its end.
  package func writeEDN(of index: Int, to text: inout TextWriter) {
    text.add("{:type :")
    text.add(kind(of: index).rawValue)
    text.add(", :f :")
    text.add(function(of: index))
    text.add(", :value ")
    writeValue(of: index, to: &text)
    writeTail(of: index, to: &text)
  }

  /// Adds the value of an operation as `history.edn` has it. The nemesis speaks in keywords, clients in data, in which
  /// only the names of micro-operations are keywords.
  package func writeValue(of index: Int, to text: inout TextWriter) {
    let value = value(of: index)
    guard isClient(index) else { return text.add(tree: EDN(keywordingMembers: value)) }
    guard case .array(let micros) = value, Self.hasMicroOperations(function(of: index)) else {
      return text.add(edn: value)
    }
    text.add(UInt8(ascii: "["))
    for place in micros.indices {
      if place > 0 { text.add(UInt8(ascii: " ")) }
      text.add(keywording: micros[place])
    }
    text.add(UInt8(ascii: "]"))
  }

  /// Adds what follows the value.
  fileprivate func writeTail(of index: Int, to text: inout TextWriter) {
    text.add(", :time ")
    text.add(Int(time(of: index)))
    text.add(", :process ")
    text.add(process(of: index))
    text.add(", :index ")
    text.add(index)
    if let error = error(of: index) {
      text.add(", :error ")
      text.add(keywording: error)
    }
    if isFinal(index) { text.add(", :final? true") }
    let notes = notes(of: index)
    if !notes.isEmpty {
      for (name, note) in notes.sorted(by: { $0.key < $1.key }) {
        text.add(", :")
        text.add(name)
        text.add(" ")
        text.add(edn: note)
      }
    }
    text.add(UInt8(ascii: "}"))
  }
}

extension TextWriter {
  fileprivate mutating func add(_ process: Operation.Process) {
    switch process {
    case .client(let number): add(number)
    case .nemesis: add(":nemesis")
    }
  }
}

extension Operation.Kind {
  /// One of four numbers.
  fileprivate var place: Int {
    switch self {
    case .invoke: 0
    case .ok: 1
    case .fail: 2
    case .info: 3
    }
  }

  fileprivate static let all: [Operation.Kind] = [.invoke, .ok, .fail, .info]
}

extension History {
  fileprivate static func hasMicroOperations(_ function: String) -> Bool {
    function == "txn" || function == "send" || function == "poll"
  }
}

/// What lines say of a function, by the place of the kind of operation.
private struct FunctionWords {
  /// A line of `history.edn`, up to the value.
  let ednHeads: [[UInt8]]
  /// What stands in a line of `history.txt` between process and value.
  let textParts: [[UInt8]]

  init(_ name: String) {
    ednHeads = Operation.Kind.all.map { Array("{:type :\($0.rawValue), :f :\(name), :value ".utf8) }
    textParts = Operation.Kind.all.map { Array("\t:\($0.rawValue)\t:\(name)\t".utf8) }
  }
}

/// Lines of `history.edn` and `history.txt` as they are written, a pair for each operation.
private struct HistoryLines: ~Copyable {
  private static let chunkBytes = 64 << 10

  private var edn = TextWriter(reserving: 2 * chunkBytes)
  private var text = TextWriter(reserving: 2 * chunkBytes)
  /// By the number of the function.
  private let functions: [FunctionWords]

  init(_ functionNames: [String]) { functions = functionNames.map { FunctionWords($0) } }

  mutating func add(
    _ history: borrowing History, _ index: Int, _ writeEDN: ([UInt8]) -> Void, _ writeText: ([UInt8]) -> Void
  ) {
    let words = functions[history.functionNumber(of: index)]
    let kind = history.kind(of: index).place
    edn.add(words.ednHeads[kind])
    let start = edn.count
    history.writeValue(of: index, to: &edn)
    text.add(history.process(of: index))
    text.add(words.textParts[kind])
    text.add(edn, from: start)
    history.writeTail(of: index, to: &edn)
    if let error = history.error(of: index) {
      text.add(UInt8(ascii: "\t"))
      text.add(keywording: error)
    }
    edn.add(UInt8(ascii: "\n"))
    text.add(UInt8(ascii: "\n"))
    pass(writeEDN, writeText, atLeast: Self.chunkBytes)
  }

  /// Hands on what has gathered, if it is enough to be worth it.
  mutating func pass(
    _ writeEDN: ([UInt8]) -> Void, _ writeText: ([UInt8]) -> Void, atLeast count: Int
  ) {
    if edn.count >= count {
      writeEDN(edn.bytes)
      edn.removeAll()
    }
    if text.count >= count {
      writeText(text.bytes)
      text.removeAll()
    }
  }
}
