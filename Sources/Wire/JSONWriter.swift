import CGlomers
public import Glomers

/// Writes JSON text, without white space, into memory of its own that it uses again.
///
/// The writer puts the commas; that keys, values and brackets come in a sensible order is up to the caller.
@safe
public struct JSONWriter: ~Copyable {
  private var buffer: UnsafeMutableRawBufferPointer
  /// Bytes written since the last ``removeAll()``.
  public private(set) var count = 0
  /// Whether a value stands before the next one on its level.
  private var followsValue = false
  /// How the last envelope began, up to its body: the next one is often to the same client, and always from the same node.
  private var opening = UnsafeMutableRawBufferPointer(start: nil, count: 0)
  private var openingCount = 0
  private var openingSource = ""
  private var openingDestination = ""

  /// An empty text.
  public init() { buffer = .allocate(byteCount: 4096, alignment: 1) }

  deinit {
    buffer.deallocate()
    opening.deallocate()
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
    quotePlain(name)
    appendUnchecked(UInt8(ascii: ":"))
    followsValue = false
  }

  /// The key of the value that is written next.
  @_disfavoredOverload
  public mutating func key(_ name: String) {
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
    quotePlain(value)
    followsValue = true
  }

  /// A string, escaped as far as JSON demands.
  @_disfavoredOverload
  public mutating func string(_ value: String) {
    separate()
    quote(value)
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
    reserve(21)
    if followsValue { appendUnchecked(UInt8(ascii: ",")) }
    followsValue = true
    count += glomers_write_integer(end, Int64(value))
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
      for (name, value) in members.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
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

  /// An array of any values.
  public mutating func values(_ elements: [JSON]) {
    beginArray()
    // A copy of each element would cost more than to write it.
    let elements = elements.span
    for index in elements.indices {
      if case .integer(let value) = elements[index] { integer(value) } else { value(elements[index]) }
    }
    endArray()
  }

  /// An array of integers.
  public mutating func integers(_ elements: [Int]) {
    beginArray()
    for element in elements { integer(element) }
    endArray()
  }

  /// An array of strings.
  public mutating func strings(_ elements: [String]) {
    beginArray()
    for element in elements { string(element) }
    endArray()
  }

  /// A value as it came.
  public mutating func text(_ text: JSONText) {
    reserve(text.count + 1)
    if followsValue { appendUnchecked(UInt8(ascii: ",")) }
    followsValue = true
    glomers_copy_bytes(end, text.start, text.count)
    count += text.count
  }

  /// An array of an integer and a value as it came.
  public mutating func pair(_ value: Int, _ text: JSONText) {
    reserve(text.count + 25)
    if followsValue { appendUnchecked(UInt8(ascii: ",")) }
    followsValue = true
    appendUnchecked(UInt8(ascii: "["))
    count += glomers_write_integer(end, Int64(value))
    appendUnchecked(UInt8(ascii: ","))
    glomers_copy_bytes(end, text.start, text.count)
    count += text.count
    appendUnchecked(UInt8(ascii: "]"))
  }

  /// A value that is JSON text already.
  public mutating func raw(_ text: Span<UInt8>) {
    separate()
    text.withUnsafeBytes { append($0) }
  }

  // MARK: Envelopes

  mutating func beginEnvelope(from source: String, to destination: String) {
    separate()
    if openingDestination == destination, openingSource == source, openingCount > 0 {
      reserve(openingCount)
      glomers_copy_bytes(end, opening.baseAddress, openingCount)
      count += openingCount
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

  @inline(never)
  private mutating func writeOpening(_ source: String, _ destination: String) {
    let start = count
    append(#"{"src":"#)
    quote(source)
    append(#","dest":"#)
    quote(destination)
    append(#","body":{"#)
    let written = UnsafeMutableRawBufferPointer(rebasing: buffer[start..<count])
    if opening.count < written.count {
      opening.deallocate()
      opening = .allocate(byteCount: 2 * written.count, alignment: 1)
    }
    opening.copyMemory(from: UnsafeRawBufferPointer(written))
    openingCount = written.count
    (openingSource, openingDestination) = (source, destination)
  }

  // MARK: What was written

  /// The bytes written since the last ``removeAll()``; valid only inside `body`.
  public borrowing func withBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
  }

  /// The bytes written since the last ``removeAll()``.
  public borrowing func withSpan<Result, Failure: Error>(
    _ body: (Span<UInt8>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(Span(_unsafeBytes: UnsafeRawBufferPointer(rebasing: buffer[..<count])))
  }

  /// A copy of the bytes written since the last ``removeAll()``.
  public var bytes: [UInt8] { [UInt8](buffer[..<count]) }

  /// Starts over. Memory is kept for the next text, up to 1 MiB.
  public mutating func removeAll() {
    count = 0
    followsValue = false
    guard buffer.count > JSONWriter.keptBytes else { return }
    buffer.deallocate()
    buffer = .allocate(byteCount: JSONWriter.keptBytes, alignment: 1)
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

  /// A comma where a value stands before, and a constant in quotes. Leaves room for one byte.
  @inline(__always)
  private mutating func quotePlain(_ text: StaticString) {
    let length = text.utf8CodeUnitCount
    reserve(length + 4)
    if followsValue { appendUnchecked(UInt8(ascii: ",")) }
    let start = end
    start.storeBytes(of: UInt8(ascii: "\""), as: UInt8.self)
    glomers_copy_bytes(start + 1, text.utf8Start, length)
    (start + length + 1).storeBytes(of: UInt8(ascii: "\""), as: UInt8.self)
    count += length + 2
  }

  private mutating func quote(_ text: String) {
    var text = text
    text.withUTF8 { quote($0) }
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

  private var end: UnsafeMutableRawPointer { buffer.baseAddress.unsafelyUnwrapped + count }

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
    count += 1
  }

  @inline(__always)
  private mutating func reserve(_ needed: Int) {
    if buffer.count - count < needed { grow(needed) }
  }

  @inline(never)
  private mutating func grow(_ needed: Int) {
    let larger = UnsafeMutableRawBufferPointer.allocate(
      byteCount: max(buffer.count * 2, count + needed), alignment: 1)
    larger.baseAddress!.copyMemory(from: buffer.baseAddress!, byteCount: count)
    buffer.deallocate()
    buffer = larger
  }
}
