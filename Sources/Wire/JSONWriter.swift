import CGlomers
public import Glomers

/// Writes JSON text, without white space, into memory of its own that it uses again.
///
/// The writer puts the commas; that keys, values and brackets come in a sensible order is up to the caller.
@safe
public struct JSONWriter: ~Copyable {
  private var start: UnsafeMutableRawPointer
  private var capacity: Int
  /// Bytes written since the last ``removeAll()``.
  public private(set) var count = 0
  /// Whether a value stands before the next one on its level.
  var followsValue = false
  /// How envelopes began, up to their bodies, by the destination's hash: the next one is always from the same node, and
  /// often to a client that was written to before.
  private let openings: UnsafeMutablePointer<Opening>
  /// The one that was used last.
  private var opening: UnsafeMutablePointer<Opening>

  /// An empty text.
  public init() { self.init(reserving: 4096) }

  /// An empty text, with room for `byteCount` bytes: at least one.
  public init(reserving byteCount: Int) {
    start = .allocate(byteCount: byteCount, alignment: 1)
    capacity = byteCount
    openings = .allocate(capacity: Opening.places)
    openings.initialize(repeating: Opening(), count: Opening.places)
    opening = openings
  }

  deinit {
    start.deallocate()
    for place in 0..<Opening.places { openings[place].bytes.deallocate() }
    openings.deinitialize(count: Opening.places)
    openings.deallocate()
  }

  // MARK: Structure

  /// Opens an object: keys and values follow.
  public mutating func beginObject() { open(UInt8(ascii: "{")) }
  /// Closes the object that was opened last.
  public mutating func endObject() { close(UInt8(ascii: "}")) }
  /// Opens an array: values follow.
  public mutating func beginArray() { open(UInt8(ascii: "[")) }
  /// Closes the array that was opened last.
  public mutating func endArray() { close(UInt8(ascii: "]")) }

  /// The key of the value that is written next. A constant must be plain: without quotes, backslashes and control
  /// characters.
  public mutating func key(_ name: StaticString) {
    var place = self.place(for: name.utf8CodeUnitCount &+ 3)
    place = Self.quote(name, at: place)
    place.storeBytes(of: UInt8(ascii: ":"), as: UInt8.self)
    finish(at: place + 1, followsValue: false)
  }

  /// The key of the value that is written next.
  @_disfavoredOverload
  public mutating func key(_ name: String) {
    separate()
    quote(name)
    appendUnchecked(UInt8(ascii: ":"))
    followsValue = false
  }

  /// The key of the value that is written next.
  @_disfavoredOverload
  public mutating func key(_ name: JSONName) {
    separate()
    quote(name)
    appendUnchecked(UInt8(ascii: ":"))
    followsValue = false
  }

  /// Ends a line: what comes next is a text of its own.
  public mutating func newline() {
    append(UInt8(ascii: "\n"))
    followsValue = false
  }

  // MARK: Values

  /// A string that is a constant, and plain as that of a key.
  public mutating func string(_ value: StaticString) {
    let place = self.place(for: value.utf8CodeUnitCount &+ 2)
    finish(at: Self.quote(value, at: place), followsValue: true)
  }

  /// A key and a string, both plain constants: nearly every message begins with its type.
  public mutating func member(_ name: StaticString, _ value: StaticString) {
    var place = self.place(for: name.utf8CodeUnitCount &+ value.utf8CodeUnitCount &+ 5)
    place = Self.quote(name, at: place)
    place.storeBytes(of: UInt8(ascii: ":"), as: UInt8.self)
    finish(at: Self.quote(value, at: place + 1), followsValue: true)
  }

  /// A string, escaped as far as JSON demands.
  @_disfavoredOverload
  public mutating func string(_ value: String) {
    separate()
    quote(value)
  }

  /// A string, escaped as far as JSON demands.
  @_disfavoredOverload
  public mutating func string(_ name: JSONName) {
    separate()
    quote(name)
  }

  /// A string, escaped as far as JSON demands, that ends in a number.
  public mutating func string(_ prefix: String, _ number: Int) {
    separate()
    quote(prefix)
    reserve(20)
    // In the place of the quote.
    count -= 1
    count += glomers_write_integer(end, Int64(number))
    appendUnchecked(UInt8(ascii: "\""))
  }

  /// An integer of 64 bits.
  public mutating func integer(_ value: Int) {
    let place = self.place(for: 20)
    finish(at: place + glomers_write_integer(place, Int64(value)), followsValue: true)
  }

  /// The shortest text that reads back as the same real. Must be finite: JSON has no other.
  public mutating func real(_ value: Double) {
    precondition(value.isFinite, "JSON has no \(value)")
    separate()
    var text = value.description
    text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
  }

  /// A boolean.
  public mutating func bool(_ value: Bool) {
    separate()
    append(value ? "true" : ("false" as StaticString))
  }

  /// The value null.
  public mutating func null() {
    separate()
    append("null")
  }

