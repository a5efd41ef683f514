import Checkers
public import Glomers
internal import Wire

/// A message to a client; valid only while its line is looked at.
struct Reply {
  let node: NodeID
  /// Its number.
  let client: Int
  let inReplyTo: Int?
  /// Empty where there is none.
  let type: String
  let body: JSONObject
  let line: [UInt8]

  var excerpt: String { line.excerpt }
}

/// Parses what nodes print and writes what clients say, in memory that is used again.
final class LineDesk {
  let document = JSONDocument()
  private var writer = JSONWriter()

  /// A line from a client, with the network's number and its newline.
  func request(
    from source: NodeID, to destination: NodeID, number: Int, messageID: Int,
    _ write: (inout JSONWriter) -> Void
  ) -> [UInt8] {
    line(from: source, to: destination, number: number) {
      write(&$0)
      $0.member("msg_id", messageID)
    }
  }

  /// A line from a service, with the network's number and its newline.
  func reply(
    from source: NodeID, to destination: NodeID, number: Int, inReplyTo: JSON,
    _ write: (inout JSONWriter) -> Void
  ) -> [UInt8] {
    line(from: source, to: destination, number: number) {
      write(&$0)
      $0.member("in_reply_to", inReplyTo)
    }
  }

  private func line(
    from source: NodeID, to destination: NodeID, number: Int, _ write: (inout JSONWriter) -> Void
  ) -> [UInt8] {
    writer.removeAll()
    writer.beginObject()
    writer.member("id", number)
    writer.member("src", source.name)
    writer.member("dest", destination.name)
    writer.key("body")
    writer.beginObject()
    write(&writer)
    writer.endObject()
    writer.endObject()
    writer.newline()
    return writer.bytes
  }
}

extension TestRun {
  /// Takes a line that a node printed, without its newline.
  public mutating func receive(line: [UInt8], from node: NodeID, at now: Instant) {
    receive(line: line.span, from: node, at: now)
  }

  /// Takes a line that a node printed, without its newline.
  public mutating func receive(line: Span<UInt8>, from node: NodeID, at now: Instant) {
    clock = max(clock, now)
    guard phase != .idle, phase != .finished, !states.isSilenced(node) else { return }
    if isPreparing { openings[node, default: Opening()].note(line) }
    states.printed(node)
    read(line, from: node)
  }

  /// A line was longer than the driver reads, and is lost.
  public mutating func receiveOversized(bytes: Int, from node: NodeID, at now: Instant) {
    clock = max(clock, now)
    guard phase != .idle, phase != .finished, !states.isSilenced(node) else { return }
    report(
      "oversized-line",
      "\(node) printed a line of \(bytes) bytes, longer than this bench reads, so it is lost; send less at a time",
      node, severity: .unknown)
  }

  /// A node leaves so much of its input unread that the driver keeps no more of it, and drops a line.
  public mutating func overflowed(_ node: NodeID, waitingBytes: Int, at now: Instant) {
    clock = max(clock, now)
    let isPaused = states.paused.contains(node)
    report(
      "unread-input",
      "\(node) has left \(waitingBytes) bytes of its stdin unread, and what else is sent to it is dropped"
        + (isPaused ? ", since it was paused" : ": a node has to read while it writes"), node,
      severity: isPaused ? .unknown : .invalid)
  }

  /// What a node reads from, and what it is heard by.
  public enum NodeStream: Hashable, Sendable {
    /// Its stdin.
    case input
    /// Its stdout.
    case output
  }

  /// A node has closed a stream, and goes on running.
  public mutating func closed(_ stream: NodeStream, of node: NodeID, at now: Instant) {
    clock = max(clock, now)
    guard phase != .idle, phase != .finished else { return }
    let words =
      switch stream {
      case .input: "stdin, so nothing that is sent to it arrives any more: a node reads until its stdin ends"
      case .output:
        "stdout, so nothing that it says is heard any more: a node leaves stdout open until it ends"
      }
    report("closed-stream", "\(node) goes on running, but has closed its \(words)", node, severity: .warning)
  }

  /// What a node has begun to print without ending the line; for the report of one that does not answer.
  public mutating func note(unfinished bytes: [UInt8], ofBytes count: Int, from node: NodeID) {
    openings[node, default: Opening()].unfinished = (bytes.excerpt, count)
  }

  /// Whether nodes are still being initialized, or told what comes before the load.
  public var isPreparing: Bool {
    switch phase {
    case .starting, .settingUp: true
    default: false
    }
  }

