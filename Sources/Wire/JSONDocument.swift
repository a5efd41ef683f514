import CGlomers
import CJansson
import Glomers

/// Parses lines, one after the other, into memory of its own that it uses again.
///
/// What ``parse(_:)`` returns is a view that is valid until the document parses again; using it later stops the
/// process.
///
/// A line goes through the fast path, and to jansson if that declines it. With `GLOMERS_JSON=jansson` in the
/// environment everything goes to jansson. Either way, numbers may have any size, and strings may have halves of
/// surrogate pairs: see `JSON.literal`.
public final class JSONDocument {
  /// What is written for each line lies outside the object, where exclusive access needs no checks at run time.
  private struct Memory: ~Copyable {
    var shelf = TextShelf()
    var isOnTape = false
    /// By place of a template, and one more for lines that fit none; nil until there is a message.
    var names: UnsafeMutablePointer<Names>?
    var strings = StringMemory()
    /// Of the two kinds of reader that asked last.
    var scratch: (AnyObject?, AnyObject?) = (nil, nil)
  }

  let tape: UnsafeMutablePointer<glomers_tape>
  private let arena: OpaquePointer
  private let memory: UnsafeMutablePointer<Memory>
  private let usesTape: Bool

  /// A document with the fast path, unless `GLOMERS_JSON=jansson` is set.
  public convenience init() { self.init(usesTape: JSONDocument.usesTapeByDefault) }

  /// - Parameter usesTape: whether there is a fast path.
  package init(usesTape: Bool) {
    guard let arena = glomers_arena_create(), let tape = glomers_tape_create() else {
      preconditionFailure("out of memory")
    }
    self.arena = arena
    self.tape = tape
    self.usesTape = usesTape
    memory = .allocate(capacity: 1)
    memory.initialize(to: Memory())
  }

  deinit {
    if let names = memory.pointee.names {
      names.deinitialize(count: Self.namesCount)
      names.deallocate()
    }
    memory.deinitialize(count: 1)
    memory.deallocate()
    glomers_tape_destroy(tape)
    glomers_arena_destroy(arena)
  }

  /// How many lines there have been: tells views of this line from views of those before.
  var generation: Int { tape.pointee.generation }

  private static let usesTapeByDefault = !glomers_prefers_jansson()

  // MARK: Parsing

  /// Parses a line that is one JSON object. Of a key given twice, the last value counts.
  public func parse(_ line: UnsafeRawBufferPointer) throws(WireError) -> JSONObject {
    let element = try read(line, any: false)
    guard let object = element.object else {
      throw .malformed("a message must be an object, not \(element.view.place.kind.name)")
    }
    return object
  }

  /// Parses a line that is one JSON object. Of a key given twice, the last value counts.
  public func parse(_ line: Span<UInt8>) throws(WireError) -> JSONObject {
    try line.withUnsafeBytes { bytes throws(WireError) in try parse(bytes) }
  }

  /// Parses a line that is one JSON object. Of a key given twice, the last value counts.
  public func parse(_ line: [UInt8]) throws(WireError) -> JSONObject { try parse(line.span) }

  /// Parses any JSON value, scalars too.
  public func parseValue(_ text: UnsafeRawBufferPointer) throws(WireError) -> JSONElement {
    try read(text, any: true)
  }

  /// Parses any JSON value, scalars too.
  public func parseValue(_ text: Span<UInt8>) throws(WireError) -> JSONElement {
    try text.withUnsafeBytes { bytes throws(WireError) in try parseValue(bytes) }
  }

  /// Parses any JSON value, scalars too.
  public func parseValue(_ text: [UInt8]) throws(WireError) -> JSONElement { try parseValue(text.span) }

  /// Whether the fast path takes the line. If not, it is jansson's to judge.
  func readOntoTape(_ text: UnsafeRawBufferPointer, any: Bool) -> Bool {
    tape.pointee.generation += 1
    let isOnTape = usesTape && glomers_tape_parse(tape, text.baseAddress, text.count, any)
    memory.pointee.isOnTape = isOnTape
    return isOnTape
  }

