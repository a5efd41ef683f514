package import ReportFiles

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
  package mutating func markup(_ markup: String) { bytes += markup.utf8 }

  package mutating func raw(_ content: [UInt8]) { bytes += content }

  /// A file that is part of the program.
  package mutating func file(_ file: page_file) {
    unsafe bytes.append(contentsOf: UnsafeBufferPointer(start: file.bytes, count: file.count))
  }

  /// Text, or the value of an attribute in double quotes. What HTML can't hold becomes a replacement character.
  package mutating func text(_ text: String) {
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "<"): bytes += "&lt;".utf8
      case UInt8(ascii: ">"): bytes += "&gt;".utf8
      case UInt8(ascii: "&"): bytes += "&amp;".utf8
      case UInt8(ascii: "\""): bytes += "&quot;".utf8
      case UInt8(ascii: "'"): bytes += "&#39;".utf8
      case 9, 10: bytes.append(byte)
      case 0..<32, 127: bytes += "\u{FFFD}".utf8
      default: bytes.append(byte)
      }
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
