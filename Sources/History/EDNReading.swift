/// Why a text is not in Clojure's notation or JSON, or not a history.
public struct EDNError: Error, Equatable, CustomStringConvertible, Sendable {
  /// Counted from 1.
  public let line: Int
  /// In bytes, counted from 1.
  public let column: Int
  /// What is wrong there, in words.
  public let reason: String

  public var description: String { "line \(line), column \(column): \(reason)" }
}

/// Reads values in Clojure's extensible data notation, or JSON, one after the other.
///
/// What ``EDN`` has no case for becomes what is nearest to it: lists and sets are vectors, symbols are keywords,
/// characters are strings, ratios are reals. Tags are dropped, whatever they are: `#jepsen.history.Op{…}` is a map. So
/// are metadata and quotes; the keys of a namespaced map get its namespace. Decimal numbers may have any size. Code
/// (`#=(…)`) is an error. Nothing in the text can make the reader recurse.
public struct EDNReader: Sendable {
  /// Deeper values are errors: those who use a tree may recurse.
  public static let depthMax = 512

  /// What is being read: the innermost comes last.
  private struct Frame {
    enum Kind: Equatable {
      /// Hands out its elements one by one.
      case sequence
      case vector(closedBy: UInt8), map, discarded, tagged
      /// Wants the map whose keys get this namespace.
      case namespaced(String)
      /// Wants the metadata, and then the value that it is about.
      case annotated
    }

    let kind: Kind
    let start: Int
    var elements: [EDN] = []
  }

  private var scanner: EDNScanner
  private let isFlat: Bool
  private var frames: [Frame] = []
  /// Where the value that was read last begins.
  private var start = 0
  /// Where the elements of that value begin, if it is a vector.
  private var elementStarts: [Int] = []

  /// - Parameters:
  ///   - bytes: the text, whole.
  ///   - notation: which of the two it is in.
  public init(_ bytes: [UInt8], in notation: EDN.Notation = .edn) {
    self.init(bytes, notation, isFlat: false)
  }

  /// - Parameter isFlat: whether of a vector that is in nothing else the elements are read, each as a value by itself.
  init(_ bytes: [UInt8], _ notation: EDN.Notation, isFlat: Bool) {
    scanner = EDNScanner(bytes, notation)
    self.isFlat = isFlat
  }

  /// Where the value that was read last begins, or one of its elements if it is a vector.
  func place(ofElement number: Int? = nil) -> Int {
    number.flatMap { elementStarts.indices.contains($0) ? elementStarts[$0] : nil } ?? start
  }

  /// An error about what begins at this place.
  func error(_ reason: String, at place: Int) -> EDNError { scanner.error(reason, at: place) }

  /// Whether the value that was read last is an element of a vector whose elements are read one by one.
  var isElement: Bool { frames.last?.kind == .sequence }

  /// The next value as another reader has it.
  ///
  /// - Parameter read: goes from where the value begins to its end; returns nil if it can't read the value, which is then
  ///   left to ``next()``.
  mutating func next<Value>(_ read: (inout EDNScanner) -> Value?) -> Value? {
    scanner.skipSpace()
    let begin = scanner.place
    guard let value = read(&scanner) else {
      scanner.place = begin
      return nil
    }
    start = begin
    elementStarts = []
    return value
  }

  /// The next value, or nil at the end of the text.
  public mutating func next() throws(EDNError) -> EDN? {
    scanner.skipSpace()
    start = scanner.place
    elementStarts = []
    while true {
      scanner.skipSpace()
      let place = scanner.place
      guard let byte = scanner.peek() else {
        guard let open = frames.last else { return nil }
        frames = []
        throw scanner.error("the text ends inside of what begins here", at: open.start)
      }
      let value: EDN?
      var begin = place
      switch byte {
      case UInt8(ascii: "["), UInt8(ascii: "("), UInt8(ascii: "{"), UInt8(ascii: "#"), UInt8(ascii: "^"),
        UInt8(ascii: "'"):
        value = try open(byte)
      case UInt8(ascii: "]"), UInt8(ascii: ")"), UInt8(ascii: "}"):
        begin = frames.last?.start ?? place
        value = try close(byte)
      case UInt8(ascii: "\""): value = try scanner.string()
      case UInt8(ascii: "\\"): value = try scanner.character()
      default: value = try scanner.atom()
      }
      if let value, let whole = try add(value, from: begin) { return whole }
      if frames.isEmpty { start = scanner.place }
      guard frames.count <= Self.depthMax else { throw scanner.error("nested too deep", at: place) }
    }
  }

