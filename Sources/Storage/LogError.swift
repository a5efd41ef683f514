public import Glomers

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
