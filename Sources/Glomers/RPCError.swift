/// An error as Maelstrom's protocol has it: a code, and a text for people.
///
/// A *definite* error promises that the operation did not and will not happen; an indefinite one promises
/// nothing. Send a definite error only where that promise holds.
public struct RPCError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What kind it is, by Maelstrom's numbers. Others are allowed, and indefinite.
  public let code: Int
  /// What happened, for people.
  public let text: String

  /// - Parameters:
  ///   - code: what kind it is, by Maelstrom's numbers.
  ///   - text: what happened, for people.
  public init(code: Int, text: String) {
    self.code = code
    self.text = text
  }

  /// Whether the operation certainly did not happen. Codes that Maelstrom does not define are indefinite.
  public var isDefinite: Bool {
    switch code {
    case 1, 10, 11, 12, 14, 20, 21, 22, 30, 40: true
    default: false
    }
  }

  /// Maelstrom's name for the code, or `unknown`.
  public var name: String {
    switch code {
    case 0: "timeout"
    case 1: "node-not-found"
    case 10: "not-supported"
    case 11: "temporarily-unavailable"
    case 12: "malformed-request"
    case 13: "crash"
    case 14: "abort"
    case 20: "key-does-not-exist"
    case 21: "key-already-exists"
    case 22: "precondition-failed"
    case 30: "txn-conflict"
    case 40: "not-a-member"
    default: "unknown"
    }
  }

  /// The code of that name; nil for `unknown`, which stands for all that Maelstrom does not define.
  public static func code(named name: String) -> Int? {
    (0...40).first { RPCError(code: $0, text: "").name == name && name != "unknown" }
  }

  public var description: String { "error \(code) (\(name)): \(text)" }

  /// Code 0, indefinite: no answer came in time.
  public static func timeout(_ text: String) -> RPCError { .init(code: 0, text: text) }
  /// Code 1, definite: there is no such node.
  public static func nodeNotFound(_ text: String) -> RPCError { .init(code: 1, text: text) }
  /// Code 10, definite: this node does not do that.
  public static func notSupported(_ text: String) -> RPCError { .init(code: 10, text: text) }
  /// Code 11, definite: not now, perhaps later.
  public static func temporarilyUnavailable(_ text: String) -> RPCError { .init(code: 11, text: text) }
  /// Code 12, definite: the request can't be understood.
  public static func malformedRequest(_ text: String) -> RPCError { .init(code: 12, text: text) }
  /// Code 13, indefinite: something went wrong, and nobody knows how far the operation got.
  public static func crash(_ text: String) -> RPCError { .init(code: 13, text: text) }
  /// Code 14, definite: the operation was called off.
  public static func abort(_ text: String) -> RPCError { .init(code: 14, text: text) }
  /// Code 20, definite: there is no such key.
  public static func keyDoesNotExist(_ text: String) -> RPCError { .init(code: 20, text: text) }
  /// Code 21, definite: the key is there already.
  public static func keyAlreadyExists(_ text: String) -> RPCError { .init(code: 21, text: text) }
  /// Code 22, definite: what the operation asks for does not hold, such as the old value of a
  /// compare-and-set.
  public static func preconditionFailed(_ text: String) -> RPCError { .init(code: 22, text: text) }
  /// Code 30, definite: another transaction was first.
  public static func txnConflict(_ text: String) -> RPCError { .init(code: 30, text: text) }
  /// Code 40, definite, of Maelstrom's pull request 101: the node takes no part in its cluster for now.
  public static func notAMember(_ text: String) -> RPCError { .init(code: 40, text: text) }
}