  /// Whether the fast path has taken the line that was read last.
  var isOnTape: Bool { memory.pointee.isOnTape }

  /// What jansson makes of a line that the fast path has declined.
  func readWithJansson(_ text: UnsafeRawBufferPointer, any: Bool) throws(WireError) -> JSONElement {
    guard let masked = JanssonMask.masked(text) else { return try parseWithJansson(text, any: any) }
    return try masked.span.withUnsafeBytes { bytes throws(WireError) in try parseWithJansson(bytes, any: any)
    }
  }

  private func parseWithJansson(_ text: UnsafeRawBufferPointer, any: Bool) throws(WireError) -> JSONElement {
    let characters = text.baseAddress?.assumingMemoryBound(to: CChar.self)
    let parsed =
      any
      ? glomers_arena_parse_any(arena, characters, text.count)
      : glomers_arena_parse(arena, characters, text.count)
    guard let parsed else {
      if let objection = Self.objection(to: text, any: any) { throw .notJSON(objection) }
      let reason = String(cString: glomers_arena_error(arena))
      throw .notJSON("\(reason) (at byte \(glomers_arena_error_position(arena)))")
    }
    return JSONElement(view: View(.tree(TreeValue(parsed.assumingMemoryBound(to: json_t.self))), in: self))
  }

  /// What is wrong with the beginning of a line, where jansson's words say less.
  private static func objection(to text: UnsafeRawBufferPointer, any: Bool) -> String? {
    let isSpace = { (byte: UInt8) in byte == 0x20 || (0x09...0x0D).contains(byte) }
    guard let first = text.first(where: { !isSpace($0) }) else {
      return text.isEmpty ? "the line is empty" : "the line is blank"
    }
    let isBracket = first == UInt8(ascii: "{") || first == UInt8(ascii: "[")
    if any || isBracket { return nil }
    if text.starts(with: [0xEF, 0xBB, 0xBF]) { return "the line begins with a byte order mark" }
    let beginning = String(decoding: text.drop { isSpace($0) }.prefix(16), as: UTF8.self)
    return "a message begins with {, and not with \(beginning.debugDescription)"
  }

  private func read(_ text: UnsafeRawBufferPointer, any: Bool) throws(WireError) -> JSONElement {
    if readOntoTape(text, any: any) { return JSONElement(view: view(0)) }
    return try readWithJansson(text, any: any)
  }

  // MARK: What is on the tape

  /// The value of a token of the present line.
  func view(_ token: UInt32) -> View { View(.tape(TapeValue(tape: tape, index: token)), in: self) }

  /// A value's text, which outlives the line. As it came, unless the fast path has not seen it, or there are line
  /// breaks in it: between two values they mean nothing, but on the wire they would end the line.
  func text(_ place: Place) -> JSONText {
    guard case .tape(let value) = place, !value.hasLineBreaks else { return JSONText(place.value) }
    return memory.pointee.shelf.keep(value.bytes)
  }

  /// The names of the message on the tape: where they lie, because to copy them would cost more than to read them.
  @inline(__always)
  func names(_ header: UnsafeMutablePointer<glomers_header>) -> UnsafePointer<Names> {
    // Of a place whose names nobody has read yet, all are new.
    if header.pointee.new_names != 0 { renewNames(header) }
    return UnsafePointer(memory.pointee.names.unsafelyUnwrapped + Int(header.pointee.place))
  }

  private static let namesCount = Int(GLOMERS_TEMPLATES) + 1

  @inline(never)
  private func renewNames(_ header: UnsafeMutablePointer<glomers_header>) {
    let names = memory.pointee.names ?? .allocate(capacity: Self.namesCount)
    if memory.pointee.names == nil {
      names.initialize(repeating: Names(), count: Self.namesCount)
      memory.pointee.names = names
    }
    names[Int(header.pointee.place)].renew(header.pointee, tape)
    header.pointee.new_names = 0
  }

