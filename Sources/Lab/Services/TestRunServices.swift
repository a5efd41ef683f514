import Checkers
internal import Glomers
internal import Wire

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
