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
    /// The nemesis wants a node to be a member, or not to be one.
    case change(MembershipChanges.Change)
    /// The worker that does it, and where it began in the history.
    case operation(Invocation, worker: Int, begun: Int)
  }

  /// What it is there for.
  enum Part: Sendable {
    /// To do operations.
    case load
    /// To send `init`.
    case initialization
    /// To prepare nodes otherwise, or to change their cluster.
    case preparation
  }

  struct Question: Sendable {
    let id: Int
    let purpose: Purpose
  }

  let name: NodeID
  /// Whom it asks.
  let node: NodeID
  let part: Part
  /// When another has taken its place, or its part was done.
  var closed: Instant?
  /// What it waits for; it gives up on a question after a time.
  private(set) var question: Question?
  /// The message id of what it asked last.
  private(set) var lastID = 0
  /// Questions that have had no answer until it gave up, nor since.
  private var givenUp: Set<Int> = []

  init(name: NodeID, node: NodeID, part: Part) {
    self.name = name
    self.node = node
    self.part = part
  }

  /// For how long a client that has sent `init` may still be there, once it has its answer.
  private static let leavingTime = Duration.milliseconds(100)

  /// Whether Maelstrom's network knows nothing of it any more. One that has sent `init` leaves as soon as it has its answer;
  /// what a node writes along with that still finds it. Mutating, since an element of an array that is asked something is
  /// copied otherwise.
  mutating func hasLeft(by now: Instant) -> Bool {
    guard let closed else { return false }
    return switch part {
    case .load: true
    case .initialization: givenUp.isEmpty && now - closed >= Self.leavingTime
    case .preparation: false
    }
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
    /// To a question that has been answered.
    case repeated
    /// Nothing of the kind was asked.
    case unasked
  }

  /// Takes a reply, of whichever node: one may answer for another.
  mutating func receive(inReplyTo id: Int?) -> Fit {
    guard let id else { return .unasked }
    if let question, question.id == id {
      self.question = nil
      return .answer(question.purpose)
    }
    if givenUp.remove(id) != nil { return .late }
    return id >= 1 && id <= lastID ? .repeated : .unasked
  }

  /// Stops waiting, if it still waits for that. Returns what was asked.
  mutating func giveUp(_ id: Int) -> Purpose? {
    guard let question, question.id == id else { return nil }
    self.question = nil
    givenUp.insert(id)
    return question.purpose
  }
}