  /// The text of a string.
  func string(_ place: Place) -> String {
    switch place {
    case .tape(let value): string(value)
    case .tree(let value): value.string
    }
  }

  /// A string as a name.
  func name(_ place: Place) -> JSONName {
    switch place {
    case .tape(let value): value.isEscaped ? value.name : JSONName(stored: string(value))
    case .tree(let value): value.name
    }
  }

  /// The text of a string.
  func string(_ value: TapeValue) -> String {
    value.inner.count <= 15 ? value.string : memory.pointee.strings.string(value)
  }

  /// What readers of one kind of message keep between lines.
  func scratch<Scratch: AnyObject>(_ make: () -> Scratch) -> Scratch {
    // To ask for the class costs less than a cast.
    if let known = memory.pointee.scratch.0, type(of: known) == Scratch.self {
      return unsafeDowncast(known, to: Scratch.self)
    }
    if let known = memory.pointee.scratch.1, type(of: known) == Scratch.self {
      return unsafeDowncast(known, to: Scratch.self)
    }
    let new = make()
    memory.pointee.scratch = (new, memory.pointee.scratch.0)
    return new
  }

  // MARK: Figures

  /// What the document's memory has done so far.
  package var statistics: Statistics {
    let counts = glomers_arena_get_statistics(arena)
    return Statistics(
      allocations: counts.allocations,
      acquisitions: counts.chunks_acquired + tape.pointee.acquisitions,
      bytesReserved: counts.bytes_reserved + glomers_tape_reserved(tape), bytesUsed: counts.bytes_used)
  }

  package struct Statistics: Equatable, Sendable {
    /// Asked for by jansson while parsing, since the beginning.
    package let allocations: Int
    /// Taken from malloc since the beginning: chunks for jansson, buffers for the tape.
    package let acquisitions: Int
    /// Held from malloc now.
    package let bytesReserved: Int
    /// Taken up by the present line in jansson's memory.
    package let bytesUsed: Int
  }
}

/// The names of a line. They come again and again, and to compare is cheaper than to make, above all where a string has
/// more than the 15 bytes that need no allocation.
struct Names {
  private(set) var source = ""
  private(set) var destination = ""
  private(set) var type = ""

  /// Takes those names from the line on the tape that may have changed.
  mutating func renew(_ header: glomers_header, _ tape: UnsafeMutablePointer<glomers_tape>) {
    let isNew = Int(header.new_names)
    if isNew & GLOMERS_NEW_SOURCE != 0 { Self.renew(&source, TapeValue(tape: tape, index: header.source)) }
    if isNew & GLOMERS_NEW_DESTINATION != 0 {
      Self.renew(&destination, TapeValue(tape: tape, index: header.destination))
    }
    if isNew & GLOMERS_NEW_TYPE != 0 { Self.renew(&type, TapeValue(tape: tape, index: header.type)) }
  }

  private static func renew(_ name: inout String, _ value: TapeValue) {
    if !value.isText(name) { name = value.string }
  }
}

/// Strings of earlier lines that have more than the 15 bytes that need no allocation: keys, too, come again and again.
private struct StringMemory {
  private static let bytesMax = 64
  /// By the first bits of a hash. Of two with the same, the later one stays.
  private var strings: [String] = []

  mutating func string(_ value: TapeValue) -> String {
    let inner = UnsafeRawBufferPointer(value.inner)
    guard 16...Self.bytesMax ~= inner.count, !value.isEscaped else { return value.string }
    if strings.isEmpty { strings = Array(repeating: "", count: 256) }
    let place = Int(glomers_quick_hash(inner.baseAddress, inner.count) >> 56)
    if !value.isText(strings[place]) { strings[place] = value.string }
    return strings[place]
  }
}
