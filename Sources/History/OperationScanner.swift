/// An operation as it stands in most histories.
struct PlainOperation {
  var kind: Operation.Kind?
  var process: Int?
  var function: String?
  var time: Int64 = 0
  var node: String?
  var isFinal = false
  /// Where its value stands on the tape; nil where it has none.
  var value: Int?
}

/// Reads operations that are written as nearly all are: a map with some of Jepsen's own members, each once, of a client that
/// did not fail, with a value of vectors, integers, and words. Millions of those make a history, and going through ``EDN``
/// and JSON takes ten times as long for the same.
///
/// Everything else it leaves to ``EDNReader``.
struct OperationScanner {
  /// Names of up to eight bytes, the first of them highest.
  private enum Word: UInt64 {
    case f = 0x66
    case type = 0x7479_7065
    case time = 0x7469_6D65
    case node = 0x6E6F_6465
    case value = 0x76_616C_7565
    case index = 0x69_6E64_6578
    case final = 0x6669_6E61_6C3F
    case process = 0x70_726F_6365_7373

    case invoke = 0x696E_766F_6B65
    case ok = 0x6F6B
    case fail = 0x6661_696C
    case info = 0x696E_666F

    case null = 0x6E75_6C6C
    case nothing = 0x6E69_6C
    case yes = 0x7472_7565
    case no = 0x66_616C_7365
  }

  /// Deeper values are left to others.
  private static let depthMax = 32

  private let bytes: [UInt8]
  private let isJSON: Bool
  private(set) var place: Int

  init(_ scanner: EDNScanner) {
    bytes = scanner.bytes
    isJSON = scanner.notation == .json
    place = scanner.place
  }

  /// The operation that begins here. Nil, with the tape as it was, if it is not as most are; the place is then anywhere.
  mutating func operation(_ tape: inout JSONTape) -> PlainOperation? {
    let start = tape.count
    if let operation = members(&tape) { return operation }
    tape.cut(at: start)
    return nil
  }

  private mutating func members(_ tape: inout JSONTape) -> PlainOperation? {
    if byte == UInt8(ascii: "#") {
      // A record's name, as in `#jepsen.history.Op{…}`.
      place += 1
      guard let first = byte, UInt8(ascii: "a")...UInt8(ascii: "z") ~= first else { return nil }
      _ = name()
    }
    guard take(UInt8(ascii: "{")) else { return nil }
    var operation = PlainOperation()
    var has = (time: false, index: false, final: false)
    while true {
      skipSpace()
      if take(UInt8(ascii: "}")) { return operation }
      let name = word()
      skipSpace()
      switch name {
      case .type where operation.kind == nil:
        switch word() {
        case .invoke: operation.kind = .invoke
        case .ok: operation.kind = .ok
        case .fail: operation.kind = .fail
        case .info: operation.kind = .info
        default: return nil
        }
      case .f where operation.function == nil:
        guard let function = text() else { return nil }
        operation.function = function
      case .process where operation.process == nil:
        guard let number = integer(), number >= 0 else { return nil }
        operation.process = number
      case .time where !has.time:
        guard let time = integer() else { return nil }
        operation.time = Int64(time)
        has.time = true
      case .index where !has.index:
        guard integer() != nil else { return nil }
        has.index = true
      case .node where operation.node == nil:
        guard let node = text() else { return nil }
        operation.node = node
      case .final where !has.final:
        switch plainWord() {
        case .yes: operation.isFinal = true
        case .no: operation.isFinal = false
        default: return nil
        }
        has.final = true
      case .value where operation.value == nil:
        operation.value = tape.count
        guard value(&tape) else { return nil }
      default: return nil
      }
    }
  }

  // MARK: Values

  private mutating func value(_ tape: inout JSONTape) -> Bool {
    var depth = 0
    repeat {
      skipSpace()
      guard let byte else { return false }
      switch byte {
      case UInt8(ascii: "["):
        place += 1
        depth += 1
        guard depth <= Self.depthMax else { return false }
        tape.beginArray()
      case UInt8(ascii: "]"):
        guard depth > 0 else { return false }
        place += 1
        depth -= 1
        tape.end()
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
        guard let integer = integer() else { return false }
        tape.append(integer)
      case UInt8(ascii: ":"), UInt8(ascii: "\""):
        guard let name = quotedOrKeyword() else { return false }
        tape.append(text: name)
      case UInt8(ascii: "a")...UInt8(ascii: "z"):
        switch plainWord() {
        case .nothing where !isJSON, .null where isJSON: tape.appendNull()
        case .yes: tape.append(true)
        case .no: tape.append(false)
        default: return false
        }
      default: return false
      }
    } while depth > 0
    return true
  }

  /// A number of up to 18 decimal digits, without a zero in front.
  private mutating func integer() -> Int? {
    let isNegative = take(UInt8(ascii: "-"))
    let start = place
    var value = 0
    while let digit = byte, UInt8(ascii: "0")...UInt8(ascii: "9") ~= digit {
      value = 10 &* value &+ Int(digit &- UInt8(ascii: "0"))
      place += 1
    }
    guard 1...18 ~= place - start, bytes[start] != UInt8(ascii: "0") || place == start + 1, isWordEnded
    else { return nil }
    return isNegative ? -value : value
  }

  // MARK: Words

  private mutating func text() -> String? { quotedOrKeyword().map { String(decoding: $0, as: UTF8.self) } }

  /// A keyword or a string, if it is one of those that have a meaning.
  private mutating func word() -> Word? {
    let isQuoted = take(UInt8(ascii: "\""))
    guard isQuoted || !isJSON && take(UInt8(ascii: ":")) else { return nil }
    let word = letters { isQuoted ? $0 == UInt8(ascii: "\"") : EDNScanner.endsWord($0) }
    return !isQuoted || take(UInt8(ascii: "\"")) ? word : nil
  }

  private mutating func plainWord() -> Word? { letters(upTo: EDNScanner.endsWord) }

  private mutating func letters(upTo isEnd: (UInt8) -> Bool) -> Word? {
    let start = place
    var word: UInt64 = 0
    while let byte, byte != 0, !isEnd(byte) {
      word = word << 8 | UInt64(byte)
      place += 1
    }
    return place - start <= 8 ? Word(rawValue: word) : nil
  }

  /// What a keyword is called, or what stands in a string without escapes.
  private mutating func quotedOrKeyword() -> ArraySlice<UInt8>? {
    guard take(UInt8(ascii: "\"")) else {
      guard !isJSON, take(UInt8(ascii: ":")) else { return nil }
      let name = name()
      return name.isEmpty ? nil : name
    }
    let start = place
    while let byte, byte != UInt8(ascii: "\"") {
      guard byte != UInt8(ascii: "\\") else { return nil }
      place += 1
    }
    defer { place += 1 }
    return byte == nil ? nil : bytes[start..<place]
  }

  /// What comes until something that ends a word.
  private mutating func name() -> ArraySlice<UInt8> {
    let start = place
    while !isWordEnded { place += 1 }
    return bytes[start..<place]
  }

  private var isWordEnded: Bool { byte.map(EDNScanner.endsWord) ?? true }

  private var byte: UInt8? { place < bytes.count ? bytes[place] : nil }

  private mutating func take(_ wanted: UInt8) -> Bool {
    guard byte == wanted else { return false }
    place += 1
    return true
  }

  private mutating func skipSpace() {
    while let byte {
      switch byte {
      case UInt8(ascii: " "), UInt8(ascii: ","), 0x09...0x0D: place += 1
      case UInt8(ascii: ":") where isJSON: place += 1
      default: return
      }
    }
  }
}