  /// Takes a message that a node's codec has written, without white space: there is no need to look whether it is
  /// one, nor whose.
  public mutating func receive(
    message: Span<UInt8>, from node: NodeID, to destination: NodeID, at now: Instant
  ) {
    guard let place = network.place(of: destination) else {
      receive(line: message, from: node, at: now)
      return
    }
    clock = max(clock, now)
    guard phase != .idle, phase != .finished, !states.isSilenced(node) else { return }
    states.printed(node)
    let number = takeMessageID()
    send(
      message, NumberedLine.make(message, number), number, from: node, to: destination, at: place,
      fromClient: false)
  }

  private mutating func read(_ line: Span<UInt8>, from node: NodeID) {
    do throws(WireError) {
      route(try desk.document.parse(line), line, from: node)
    } catch .notJSON(let reason) {
      guard let lax = LaxLine(line), let message = try? desk.document.parse(lax.line) else {
        return report("not-json", LineWords.notJSON(line.bytes, reason, from: node), node)
      }
      report(
        "lax-json", "\(node) printed a line with \(lax.objection): \(line.excerpt)", node, severity: .warning)
      route(message, lax.line.span, from: node)
    } catch {
      report("malformed-message", LineWords.noMessage(line.bytes, error.rpcError.text, from: node), node)
    }
  }

  /// Sends a message on to where it says.
  private mutating func route(_ message: JSONObject, _ line: Span<UInt8>, from node: NodeID) {
    let source: NodeID
    let destination: NodeID
    do throws(WireError) {
      source = NodeID(try message.string("src"))
      destination = NodeID(try message.string("dest"))
      _ = try message.object("body")
    } catch {
      let reason = LineWords.nullOrMissing(error.rpcError.text, message)
      return report("malformed-message", LineWords.noMessage(line.bytes, reason, from: node), node)
    }
    // Maelstrom refuses envelopes with members that it does not know.
    let isUsual =
      message.count == 3 || message.count == 4 && message.optionalElement("id")?.isInteger ?? false
    if !isUsual {
      report("malformed-message", LineWords.surplus(message, line.bytes, from: node), node)
    }
    let sender = client(named: source)
    if source != node, !claims(source, sender, line, from: node) { return }
    if let place = network.place(of: destination) {
      let number = takeMessageID()
      let numbered = NumberedLine.make(line, message, number)
      send(
        line, numbered, number, from: source, to: destination, at: place,
        fromClient: sender != nil || source == Prober.name)
    } else if destination == Prober.name {
      receiveProbed(message, from: node, line)
    } else if let client = client(named: destination) {
      deliver(line, message, from: node, to: client)
    } else {
      report(
        "unknown-destination",
        "\(node) wrote to \(destination.name.excerpt), which is no node, service or client of this test; nodes are "
          + "\(LineWords.list(nodes)): \(line.excerpt)", node)
    }
  }

  /// Whether a node may say something as from another: one that exists, as Maelstrom has it.
  private mutating func claims(
    _ source: NodeID, _ client: Int?, _ line: Span<UInt8>, from node: NodeID
  ) -> Bool {
    if let client, clients[client].hasLeft(by: clock) {
      wroteToDeparted("sent a message in the name of \(source)", client, line.excerpt, node)
      return scenario.lateReplies == .drop
    }
    guard client != nil || source == Prober.name || network.place(of: source) != nil else {
      report(
        "unknown-source",
        "\(node) printed a message as from \(source.name.excerpt), which does not exist; its src is \(node): "
          + line.excerpt, node)
      return false
    }
    let cost =
      client == nil && source != Prober.name
      ? "partitions and the receiver take it for one of \(source)"
      : "it counts as traffic of clients, without latency and past partitions"
    report(
      "borrowed-source", "\(node) sent a message in the name of \(source): \(cost): \(line.excerpt)", node,
      severity: .warning)
    return true
  }

  private mutating func send(
    _ line: Span<UInt8>, _ numbered: [UInt8], _ number: Int, from source: NodeID, to destination: NodeID,
    at place: Int, fromClient: Bool
  ) {
    noteSent(line, involvesClient: fromClient)
    record?.sent(numbered, number, from: source, to: destination, operation: nil, at: clock)
    var parcel = Parcel(
      id: number, source: source, destination: destination, line: numbered, isFromClient: fromClient)
    parcel.sent = clock
    var due = clock
    if !fromClient, place < nodes.count { noteTelling(by: source) }
    if !fromClient { (due, parcel.number) = arrival(from: source, to: destination) }
    network.send(parcel, to: place, due: due)
  }

