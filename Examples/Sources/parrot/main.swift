// A node in one file: it repeats what it was told, as often as its command line says.
import Glomers
import GlomersRuntime
import Wire

/// What the parrot's clients say, and what it answers.
enum Speech: WireMessage {
  case echo(JSON)
  case echoOk(JSON)

  init(type: String, body: JSONObject) throws(WireError) {
    switch type {
    case "echo": self = .echo(try body.value("echo"))
    case "echo_ok": self = .echoOk(try body.value("echo"))
    default: throw .unknownType(type)
    }
  }

  func write(to body: inout JSONWriter) {
    switch self {
    case .echo(let payload):
      body.member("type", "echo")
      body.member("echo", payload)
    case .echoOk(let payload):
      body.member("type", "echo_ok")
      body.member("echo", payload)
    }
  }
}

struct Parrot: Node {
  static let times = Option("times", .integer(1, in: 1...9), "How often a word is repeated.")
  static let options = [times]

  private let times: Int

  init(_ cluster: Cluster, recovering records: [Never], _ context: inout Context<Parrot>) {
    times = cluster.integer(Parrot.times)
  }

  mutating func receive(_ message: Speech, _ request: Request, _ context: inout Context<Parrot>) {
    switch message {
    case .echo(.string(let word)):
      context.reply(.echoOk(.string(String(repeating: word, count: times))), to: request)
    case .echo(let payload): context.reply(.echoOk(payload), to: request)
    case .echoOk: break
    }
  }
}

run(Parrot.self)
