// A node that keeps what it is told: the last value of each key. For the tests of the data directory.
import Glomers
import GlomersRuntime
import Wire

/// What its clients say, and what it answers.
enum Message: WireMessage {
  case put(key: Int, value: Int)
  case putOk
  case read
  case readOk([Int])

  init(type: String, body: JSONObject) throws(WireError) {
    switch type {
    case "put": self = .put(key: try body.integer("key"), value: try body.integer("value"))
    case "put_ok": self = .putOk
    case "read": self = .read
    case "read_ok": self = .readOk(try body.integers("values"))
    default: throw .unknownType(type)
    }
  }

  func write(to body: inout JSONWriter) {
    switch self {
    case .put(let key, let value):
      body.member("type", "put")
      body.member("key", key)
      body.member("value", value)
    case .putOk: body.member("type", "put_ok")
    case .read: body.member("type", "read")
    case .readOk(let values):
      body.member("type", "read_ok")
      body.member("values", values)
    }
  }
}

struct Notebook: Node {
  /// A request is its own record.
  typealias Record = Message
  static let keyCount = 16

  /// By key; -1 where nothing was put.
  private var values = [Int](repeating: -1, count: keyCount)

  init(_ cluster: Cluster, recovering records: [Message], _ context: inout Context<Notebook>) {
    for record in records { take(record) }
  }

  mutating func receive(_ message: Message, _ request: Request, _ context: inout Context<Notebook>) {
    switch message {
    case .put(let key, _):
      guard values.indices.contains(key) else {
        context.fail(.malformedRequest("keys go from 0 to \(Self.keyCount - 1)"), to: request)
        return
      }
      take(message)
      context.persist(message)
      context.reply(.putOk, to: request)
    case .read: context.reply(.readOk(values), to: request)
    case .putOk, .readOk: context.fail(.notSupported("an answer, not a request"), to: request)
    }
  }

  var checkpoint: [Message]? {
    values.indices.filter { values[$0] >= 0 }.map { .put(key: $0, value: values[$0]) }
  }

  func answer(reading message: Message) -> Outcome<Message>? {
    if case .read = message { .success(.readOk(values)) } else { nil }
  }

  private mutating func take(_ record: Message) {
    if case .put(let key, let value) = record { values[key] = value }
  }
}

extension Message: StorableRecord {}

run(Notebook.self)
