internal import Glomers

/// A client of the network: it asks one node, one question at a time.
struct Client: Sendable {
  /// What an answer is for.
  enum Purpose: Sendable {
    case initialize
    /// After a kill.
    case initializeAgain
    /// The type of the request.
    case setUp(String)
    /// The worker that does it, and where it began in the history.
    case operation(Invocation, worker: Int, begun: Int)
  }

  struct Question: Sendable {
    let id: Int
    let purpose: Purpose
  }

  let name: NodeID
  /// Whom it asks.
  let node: NodeID
  /// Until its process has crashed, or its part is done. Maelstrom knows nothing of closed clients.
  var isOpen = true
  /// What it waits for; it gives up on a question after a time.
  private(set) var question: Question?
  private var lastID = 0
  /// Questions that have had no answer until it gave up, nor since.
  private var givenUp: Set<Int> = []

  init(name: NodeID, node: NodeID) {
    self.name = name
    self.node = node
  }

  /// Asks something. Returns the message id.
  mutating func ask(_ purpose: Purpose) -> Int {
    precondition(question == nil, "\(name) asks while it waits for an answer")
    lastID += 1
    question = Question(id: lastID, purpose: purpose)
    return lastID
  }

  /// How a reply fits what was asked.
  enum Fit {
    case answer(Purpose)
    /// To a question that was given up.
    case late
    /// Nothing was asked, or not of this node, or it has been answered.
    case unasked
  }

  mutating func receive(inReplyTo id: Int?, from source: NodeID) -> Fit {
    guard let id, source == node else { return .unasked }
    guard let question, question.id == id else { return givenUp.remove(id) == nil ? .unasked : .late }
    self.question = nil
    return .answer(question.purpose)
  }

  /// Stops waiting, if it still waits for that. Returns what was asked.
  mutating func giveUp(_ id: Int) -> Purpose? {
    guard let question, question.id == id else { return nil }
    self.question = nil
    givenUp.insert(id)
    return question.purpose
  }
}
