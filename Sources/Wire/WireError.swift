public import Glomers

/// What is wrong with a line.
public enum WireError: Error, Equatable, Sendable {
  /// Not JSON, or JSON beyond its bounds here: 2048 levels, UTF-8 throughout.
  case notJSON(String)
  /// JSON, but a field is missing or of another type than it should be.
  case malformed(String)
  /// JSON, but an integer has more than 64 bits where no larger one can be held.
  case tooLarge(String)
  /// A well-formed message of a type that the receiver does not know.
  case unknownType(String)

  /// What the sender is told: error 10 for a type that is not known, else error 12.
  public var rpcError: RPCError {
    switch self {
    case .notJSON(let reason): .malformedRequest("not JSON: \(reason)")
    case .malformed(let reason), .tooLarge(let reason): .malformedRequest(reason)
    case .unknownType(let type): .notSupported("unknown message type \(type.debugDescription)")
    }
  }
}

extension WireError: CustomStringConvertible {
  /// The reason alone, for people.
  public var description: String { rpcError.text }
}
