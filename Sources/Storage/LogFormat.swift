public import Glomers

/// The bytes of a log.
///
/// A header: magic, format, whose log it is (the node's kind, a newline, and its name; in format 1 only its name), and
/// their checksum. Then frames, one for each batch of records
/// that were stored together, so that those survive together or not at all. A frame: the payload's length,
/// the payload's checksum, the checksum of these two, and the payload: records as JSON texts, each ended by a
/// newline. Then zeros up to the end of the file: room that is ready to be written. Numbers are
/// little-endian, checksums CRC-32C.
///
/// A frame whose payload is empty ends a checkpoint. JSON texts have no zero bytes, so zeros in a payload
/// were never written.
enum LogFormat {
  static let version = 2
  static let magic = Array("glomlog\n".utf8)
  /// Magic, format, and the length of the kind and the name.
  static let prefixBytes = magic.count + 8
  static let nameBytesMax = 1 << 16
  static let frameHeaderBytes = 12

  static func header(_ identity: LogIdentity) -> [UInt8] {
    let text = "\(identity.kind)\n\(identity.owner)"
    var header = magic
    header.append(little: UInt32(version))
    header.append(little: UInt32(text.utf8.count))
    header += text.utf8
    header.append(little: CRC32C.of(header.span))
    return header
  }

  /// Fills in the header of a frame that has its payload, and room for the header in front.
  static func seal(_ frame: inout [UInt8]) {
    let length = frame.count - frameHeaderBytes
    precondition(length <= UInt32.max, "a batch of \(length) bytes")
    var header: [UInt8] = []
    header.append(little: UInt32(length))
    header.append(little: CRC32C.of(frame.span.extracting(droppingFirst: frameHeaderBytes)))
    header.append(little: CRC32C.of(header.span))
    frame.replaceSubrange(..<frameHeaderBytes, with: header)
  }

  /// What a frame's header says, if its checksum is right.
  static func frameHeader(_ bytes: Span<UInt8>) -> (length: Int, checksum: UInt32)? {
    guard CRC32C.of(bytes.extracting(first: 8)) == bytes.little(at: 8) else { return nil }
    return (Int(bytes.little(at: 0)), bytes.little(at: 4))
  }
}

/// Whose log it is.
public struct LogIdentity: Equatable, Sendable {
  public let owner: NodeID
  /// The kind of node, without newlines: only nodes of one kind can read each other's records.
  public let kind: String

  public init(owner: NodeID, kind: String) {
    self.owner = owner
    self.kind = kind
  }
}

extension [UInt8] {
  mutating func append(little number: UInt32) {
    for shift in [0, 8, 16, 24] { append(UInt8(truncatingIfNeeded: number >> UInt32(shift))) }
  }
}

extension Span<UInt8> {
  func little(at offset: Int) -> UInt32 {
    UInt32(self[offset]) | UInt32(self[offset + 1]) << 8 | UInt32(self[offset + 2]) << 16
      | UInt32(self[offset + 3]) << 24
  }

  var isZero: Bool {
    for index in indices where self[index] != 0 { return false }
    return true
  }
}

/// A log that can't be used: what is wrong with it, and what can be done.
public enum LogError: Error, Equatable, Sendable, CustomStringConvertible {
  case disk(DiskError)
  /// The file does not begin as a log does.
  case notALog
  /// Written by a later version of this program, in a format of this number.
  case newerFormat(Int)
  /// Written by another node.
  case foreign(owner: NodeID, NodeID)
  /// Written by a node of another kind.
  case otherKind(String, String)
  /// What is stored at this offset was written so, but not by this kind of node.
  case unreadable(offset: Int, String)
  /// What is stored at this offset is not what was written there.
  case corrupted(offset: Int, String)

  public var description: String {
    switch self {
    case .disk(let error): "\(error)"
    case .notALog:
      "the file 'log' is not a log of a node; give a directory that is empty, missing, or a node's own"
    case .newerFormat(let version):
      """
      the log has format \(version), and this program reads formats up to \(LogFormat.version); \
      use the program that wrote it
      """
    case .foreign(let owner, let me):
      "the log belongs to node \(owner), and this is \(me); give each node a directory of its own"
    case .otherKind(let kind, let mine):
      """
      the log holds the records of a \(kind), and this is a \(mine); give each kind of node a directory of its own
      """
    case .unreadable(let offset, let reason):
      """
      the record at byte \(offset) is sound, but none of this kind of node (\(reason)); nothing was changed. Is the \
      directory that of another kind of node, or of another version of this program?
      """
    case .corrupted(let offset, let reason):
      """
      the log is corrupted at byte \(offset): \(reason); nothing was changed. Bring back a copy of the \
      directory, or cut 'log' off at that byte and lose what comes after it
      """
    }
  }
}
