import Glomers
import Raft
import Wire

/// Which mistake cores make in a test.
enum Mistake {
  @TaskLocal static var made: Flaw?
}

/// The simplest state machine of which the order of commands can be seen: a list of numbers.
struct Notes: StateMachine {
  enum Message: WireMessage {
    case add(Int)
    case all([Int])

    init(type: String, body: JSONObject) throws(WireError) {
      switch type {
      case "add": self = .add(try body.integer("value"))
      case "all": self = .all(try body.integers("values"))
      default: throw .unknownType(type)
      }
    }

    func write(to body: inout JSONWriter) {
      switch self {
      case .add(let value):
        body.member("type", "add")
        body.member("value", value)
      case .all(let values):
        body.member("type", "all")
        body.member("values", values)
      }
    }
  }

  struct Piece: StorableRecord {
    let value: Int

    init(_ value: Int) { self.value = value }
    init(record: JSONObject) throws(WireError) { value = try record.integer("value") }
    func write(to record: inout JSONWriter) { record.member("value", value) }
  }

  static var flaw: Flaw? { Mistake.made }

  private(set) var values: [Int] = []

  static func purpose(of message: Message) -> Purpose {
    if case .add = message { .command } else { .query }
  }

  mutating func apply(_ command: Message) -> Outcome<Message> {
    if case .add(let value) = command { values.append(value) }
    return .success(.all(values))
  }

  func answer(_ query: Message) -> Outcome<Message> { .success(.all(values)) }
  static func encodedBytes(of command: Message) -> Int { 32 }
  var pieces: [Piece] { values.map { Piece($0) } }
  mutating func restore(_ piece: Piece) { values.append(piece.value) }
  static func encodedBytes(of piece: Piece) -> Int { 32 }
}
