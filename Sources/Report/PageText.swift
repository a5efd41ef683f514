package import ReportFiles
import History

/// What a request for a page is answered with.
public struct PageAnswer: Sendable {
  public var status = 200
  public var contentType = "text/html; charset=utf-8"
  public var body: [UInt8] = []
  /// Where else to look, for a redirection.
  public var location: String?
  /// A file that is the body.
  public var file: String?
  /// The name under which a browser is to keep it.
  public var download: String?

  public init(
    status: Int = 200, contentType: String = "text/html; charset=utf-8", body: [UInt8] = [],
    file: String? = nil,
    download: String? = nil
  ) {
    self.status = status
    self.contentType = contentType
    self.body = body
    self.file = file
    self.download = download
  }

  /// A sentence in place of a page.
  package static func text(_ status: Int, _ words: String) -> PageAnswer {
    PageAnswer(status: status, contentType: "text/plain; charset=utf-8", body: Array(words.utf8))
  }
}

/// HTML as it is written: what comes from a run goes through ``text(_:)``, and so is text whatever it says.
package struct PageText {
  package private(set) var bytes: [UInt8] = []

  package init() {}

  /// Markup of our own.
  package mutating func markup(_ markup: String) {
    unsafe markup.withText { unsafe bytes.append(contentsOf: $0) }
  }

  package mutating func raw(_ content: [UInt8]) { bytes += content }

  /// A file that is part of the program.
  package mutating func file(_ file: page_file) {
    unsafe bytes.append(contentsOf: UnsafeBufferPointer(start: file.bytes, count: file.count))
  }

  /// Text, or the value of an attribute in double quotes. What HTML can't hold becomes a replacement character.
  package mutating func text(_ text: String) { unsafe text.withText { unsafe add(text: $0) } }

  /// The same for what has been written as text.
  mutating func text(_ text: borrowing TextWriter) { unsafe text.withBytes { unsafe add(text: $0) } }

  /// What `write` writes, of a long text no more than so many bytes.
  ///
  /// - Parameter scratch: memory to use again and again.
  mutating func text(_ scratch: inout TextWriter, cutTo bytesMax: Int, _ write: (inout TextWriter) -> Void) {
    scratch.removeAll()
    write(&scratch)
    guard scratch.count > bytesMax else { return text(scratch) }
    text(unsafe scratch.withBytes { unsafe String(decoding: $0, as: UTF8.self) }.cut(to: bytesMax))
  }

  /// A number, as markup.
  mutating func number(_ value: Int) {
    if 0..<10 ~= value { return bytes.append(UInt8(ascii: "0") + UInt8(value)) }
    unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
      var start = 20, rest = value.magnitude
      while rest > 0 {
        start -= 1
        unsafe digits.initializeElement(at: start, to: UInt8(ascii: "0") + UInt8(rest % 10))
        rest /= 10
      }
      if value < 0 { bytes.append(UInt8(ascii: "-")) }
      unsafe bytes.append(contentsOf: UnsafeBufferPointer(rebasing: digits[start...]))
    }
  }

  private mutating func add(text: UnsafeBufferPointer<UInt8>) {
    var start = 0
    for place in text.indices {
      let byte = unsafe text[place]
      if Self.isPlain(byte) { continue }
      unsafe bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[start..<place]))
      start = place + 1
      switch byte {
      case UInt8(ascii: "<"): markup("&lt;")
      case UInt8(ascii: ">"): markup("&gt;")
      case UInt8(ascii: "&"): markup("&amp;")
      case UInt8(ascii: "\""): markup("&quot;")
      case UInt8(ascii: "'"): markup("&#39;")
      default: markup("\u{FFFD}")
      }
    }
    unsafe bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[start...]))
  }

  /// Whether a byte of a text stands for itself.
  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "&"), UInt8(ascii: "\""), UInt8(ascii: "'"), 127:
      false
    default: byte >= 32 || byte == 9 || byte == 10
    }
  }

  package mutating func element(_ tag: String, _ content: String) {
    markup("<\(tag)>")
    text(content)
    markup("</\(tag.prefix { $0 != " " })>")
  }
}

extension String {
  /// As much as is good to read at once.
  func cut(to bytes: Int) -> String {
    guard utf8.count > bytes else { return self }
    return String(decoding: utf8.prefix(bytes), as: UTF8.self) + "… (\(utf8.count) bytes)"
  }
}
