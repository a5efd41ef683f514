import Glomers
import Wire

/// Lends the codec its vocabulary, and says back what it is told.
struct ProbeNode: Node {
  enum Message: WireMessage {
    case note(text: String, numbers: [Int])
    case anything(JSON)

    init(type: String, body: JSONObject) throws(WireError) {
      switch type {
      case "note": self = .note(text: try body.string("text"), numbers: try body.integers("numbers"))
      case "anything": self = .anything(try body.value("value"))
      default: throw .unknownType(type)
      }
    }

    func write(to body: inout JSONWriter) {
      switch self {
      case .note(let text, let numbers):
        body.member("type", "note")
        body.member("text", text)
        body.member("numbers", numbers)
      case .anything(let value):
        body.member("type", "anything")
        body.member("value", value)
      }
    }
  }

  init(_ cluster: Cluster, recovering records: [Never], _ context: inout Context<ProbeNode>) {}

  mutating func receive(_ message: Message, _ request: Request, _ context: inout Context<ProbeNode>) {
    context.reply(message, to: request)
  }
}

func decode(_ line: String, isAsk: (Int) -> Bool = { _ in false }) -> Decoded<ProbeNode> {
  Codec<ProbeNode>().decode(Array(line.utf8), isAsk: isAsk)
}

func decode(_ line: [UInt8]) -> Decoded<ProbeNode> {
  Codec<ProbeNode>().decode(line) { _ in false }
}

func encode(_ envelope: Envelope<ProbeNode>) -> String {
  String(decoding: Codec<ProbeNode>().encode(envelope), as: UTF8.self)
}

/// What a writer makes of `write`.
func written(_ write: (inout JSONWriter) -> Void) -> String {
  var writer = JSONWriter()
  write(&writer)
  return String(decoding: writer.bytes, as: UTF8.self)
}