  /// Writes any value; objects with their keys in the order of their UTF-8 bytes.
  public mutating func value(_ value: JSON) {
    switch value {
    case .null: null()
    case .bool(let value): bool(value)
    case .integer(let value): integer(value)
    case .real(let value): real(value)
    case .string(let value): string(value)
    case .array(let elements): values(elements)
    case .literal(let literal): self.literal(literal)
    case .object(let members):
      beginObject()
      for (name, value) in members.sorted(by: { $0.key < $1.key }) {
        key(name)
        self.value(value)
      }
      endObject()
    }
  }

  /// A value beyond Swift's own, as its text.
  @inline(never)
  private mutating func literal(_ literal: JSONLiteral) {
    separate()
    var text = literal.text
    text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
  }

  /// A value as it came.
  public mutating func text(_ text: JSONText) {
    let place = self.place(for: text.count)
    glomers_copy_bytes(place, text.start, text.count)
    finish(at: place + text.count, followsValue: true)
  }

  /// An array of an integer and a value as it came.
  public mutating func pair(_ value: Int, _ text: JSONText) {
    var place = self.place(for: text.count &+ 23)
    place.storeBytes(of: UInt8(ascii: "["), as: UInt8.self)
    place += 1 + glomers_write_integer(place + 1, Int64(value))
    place.storeBytes(of: UInt8(ascii: ","), as: UInt8.self)
    glomers_copy_bytes(place + 1, text.start, text.count)
    place += text.count + 1
    place.storeBytes(of: UInt8(ascii: "]"), as: UInt8.self)
    finish(at: place + 1, followsValue: true)
  }

  /// A value that is JSON text already.
  public mutating func raw(_ text: Span<UInt8>) {
    separate()
    text.withUnsafeBytes { append($0) }
  }

  // MARK: Envelopes

  mutating func beginEnvelope(from source: String, to destination: String) {
    separate()
    if !opening.pointee.leads(from: source, to: destination) {
      opening = openings + (destination.quickHash & (Opening.places - 1))
    }
    if opening.pointee.leads(from: source, to: destination) {
      let known = opening.pointee.count
      reserve(known)
      glomers_copy_bytes(end, opening.pointee.bytes.baseAddress, known)
      count += known
    } else {
      writeOpening(source, destination)
    }
    followsValue = false
  }

  mutating func closeEnvelope() {
    reserve(2)
    appendUnchecked(UInt8(ascii: "}"))
    appendUnchecked(UInt8(ascii: "}"))
    followsValue = true
  }

  /// The end of an answer, as nearly all lines are.
  mutating func closeEnvelope(inReplyTo id: Int) {
    var place = self.place(for: 36)
    let key: StaticString = #""in_reply_to":"#
    glomers_copy_bytes(place, key.utf8Start, key.utf8CodeUnitCount)
    place += key.utf8CodeUnitCount
    place += glomers_write_integer(place, Int64(id))
    place.storeBytes(of: UInt8(ascii: "}"), as: UInt8.self)
    (place + 1).storeBytes(of: UInt8(ascii: "}"), as: UInt8.self)
    finish(at: place + 2, followsValue: true)
  }

