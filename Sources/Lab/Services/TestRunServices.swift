internal import Glomers
internal import Wire

extension TestRun {
  /// A service gets a node's message, and answers it at once.
  mutating func serve(_ parcel: Parcel) {
    let service = parcel.destination
    let outcome: Outcome<KV>
    let id: Int?
    do throws(WireError) {
      let body = try desk.document.parse(parcel.line).object("body")
      id = body.optionalElement("msg_id")?.integer
      do throws(WireError) {
        let request = try KV(type: try body.string("type"), body: body)
        outcome = services.handle(request, at: service, from: parcel.source)
      } catch {
        outcome = .failure(error.rpcError)
      }
    } catch {
      preconditionFailure("a line without a body went into the network: \(parcel.line.excerpt)")
    }
    if case .failure(let error) = outcome, [10, 12].contains(error.code) {
      report(
        "unserved-request",
        "\(parcel.source) asked \(service) for what it does not do, which Maelstrom would leave without an answer: "
          + "\(error.text): \(parcel.line.excerpt)", parcel.source, severity: .warning)
    }
    guard let id else { return }
    let number = takeMessageID()
    let line = desk.reply(from: service, to: parcel.source, number: number, inReplyTo: id) {
      switch outcome {
      case .success(let reply): reply.write(to: &$0)
      case .failure(let error): error.write(to: &$0)
      }
    }
    noteSent(line.span.extracting(droppingLast: 1), involvesClient: false)
    network.send(
      Parcel(id: number, source: service, destination: parcel.source, line: line),
      due: latencies.due(from: clock))
  }
}