  /// Clients are next to their nodes: nothing delays what they are told.
  private mutating func deliver(
    _ line: Span<UInt8>, _ message: JSONObject, from node: NodeID, to client: Int
  ) {
    noteSent(line, involvesClient: true)
    noteReceived(line, involvesClient: true)
    // Replies are numbered as everything else is.
    let number = takeMessageID()
    recordReply(line, message, number, from: node, to: client)
    guard let body = message.optionalElement("body")?.object else { return }
    receive(
      Reply(
        node: node, client: client, inReplyTo: body.optionalElement("in_reply_to")?.integer,
        type: body.optionalElement("type")?.string ?? "", body: body, line: line.bytes))
  }

  /// A reply is delivered as it is sent.
  private mutating func recordReply(
    _ line: Span<UInt8>, _ message: JSONObject, _ number: Int, from node: NodeID, to client: Int
  ) {
    guard record != nil else { return }
    let numbered = NumberedLine.make(line, message, number)
    var operation: Int?
    if let question = clients[client].question, case .operation(_, _, let begun) = question.purpose,
      message.optionalElement("body")?.object?.optionalElement("in_reply_to")?.integer == question.id
    {
      operation = begun
    }
    record!.sent(
      numbered, number, from: node, to: clients[client].name, operation: operation, at: clock)
    record!.delivered(number, at: clock)
  }

  /// Hands one parcel to its receiver, if one is due that gets through.
  mutating func deliverDue() {
    let taken = network.takeDue(by: clock)
    noteMishaps()
    noteInterferences()
    guard let (parcel, place) = taken else { return }
    guard states.isRunning(parcel.destination) else {
      record?.mishap(.init(kind: .lost, message: parcel.id, cause: "node down"), at: clock)
      return
    }
    record?.delivered(parcel.id, at: clock)
    noteReceived(parcel.line.span.extracting(droppingLast: 1), involvesClient: parcel.isFromClient)
    if place >= nodes.count {
      serve(parcel)
    } else {
      actions.append(.deliver(parcel.line, to: parcel.destination))
    }
  }

  /// A node has ended, and all that it printed has been received.
  ///
  /// - Parameters:
  ///   - how: `exit status 3`, `signal 9`.
  ///   - lastLines: of what it printed, for people.
  public mutating func exited(_ node: NodeID, _ how: String, lastLines: [String], at now: Instant) {
    clock = max(clock, now)
    guard phase != .idle, phase != .finished, states.died(node) else { return }
    let lines =
      lastLines.isEmpty
      ? ", and had printed nothing" : "; its last lines were:\n\(lastLines.joined(separator: "\n"))"
    let early = isStarting ? " before it had answered init" : ""
    record?.died(node, how, at: clock)
    report("node-died", "\(node) ended with \(how)\(early)\(lines)", node)
    if isStarting { abandon("\(node) ended with \(how) before the test began", at: clock) }
  }

  // MARK: Small parts

  /// Whether nodes have yet to answer `init`.
  var isStarting: Bool { if case .starting = phase { true } else { false } }

  mutating func takeMessageID() -> Int {
    defer { nextMessageID += 1 }
    return nextMessageID
  }

  /// - Parameter line: without its newline.
  /// - Parameter numberBytes: how many bytes of it are the network's number.
  mutating func noteSent(_ line: Span<UInt8>, involvesClient: Bool, numberBytes: Int = 0) {
    journal.sent(involvesClient: involvesClient, bytes: line.count - numberBytes)
    counts.messageCount += 1
    if !involvesClient { lastServerSend = clock }
    if scenario.logNetworkSends {
      actions.append(.note("send \(String(decoding: line.bytes, as: UTF8.self))"))
    }
  }

  /// - Parameter line: without its newline.
  mutating func noteReceived(_ line: Span<UInt8>, involvesClient: Bool) {
    journal.received(involvesClient: involvesClient)
    if scenario.logNetworkReceives {
      actions.append(.note("recv \(String(decoding: line.bytes, as: UTF8.self))"))
    }
  }
}

extension Span<UInt8> {
  /// A copy.
  var bytes: [UInt8] { unsafe withUnsafeBufferPointer { unsafe [UInt8]($0) } }

  /// Its beginning, as text for people.
  var excerpt: String { bytes.excerpt }
}

extension String {
  /// Its beginning, for people: a name that a node has made up may have any length.
  var excerpt: String { utf8.count > [UInt8].excerptBytesMax ? Array(utf8).excerpt : self }
}

extension [UInt8] {
  fileprivate static let excerptBytesMax = 240

  /// Its beginning, as text for people.
  var excerpt: String {
    let text = String(decoding: prefix(Self.excerptBytesMax), as: UTF8.self)
    return count > Self.excerptBytesMax ? "\(text)… (\(count) bytes)" : text
  }
}
