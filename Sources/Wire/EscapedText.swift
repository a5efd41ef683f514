import CGlomers
public import Glomers

extension JSON {
  /// A string, from what stands between its quotes in a JSON text, whose escapes must be valid. With an escape that is
  /// half of a surrogate pair it is a literal.
  public init(escaped inner: UnsafeRawBufferPointer) {
    guard var lone = inner.loneSurrogate else {
      self = .string(String(unescaping: inner))
      return
    }
    var text = "\""
    var rest = inner
    while lone < rest.count {
      text += JSON.string(String(unescaping: UnsafeRawBufferPointer(rebasing: rest[..<lone]))).escaped
      text += String(decoding: rest[lone..<lone + 6], as: UTF8.self).lowercased()
      rest = UnsafeRawBufferPointer(rebasing: rest[(lone + 6)...])
      lone = rest.loneSurrogate ?? rest.count
    }
    text += JSON.string(String(unescaping: rest)).escaped
    self = .literal(JSONLiteral(text: text + "\""))
  }

  /// A string, from the bytes between its quotes in a JSON text, whose escapes must be valid.
  public init(escaped inner: some Sequence<UInt8>) {
    self = Array(inner).withUnsafeBytes { JSON(escaped: $0) }
  }

  /// A number in JSON's grammar, whatever its size.
  public init(number text: String) {
    if let integer = Int(text) {
      self = .integer(integer)
    } else if text.utf8.contains(where: { ".eE".utf8.contains($0) }), let real = Double(text), real.isFinite {
      self = .real(real)
    } else {
      self = .literal(JSONLiteral(text: text))
    }
  }

  /// Of a string: what stands between its quotes in JSON, escaped as far as JSON demands.
  var escaped: String {
    var writer = JSONWriter()
    writer.value(self)
    return writer.withBytes { String(decoding: $0.dropFirst().dropLast(), as: UTF8.self) }
  }
}

extension String {
  /// What the inner text of a JSON string says; half of a surrogate pair becomes U+FFFD.
  init(unescaping inner: UnsafeRawBufferPointer) {
    self.init(unsafeUninitializedCapacity: inner.count) {
      glomers_unescape($0.baseAddress, inner.baseAddress?.assumingMemoryBound(to: UInt8.self), inner.count)
    }
  }
}

extension UnsafeRawBufferPointer {
  /// Where the first escape is, in the inner text of a JSON string, that is half of a surrogate pair.
  var loneSurrogate: Int? {
    let place = glomers_lone_surrogate(baseAddress?.assumingMemoryBound(to: UInt8.self), count)
    return place < count ? place : nil
  }
}