  /// Reads what begins something, or a value that starts with `#`.
  private mutating func open(_ byte: UInt8) throws(EDNError) -> EDN? {
    let start = scanner.place
    scanner.place += 1
    switch (byte, byte == UInt8(ascii: "#") ? scanner.peek() : nil) {
    case (UInt8(ascii: "["), _) where isFlat && frames.isEmpty: push(.sequence, start)
    case (UInt8(ascii: "["), _): push(.vector(closedBy: UInt8(ascii: "]")), start)
    case (UInt8(ascii: "("), _): push(.vector(closedBy: UInt8(ascii: ")")), start)
    case (UInt8(ascii: "{"), _): push(.map, start)
    case (UInt8(ascii: "'"), _): return nil
    case (UInt8(ascii: "^"), _): push(.annotated, start)
    case (_, UInt8(ascii: "{")):
      scanner.place += 1
      push(.vector(closedBy: UInt8(ascii: "}")), start)
    case (_, UInt8(ascii: "^")):
      scanner.place += 1
      push(.annotated, start)
    case (_, UInt8(ascii: ":")):
      let name = scanner.token().drop { $0 == ":" }
      guard !name.isEmpty else { throw scanner.error("a namespace without a name", at: start) }
      push(.namespaced(String(name)), start)
    case (_, UInt8(ascii: "=")), (_, UInt8(ascii: "(")), (_, UInt8(ascii: "?")):
      throw scanner.error("code, where only data is read", at: start)
    case (_, UInt8(ascii: "_")):
      scanner.place += 1
      push(.discarded, start)
    case (_, UInt8(ascii: "#")):
      scanner.place += 1
      return try scanner.symbolicReal()
    // A regular expression, and the name of a variable.
    case (_, UInt8(ascii: "\"")): return try scanner.string()
    case (_, UInt8(ascii: "'")):
      scanner.place += 1
      return .keyword(scanner.token())
    default:
      guard !scanner.token().isEmpty else { throw scanner.error("a tag without a name", at: start) }
      push(.tagged, start)
    }
    return nil
  }

  private mutating func push(_ kind: Frame.Kind, _ start: Int) {
    frames.append(Frame(kind: kind, start: start))
  }

  /// - Returns: Nil for the end of a sequence.
  private mutating func close(_ byte: UInt8) throws(EDNError) -> EDN? {
    let name = String(UnicodeScalar(byte))
    guard let frame = frames.popLast() else { throw scanner.error("\(name) closes nothing") }
    let value: EDN?
    switch frame.kind {
    case .sequence where byte == UInt8(ascii: "]"): value = nil
    case .vector(closedBy: byte): value = .vector(frame.elements)
    case .map where byte == UInt8(ascii: "}"):
      guard frame.elements.count.isMultiple(of: 2) else {
        throw scanner.error("a key without a value", at: frame.start)
      }
      value = .map(
        stride(from: 0, to: frame.elements.count, by: 2).map {
          EDN.Member(frame.elements[$0], frame.elements[$0 + 1])
        })
    case .sequence, .vector, .map:
      throw scanner.error("\(name) does not close what is open here", at: frame.start)
    case .tagged: throw scanner.error("a tag without a value", at: frame.start)
    case .namespaced: throw scanner.error("a namespace without a map", at: frame.start)
    case .annotated: throw scanner.error("metadata without a value", at: frame.start)
    case .discarded: throw scanner.error("#_ without a value", at: frame.start)
    }
    scanner.place += 1
    return value
  }

  /// Puts a value into what is open. Returns it if that is nothing.
  private mutating func add(_ value: EDN, from begin: Int) throws(EDNError) -> EDN? {
    var value = value
    var begin = begin
    // A frame itself must not be held: its elements would be copied with each that is added.
    while let kind = frames.last?.kind {
      switch kind {
      case .sequence:
        start = begin
        return value
      case .vector, .map:
        if frames.count == 1 { elementStarts.append(begin) }
        frames[frames.count - 1].elements.append(value)
        return nil
      case .annotated where frames.last!.elements.isEmpty:
        frames[frames.count - 1].elements.append(value)
        return nil
      case .discarded:
        frames.removeLast()
        return nil
      case .namespaced(let name):
        guard case .map(let members) = value else {
          throw scanner.error("a namespace without a map", at: frames.last!.start)
        }
        begin = frames.removeLast().start
        value = .map(members.map { EDN.Member(Self.qualified($0.key, name), $0.value) })
      case .tagged, .annotated: begin = frames.removeLast().start
      }
    }
    return value
  }

  /// A key of a namespaced map: `_` stands for no namespace.
  private static func qualified(_ key: EDN, _ namespace: String) -> EDN {
    guard case .keyword(let name) = key else { return key }
    if name.hasPrefix("_/") { return .keyword(String(name.dropFirst(2))) }
    return name.contains("/") ? key : .keyword("\(namespace)/\(name)")
  }
}
