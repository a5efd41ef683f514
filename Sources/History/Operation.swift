public import Glomers

/// One line of a history: a client, or the nemesis, begins something or is done with it.
public struct Operation: Equatable, Sendable {
  /// What kind of line it is.
  public enum Kind: String, Sendable {
    /// A client begins.
    case invoke
    /// It certainly happened.
    case ok
    /// It certainly did not happen.
    case fail
    /// Nobody knows. The nemesis, which never fails, begins and ends with this.
    case info
  }

  /// Who did it.
  public enum Process: Hashable, Sendable {
    /// A client, by its number; one that does not know how its operation ended goes on under another.
    case client(Int)
    /// What makes faults begin and end.
    case nemesis
  }

  /// A value, as it is kept.
  package enum Content: Equatable, Sendable {
    case tree(JSON)
    /// An array of nothing but integers, which reads of sets are: eight bytes each.
    case integers([Int])
    /// Where a tape has it.
    case taped(JSONTape, Int)

    var value: JSON {
      switch self {
      case .tree(let value): value
      case .integers(let integers): .array(integers.map { .integer($0) })
      case .taped(let tape, let place): tape.value(at: place)
      }
    }

    package static func == (a: Content, b: Content) -> Bool { a.value == b.value }
  }

  /// The place in the history, from 0.
  public package(set) var index: Int
  /// Since the test's start.
  public var time: Duration
  /// Whether it begins or how it ended.
  public var kind: Kind
  /// Who did it.
  public var process: Process
  /// What is done: `broadcast`, `read`, `start-partition`.
  public var function: String
  package var content: Content
  /// Why it failed or is unknown, as Maelstrom has it: `"net-timeout"`, or `["abort", "the node's text"]`; after
  /// `"unknown"` and the text comes the code.
  public var error: JSON?
  /// The node that the client talks to; nil for the nemesis.
  public var node: NodeID?
  /// Whether it is one of the last reads, after faults were healed and the nodes had time to recover.
  public var isFinal: Bool
  /// What else is known of it, by the names of members that the history gets beside Jepsen's own.
  public var notes: [String: JSON] = [:]

  /// An operation that is in no history yet.
  public init(
    time: Duration, kind: Kind, process: Process, function: String, value: JSON = .null, error: JSON? = nil,
    node: NodeID? = nil, isFinal: Bool = false
  ) {
    self.init(
      index: -1, time: time, kind: kind, process: process, function: function, content: .tree(value),
      error: error, node: node, isFinal: isFinal)
  }

  init(
    index: Int, time: Duration, kind: Kind, process: Process, function: String, content: Content,
    error: JSON?, node: NodeID?, isFinal: Bool, notes: [String: JSON] = [:]
  ) {
    self.index = index
    self.time = time
    self.kind = kind
    self.process = process
    self.function = function
    self.content = content
    self.error = error
    self.node = node
    self.isFinal = isFinal
    self.notes = notes
  }

  /// What is asked (`broadcast`: the message; `echo`: the payload; `read`, `generate`: null), and in an ok what was
  /// answered (`broadcast`: the message again; `echo`: the payload that came back; `read`: the array; `generate`: the id).
  ///
  /// Of a history that was read from a text it is made anew each time.
  public var value: JSON {
    get { content.value }
    set { content = .tree(newValue) }
  }

  /// Whether a client did this.
  public var isClient: Bool { process != .nemesis }
}
