internal import CGlomers
public import Glomers

/// A JSON value as its text: what a node carries, and does not look into.
///
/// The text that came is the text that goes, byte by byte. Texts are equal when their bytes are: `1e2` and `100.0`
/// are two texts. Where it matters what a value is, read it as ``JSON``.
///
/// Texts of one document share pages of memory: a page is used again once no text in it is left, so that texts
/// which only pass through cost no allocation, and texts which are kept cost their bytes.
@safe
public struct JSONText: Sendable {
  private let page: TextPage
  private let offset: UInt32
  private let length: UInt32

  init(_ page: TextPage, _ range: Range<Int>) {
    self.page = page
    offset = UInt32(range.lowerBound)
    length = UInt32(range.count)
  }

  /// The text of a value, without white space, with the keys of objects in the order of their bytes.
  public init(_ value: JSON) {
    // What most messages of tests carry, without a writer.
    switch value {
    case .integer(let value):
      let page = TextPage(bytesMax: 20)
      let count = glomers_write_integer(page.bytes.baseAddress.unsafelyUnwrapped, Int64(value))
      self.init(page, 0..<count)
      return
    case .string(let text):
      if let quoted = text.withBytes({ Self.quoting($0) }) {
        self = quoted
        return
      }
    default: break
    }
    var writer = JSONWriter()
    writer.value(value)
    self = writer.withBytes { JSONText(copying: $0) }
  }

  /// The text in quotes; nil if something in it has to be escaped.
  private static func quoting(_ text: UnsafeBufferPointer<UInt8>) -> JSONText? {
    let page = TextPage(bytesMax: text.count + 2)
    if let start = text.baseAddress, let inner = page.bytes.baseAddress.map({ $0 + 1 }) {
      guard glomers_copy_plain(inner, start, text.count) == text.count else { return nil }
    }
    page.bytes[0] = UInt8(ascii: "\"")
    page.bytes[text.count + 1] = UInt8(ascii: "\"")
    return JSONText(page, 0..<text.count + 2)
  }

  /// Whether bytes stand for themselves between quotes.
  private static func isPlain(_ bytes: UnsafeRawBufferPointer) -> Bool {
    for byte in bytes where byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
      return false
    }
    return true
  }

  private init(copying bytes: UnsafeRawBufferPointer) {
    let page = TextPage(bytesMax: bytes.count)
    page.bytes.copyMemory(from: bytes)
    self.init(page, 0..<bytes.count)
  }

  /// How many bytes the text has.
  public var count: Int { Int(length) }

  /// A copy of the value.
  public var value: JSON {
    // The usual messages of tests, without a parser of their own.
    if 1...18 ~= count, let digits = withBytes({ Self.decimal($0) }) { return .integer(digits) }
    if let text = withBytes({ Self.plainString($0) }) { return .string(text) }
    do {
      return try withBytes { bytes throws(WireError) in try JSONDocument().parseValue(bytes).value }
    } catch {
      preconditionFailure("the text of a value is JSON: \(error)")
    }
  }

  /// The number that up to 18 bytes make, if all are digits.
  private static func decimal(_ bytes: UnsafeRawBufferPointer) -> Int? {
    var number = 0
    for byte in bytes {
      guard UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte else { return nil }
      number = number * 10 + Int(byte - UInt8(ascii: "0"))
    }
    return number
  }

  /// What is between the quotes of a string in which nothing is escaped; nil for any other value.
  private static func plainString(_ bytes: UnsafeRawBufferPointer) -> String? {
    guard bytes.count >= 2, bytes[0] == UInt8(ascii: "\"") else { return nil }
    let inner = UnsafeRawBufferPointer(rebasing: bytes[1..<bytes.count - 1])
    return isPlain(inner) ? String(decoding: inner, as: UTF8.self) : nil
  }

  /// The same text in memory of its own: for the few texts that are kept out of many.
  public func copy() -> JSONText { withBytes { JSONText(copying: $0) } }

  /// The text's bytes, in UTF-8; valid only inside `body`.
  public func withBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(UnsafeRawBufferPointer(start: start, count: count))
  }

  /// Where the text lies, for as long as it is held.
  var start: UnsafeRawPointer { UnsafeRawPointer(page.bytes.baseAddress.unsafelyUnwrapped) + Int(offset) }
}

extension JSONText: Hashable {
  public static func == (a: JSONText, b: JSONText) -> Bool {
    a.length == b.length && a.withBytes { bytes in b.withBytes { bytes.elementsEqual($0) } }
  }

  public func hash(into hasher: inout Hasher) {
    withBytes { hasher.combine(bytes: $0) }
  }
}

extension JSONText: CustomStringConvertible {
  public var description: String { withBytes { String(decoding: $0, as: UTF8.self) } }
}

extension JSONText: ExpressibleByIntegerLiteral, ExpressibleByStringLiteral, ExpressibleByBooleanLiteral,
  ExpressibleByFloatLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral,
  ExpressibleByNilLiteral
{
  public init(integerLiteral value: Int) { self.init(.integer(value)) }
  public init(stringLiteral value: String) { self.init(.string(value)) }
  public init(booleanLiteral value: Bool) { self.init(.bool(value)) }
  public init(floatLiteral value: Double) { self.init(.real(value)) }
  public init(arrayLiteral elements: JSON...) { self.init(.array(elements)) }
  public init(nilLiteral: ()) { self.init(.null) }

  /// Of a name given twice, the last value counts.
  public init(dictionaryLiteral members: (JSONName, JSON)...) {
    self.init(.object(Dictionary(members) { _, last in last }))
  }
}

/// Memory for texts. What has been written stays as it is for as long as anyone but its shelf refers to it.
final class TextPage: @unchecked Sendable {
  let bytes: UnsafeMutableRawBufferPointer

  init(bytesMax: Int) { bytes = .allocate(byteCount: bytesMax, alignment: 1) }

  deinit { bytes.deallocate() }
}

/// Where a document keeps texts: fills one page after the other.
struct TextShelf {
  private var page: TextPage?
  private var used = 0

  private static var pageBytes: Int { 64 << 10 }

  mutating func keep(_ text: UnsafeRawBufferPointer) -> JSONText {
    // Large texts would waste the rest of a page, or be most of it.
    guard text.count <= Self.pageBytes / 8 else {
      let page = TextPage(bytesMax: text.count)
      page.bytes.copyMemory(from: text)
      return JSONText(page, 0..<text.count)
    }
    if isKnownUniquelyReferenced(&page) {
      used = 0
    } else if used + text.count > Self.pageBytes {
      page = nil
    }
    let page = page ?? TextPage(bytesMax: Self.pageBytes)
    if self.page == nil {
      self.page = page
      used = 0
    }
    let range = used..<used + text.count
    used = range.upperBound
    // A value has at least one byte.
    glomers_copy_bytes(
      page.bytes.baseAddress.unsafelyUnwrapped + range.lowerBound, text.baseAddress, text.count)
    return JSONText(page, range)
  }
}
