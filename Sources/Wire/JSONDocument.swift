import CGlomers
import CJansson

/// Parses lines, one after the other, into memory of its own that it uses again.
///
/// What ``parse(_:)`` returns is a view that is valid until the document parses again; using it later stops the
/// process.
public final class JSONDocument {
  private let arena: OpaquePointer
  /// How many lines there have been: tells views of this line from views of those before.
  private(set) var generation = 0

  public init() {
    guard let arena = glomers_arena_create() else { preconditionFailure("out of memory") }
    self.arena = arena
  }

  deinit { glomers_arena_destroy(arena) }

  /// Parses a line that is one JSON object. Of a key given twice, the last value counts.
  public func parse(_ line: UnsafeRawBufferPointer) throws(WireError) -> JSONObject {
    generation += 1
    return try object(glomers_arena_parse(arena, characters(line), line.count))
  }

  /// Parses a line that is one JSON object. Of a key given twice, the last value counts.
  public func parse(_ line: Span<UInt8>) throws(WireError) -> JSONObject {
    generation += 1
    return try object(line.withUnsafeBytes { glomers_arena_parse(arena, characters($0), $0.count) })
  }

  /// Parses a line that is one JSON object. Of a key given twice, the last value counts.
  public func parse(_ line: [UInt8]) throws(WireError) -> JSONObject { try parse(line.span) }

  /// Parses any JSON value, scalars too.
  public func parseValue(_ text: UnsafeRawBufferPointer) throws(WireError) -> JSONElement {
    generation += 1
    return try element(glomers_arena_parse_any(arena, characters(text), text.count))
  }

  /// Parses any JSON value, scalars too.
  public func parseValue(_ text: Span<UInt8>) throws(WireError) -> JSONElement {
    generation += 1
    return try element(text.withUnsafeBytes { glomers_arena_parse_any(arena, characters($0), $0.count) })
  }

  /// Parses any JSON value, scalars too.
  public func parseValue(_ text: [UInt8]) throws(WireError) -> JSONElement { try parseValue(text.span) }

  /// What the document's memory has done so far.
  package var statistics: Statistics {
    let counts = glomers_arena_get_statistics(arena)
    return Statistics(
      allocations: counts.allocations, chunksAcquired: counts.chunks_acquired,
      bytesReserved: counts.bytes_reserved, bytesUsed: counts.bytes_used)
  }

  package struct Statistics: Equatable, Sendable {
    /// Asked for by jansson while parsing, since the beginning.
    package let allocations: Int
    /// Taken from malloc since the beginning.
    package let chunksAcquired: Int
    /// Held from malloc now.
    package let bytesReserved: Int
    /// Taken up by the present line.
    package let bytesUsed: Int
  }

  private func object(_ parsed: UnsafeMutableRawPointer?) throws(WireError) -> JSONObject {
    let element = try element(parsed)
    guard let object = element.object else {
      throw .malformed("a message must be an object, not \(element.view.handle.kind)")
    }
    return object
  }

  private func element(_ parsed: UnsafeMutableRawPointer?) throws(WireError) -> JSONElement {
    guard let parsed else { throw .notJSON(failure) }
    return JSONElement(view: View(parsed.assumingMemoryBound(to: json_t.self), in: self))
  }

  private func characters(_ bytes: UnsafeRawBufferPointer) -> UnsafePointer<CChar>? {
    bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
  }

  private var failure: String {
    "\(String(cString: glomers_arena_error(arena))) (at byte \(glomers_arena_error_position(arena)))"
  }
}
