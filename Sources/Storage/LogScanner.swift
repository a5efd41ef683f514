import Glomers

/// Reads a log from its beginning, and tells a write that was cut short from damage.
///
/// Only the last write can have been cut short, since each begins after the one before is stored. It leaves
/// bytes that were never written: zeros, or the file's end. A frame that is wrong in any other way, or that
/// has a sound frame after it, has been damaged, and what stood there may have been acknowledged.
struct LogScanner {
  struct Findings {
    let owner: NodeID
    /// Nil in a log of format 1, which does not tell.
    let kind: String?
    /// Where the last sound frame ends.
    var soundBytes: Int
    /// Where the checkpoint ends with which the log begins; 0 without one.
    var checkpointBytes = 0
    /// Bytes of a write that was cut short, up to the file's end; 0 if there was none.
    var tornBytes = 0
  }

  /// What is lost with a loss of power is lost by sectors of this size, or of a multiple of it.
  static let sectorBytes = 512
  private static let windowBytes = 1 << 20

  private let fileBytes: Int
  /// The part of the file that is in memory.
  private var window: [UInt8] = []
  private var windowStart = 0

  init(fileBytes: Int) { self.fileBytes = fileBytes }

  /// - Parameters:
  ///   - identity: whose log it is to be.
  ///   - take: gets each record's JSON text, and says what is wrong with it, if something is.
  mutating func scan(
    _ disk: inout some Disk, of identity: LogIdentity, take: (Span<UInt8>) -> String?
  ) throws(LogError) -> Findings {
    do throws(Stop) {
      var findings = try readHeader(&disk)
      guard findings.owner == identity.owner else {
        throw .log(.foreign(owner: findings.owner, identity.owner))
      }
      if let kind = findings.kind, kind != identity.kind { throw .log(.otherKind(kind, identity.kind)) }
      while let frame = try nextFrame(after: findings.soundBytes, &disk, &findings.tornBytes) {
        if frame.isEmpty { findings.checkpointBytes = frame.upperBound }
        if let problem = try deliver(frame, &disk, take) {
          throw .log(.unreadable(offset: findings.soundBytes, problem))
        }
        findings.soundBytes = frame.upperBound
      }
      return findings
    } catch {
      switch error {
      case .log(let error): throw error
      case .disk(let error): throw .disk(error)
      }
    }
  }

  private enum Stop: Error {
    case log(LogError)
    case disk(DiskError)
  }

  // MARK: Parts of the file

  private mutating func readHeader(_ disk: inout some Disk) throws(Stop) -> Findings {
    let magic = LogFormat.magic
    guard fileBytes >= LogFormat.prefixBytes, try load(0..<LogFormat.prefixBytes, &disk) == 0,
      window.starts(with: magic)
    else { throw .log(.notALog) }
    let version = window.span.little(at: magic.count)
    guard version <= LogFormat.version else { throw .log(.newerFormat(Int(version))) }
    let end = LogFormat.prefixBytes + Int(window.span.little(at: magic.count + 4))
    guard end + 4 <= min(fileBytes, LogFormat.nameBytesMax) else {
      throw .log(.corrupted(offset: 0, "the header is damaged"))
    }
    _ = try load(0..<end + 4, &disk)
    guard CRC32C.of(window.span.extracting(first: end)) == window.span.little(at: end) else {
      throw .log(.corrupted(offset: 0, "the header's checksum is wrong"))
    }
    let text = String(decoding: window[LogFormat.prefixBytes..<end], as: UTF8.self)
    guard version > 1 else { return Findings(owner: NodeID(text), kind: nil, soundBytes: end + 4) }
    let parts = text.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2 else { throw .log(.corrupted(offset: 0, "the header names no kind of node")) }
    return Findings(owner: NodeID(String(parts[1])), kind: String(parts[0]), soundBytes: end + 4)
  }