  @inline(never)
  private mutating func writeOpening(_ source: String, _ destination: String) {
    let from = count
    append(#"{"src":"#)
    quote(source)
    append(#","dest":"#)
    quote(destination)
    append(#","body":{"#)
    let written = UnsafeRawBufferPointer(start: start + from, count: count - from)
    if opening.pointee.bytes.count < written.count {
      opening.pointee.bytes.deallocate()
      opening.pointee.bytes = .allocate(byteCount: 2 * written.count, alignment: 1)
    }
    opening.pointee.bytes.copyMemory(from: written)
    opening.pointee.count = written.count
    (opening.pointee.source, opening.pointee.destination) = (source, destination)
  }

  // MARK: What was written

  /// The bytes written since the last ``removeAll()``; valid only inside `body`.
  public borrowing func withBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(UnsafeRawBufferPointer(start: start, count: count))
  }

  /// The bytes written since the last ``removeAll()``.
  public borrowing func withSpan<Result, Failure: Error>(
    _ body: (Span<UInt8>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(Span(_unsafeBytes: UnsafeRawBufferPointer(start: start, count: count)))
  }

  /// A copy of the bytes written since the last ``removeAll()``.
  public var bytes: [UInt8] { [UInt8](UnsafeRawBufferPointer(start: start, count: count)) }

  /// Starts over. Memory is kept for the next text, up to 1 MiB.
  public mutating func removeAll() {
    count = 0
    followsValue = false
    guard capacity > JSONWriter.keptBytes else { return }
    start.deallocate()
    capacity = JSONWriter.keptBytes
    start = .allocate(byteCount: capacity, alignment: 1)
  }

  private static var keptBytes: Int { 1 << 20 }

  // MARK: Bytes

  private mutating func open(_ bracket: UInt8) {
    separate()
    append(bracket)
    followsValue = false
  }

  private mutating func close(_ bracket: UInt8) {
    append(bracket)
    followsValue = true
  }

  private mutating func separate() {
    if followsValue { append(UInt8(ascii: ",")) }
    followsValue = true
  }

  /// Where the next value goes, with room for so many bytes: after a comma, if a value stands before it.
  @inline(__always)
  private mutating func place(for byteCount: Int) -> UnsafeMutableRawPointer {
    reserve(byteCount &+ 1)
    // The comma is written in any case: where there should be none, the value takes its place.
    end.storeBytes(of: UInt8(ascii: ","), as: UInt8.self)
    return end + (followsValue ? 1 : 0)
  }

  /// What was written ends there.
  @inline(__always)
  mutating func finish(at place: UnsafeMutableRawPointer, followsValue: Bool) {
    count = place - start
    self.followsValue = followsValue
  }

  /// Writes a constant in quotes. Returns what comes after it.
  @inline(__always)
  private static func quote(_ text: StaticString, at place: UnsafeMutableRawPointer)
    -> UnsafeMutableRawPointer
  {
    let length = text.utf8CodeUnitCount
    place.storeBytes(of: UInt8(ascii: "\""), as: UInt8.self)
    glomers_copy_bytes(place + 1, text.utf8Start, length)
    (place + length + 1).storeBytes(of: UInt8(ascii: "\""), as: UInt8.self)
    return place + length + 2
  }

  private mutating func quote(_ text: String) { text.withBytes { quote($0) } }

  /// Leaves room for one byte.
  private mutating func quote(_ name: JSONName) {
    let isPlain = name.stored.withBytes { text in
      guard text.first != 0 else { return false }
      quote(text)
      return true
    }
    if !isPlain { quoteRare(name) }
  }

  /// A name that is not stored as it is.
  @inline(never)
  private mutating func quoteRare(_ name: JSONName) {
    switch name.json {
    case .literal(let literal):
      var text = literal.text
      text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    case let plain: quote(plain.string ?? "")
    }
    reserve(1)
  }

  /// Escapes what jansson escapes, as it does: quotes, backslashes and control characters. Leaves room for one byte.
  private mutating func quote(_ text: UnsafeBufferPointer<UInt8>) {
    reserve(text.count + 3)
    appendUnchecked(UInt8(ascii: "\""))
    if let start = text.baseAddress {
      let plain = glomers_copy_plain(end, start, text.count)
      count += plain
      if plain < text.count { escape(UnsafeRawBufferPointer(text).dropFirst(plain)) }
    }
    appendUnchecked(UInt8(ascii: "\""))
  }

  /// Leaves room for two bytes.
  @inline(never)
  private mutating func escape(_ text: Slice<UnsafeRawBufferPointer>) {
    var rest = UnsafeRawBufferPointer(rebasing: text)
    while let first = rest.first {
      escape(first)
      rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst())
      reserve(rest.count + 2)
      let plain = glomers_copy_plain(end, rest.baseAddress, rest.count)
      count += plain
      rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(plain))
    }
  }

  private mutating func escape(_ byte: UInt8) {
    switch byte {
    case UInt8(ascii: "\""): append("\\\"")
    case UInt8(ascii: "\\"): append("\\\\")
    case 0x08: append("\\b")
    case 0x0C: append("\\f")
    case UInt8(ascii: "\n"): append("\\n")
    case UInt8(ascii: "\r"): append("\\r")
    case UInt8(ascii: "\t"): append("\\t")
    default:
      append("\\u00")
      let digits: StaticString = "0123456789ABCDEF"
      append(digits.utf8Start[Int(byte >> 4)])
      append(digits.utf8Start[Int(byte & 15)])
    }
  }

  private mutating func append(_ text: StaticString) {
    append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  var end: UnsafeMutableRawPointer { start + count }

  private mutating func append(_ bytes: UnsafeRawBufferPointer) {
    guard let source = bytes.baseAddress, bytes.count > 0 else { return }
    reserve(bytes.count)
    glomers_copy_bytes(end, source, bytes.count)
    count += bytes.count
  }

  private mutating func append(_ byte: UInt8) {
    reserve(1)
    appendUnchecked(byte)
  }

  private mutating func appendUnchecked(_ byte: UInt8) {
    end.storeBytes(of: byte, as: UInt8.self)
    count &+= 1
  }

  @inline(__always)
  mutating func reserve(_ needed: Int) {
    if capacity &- count < needed { grow(needed) }
  }

  @inline(never)
  private mutating func grow(_ needed: Int) {
    capacity = max(capacity * 2, count + needed)
    let larger = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 1)
    larger.copyMemory(from: start, byteCount: count)
    start.deallocate()
    start = larger
  }
}

/// How an envelope begins, up to its body.
private struct Opening {
  /// A power of two: more than the clients of most nodes.
  static let places = 16

  var source = ""
  var destination = ""
  var bytes = UnsafeMutableRawBufferPointer(start: nil, count: 0)
  /// 0 while there is nothing.
  var count = 0

  @inline(__always)
  func leads(from source: String, to destination: String) -> Bool {
    count > 0 && self.destination == destination && self.source == source
  }
}
