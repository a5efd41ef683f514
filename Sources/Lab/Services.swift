internal import Glomers
internal import Workloads
import Services
internal import Wire
import Checkers

/// The services of Maelstrom's network. Nodes reach them as they reach each other, with the same delays, and no
/// partition cuts them off.
struct ServiceDesk: Sendable {
  private var models: [NodeID: any ServiceModel]
  private var random: Random

  init(random: Random) {
    models = Dictionary(uniqueKeysWithValues: Service.allCases.map { ($0.id, $0.model) })
    self.random = random
  }

  static var names: [NodeID] { Service.allCases.map(\.id) }

  /// Nil where the service has no such request.
  mutating func handle(_ request: KV, at service: NodeID, from caller: NodeID) -> Outcome<KV>? {
    let outcome = models[service]!.handle(request, from: caller, &random)
    if case .failure(let error) = outcome, error.code == RPCError.notSupported("").code { return nil }
    return outcome
  }
}

extension KV {
  /// A request as Maelstrom's services read it: a member that is missing is null, and for `create_if_not_exists`
  /// everything but null and false is true. Nil for a type that no service knows.
  init?(requestOf body: JSONObject) {
    func value(_ name: String) -> JSON { body.optionalValue(name) ?? .null }
    switch body.optionalElement("type")?.string {
    case "read": self = .read(key: value("key"))
    case "write": self = .write(key: value("key"), value: value("value"))
    case "cas":
      let creates = value("create_if_not_exists")
      self = .cas(
        key: value("key"), from: value("from"), to: value("to"),
        createIfNotExists: creates != .null && creates != .bool(false))
    case "ts": self = .ts
    default: return nil
    }
  }
}

extension TestRun {
  /// A service gets a node's message, and answers it at once, as Maelstrom's do: with whatever the `msg_id` is as
  /// `in_reply_to`, and null where there is none. To a request that a service does not know it says nothing.
  mutating func serve(_ parcel: Parcel) {
    let service = parcel.destination
    let request: KV?
    let id: JSON
    do throws(WireError) {
      let body = try desk.document.parse(parcel.line).object("body")
      id = body.optionalValue("msg_id") ?? .null
      request = KV(requestOf: body)
    } catch {
      preconditionFailure("a line without a body went into the network: \(parcel.line.excerpt)")
    }
    guard let request, let outcome = services.handle(request, at: service, from: parcel.source) else {
      report(
        "unserved-request",
        "\(parcel.source) asked \(service) for what it does not do, and gets no answer, as from Maelstrom: "
          + parcel.line.excerpt, parcel.source, severity: .warning)
      return
    }
    let number = takeMessageID()
    let line = desk.reply(from: service, to: parcel.source, number: number, inReplyTo: id) {
      switch outcome {
      case .success(let reply): reply.write(to: &$0)
      case .failure(let error): error.write(to: &$0)
      }
    }
    noteSent(line.span.extracting(droppingLast: 1), involvesClient: false)
    record?.sent(line, number, from: service, to: parcel.source, operation: nil, at: clock)
    var reply = Parcel(id: number, source: service, destination: parcel.source, line: line)
    reply.sent = clock
    let due: Instant
    (due, reply.number) = arrival(from: service, to: parcel.source)
    network.send(reply, due: due)
  }
}