  /// The payload of the frame at an offset; nil at the end of the log, be it clean or torn.
  private mutating func nextFrame(
    after offset: Int, _ disk: inout some Disk, _ tornBytes: inout Int
  ) throws(Stop) -> Range<Int>? {
    let headerEnd = offset + LogFormat.frameHeaderBytes
    guard headerEnd <= fileBytes else {
      // Too little for a header: nothing, or the beginning of one.
      if try !isZero(offset..<fileBytes, &disk) { tornBytes = fileBytes - offset }
      return nil
    }
    if try isZero(offset..<headerEnd, &disk), try isZero(headerEnd..<fileBytes, &disk) { return nil }
    let header = try frameHeader(at: offset, &disk)
    let end = headerEnd + (header?.length ?? 0)
    if let header, end <= fileBytes {
      let start = try load(headerEnd..<end, &disk)
      if CRC32C.of(window.span.extracting(start..<start + header.length)) == header.checksum {
        return headerEnd..<end
      }
    }
    // From here on the frame is wrong: is it torn, or damaged?
    let isTorn =
      if header != nil, end > fileBytes { true } else { try hasGap(offset..<end, &disk) }
    guard isTorn, try !hasFrame(after: header == nil ? offset : end - 1, &disk) else {
      throw .log(.corrupted(offset: offset, "the checksum is wrong"))
    }
    tornBytes = fileBytes - offset
    return nil
  }

  /// Hands out the records of a payload that is sound.
  private mutating func deliver(
    _ payload: Range<Int>, _ disk: inout some Disk, _ take: (Span<UInt8>) -> String?
  ) throws(Stop) -> String? {
    var start = try load(payload, &disk)
    let end = start + payload.count
    let bytes = window.span
    for position in start..<end where bytes[position] == UInt8(ascii: "\n") {
      if let problem = take(bytes.extracting(start..<position)) { return problem }
      start = position + 1
    }
    return nil
  }

  // MARK: Judging

  /// Whether some of these bytes were never written: the last one, or all that lie in one sector.
  private mutating func hasGap(_ range: Range<Int>, _ disk: inout some Disk) throws(Stop) -> Bool {
    if try isZero(range.upperBound - 1..<range.upperBound, &disk) { return true }
    var start = range.lowerBound
    while start < range.upperBound {
      let end = min((start / Self.sectorBytes + 1) * Self.sectorBytes, range.upperBound)
      if try isZero(start..<end, &disk) { return true }
      start = end
    }
    return false
  }

  /// Whether a sound frame begins anywhere behind an offset.
  private mutating func hasFrame(after offset: Int, _ disk: inout some Disk) throws(Stop) -> Bool {
    var position = offset + 1
    while position + LogFormat.frameHeaderBytes <= fileBytes {
      if let header = try frameHeader(at: position, &disk) {
        let start = position + LogFormat.frameHeaderBytes
        if start + header.length <= fileBytes {
          let place = try load(start..<start + header.length, &disk)
          let payload = window.span.extracting(place..<place + header.length)
          if CRC32C.of(payload) == header.checksum { return true }
        }
      }
      position += 1
    }
    return false
  }

  private mutating func frameHeader(
    at offset: Int, _ disk: inout some Disk
  ) throws(Stop) -> (length: Int, checksum: UInt32)? {
    let place = try load(offset..<offset + LogFormat.frameHeaderBytes, &disk)
    return LogFormat.frameHeader(window.span.extracting(place..<place + LogFormat.frameHeaderBytes))
  }

  private mutating func isZero(_ range: Range<Int>, _ disk: inout some Disk) throws(Stop) -> Bool {
    var start = range.lowerBound
    while start < range.upperBound {
      let end = min(start + Self.windowBytes, range.upperBound)
      let place = try load(start..<end, &disk)
      guard window.span.extracting(place..<place + end - start).isZero else { return false }
      start = end
    }
    return true
  }

  /// Brings a part of the file into the window, and returns where in the window it begins.
  private mutating func load(_ range: Range<Int>, _ disk: inout some Disk) throws(Stop) -> Int {
    if range.lowerBound < windowStart || range.upperBound > windowStart + window.count {
      let count = min(max(range.count, Self.windowBytes), fileBytes - range.lowerBound)
      do {
        window = try disk.read(.log, at: range.lowerBound, count: count)
      } catch {
        throw .disk(error)
      }
      windowStart = range.lowerBound
    }
    return range.lowerBound - windowStart
  }
}
