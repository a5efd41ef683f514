public import Glomers
internal import Wire

/// A message to a client; valid only while its line is looked at.
struct Reply {
  let node: NodeID
  let client: NodeID
  let inReplyTo: Int?
  /// Empty where there is none.
  let type: String
  let body: JSONObject
  let line: [UInt8]

  /// How many members the body has, beside its type and ids.
  var memberCount: Int {
    body.count - ["type", "msg_id", "in_reply_to"].count { body.optionalElement($0) != nil }
  }

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
    from source: NodeID, to destination: NodeID, number: Int, inReplyTo: Int,
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

  /// A node's line as its receiver gets it: with the network's number and a newline.
  func numbered(_ line: [UInt8], _ message: JSONObject, number: Int) -> [UInt8] {
    guard message.count == 3, let start = line.firstIndex(of: UInt8(ascii: "{")) else {
      // It has a number of its own, or members that are none of the network's business: neither goes on.
      writer.removeAll()
      writer.beginObject()
      writer.member("id", number)
      for key in ["src", "dest", "body"] { writer.member(key, message.optionalValue(key) ?? .null) }
      writer.endObject()
      writer.newline()
      return writer.bytes
    }
    var numbered = Array("{\"id\":\(number),".utf8)
    numbered.reserveCapacity(numbered.count + line.count)
    numbered += line[(start + 1)...]
    numbered.append(UInt8(ascii: "\n"))
    return numbered
  }
}

extension TestRun {
  /// Takes a line that a node printed, without its newline.
  public mutating func receive(line: [UInt8], from node: NodeID, at now: Instant) {
    clock = max(clock, now)
    guard phase != .idle, phase != .finished else { return }
    read(line, from: node)
  }

  private mutating func read(_ line: [UInt8], from node: NodeID) {
    let message: JSONObject
    let destination: NodeID
    do throws(WireError) {
      message = try desk.document.parse(line)
      let source = NodeID(try message.string("src"))
      destination = NodeID(try message.string("dest"))
      _ = try message.object("body")
      // Maelstrom refuses envelopes with members that it does not know.
      let known = 3 + (message.optionalElement("id")?.integer == nil ? 0 : 1)
      if message.count != known {
        report(
          "malformed-message", "\(node) printed members beside src, dest and body: \(line.excerpt)", node)
      }
      guard source == node else {
        report("false-source", "\(node) printed a message as from \(source): \(line.excerpt)", node)
        return
      }
    } catch .notJSON(let reason) {
      report("not-json", "\(node) printed a line that is not JSON: \(reason): \(line.excerpt)", node)
      return
    } catch {
      report(
        "malformed-message", "\(node) printed a line that is no message: \(error): \(line.excerpt)", node)
      return
    }
    if servers.contains(destination) {
      send(line, message, from: node, to: destination)
    } else if destination == Prober.name {
      receiveProbed(message, from: node, line)
    } else if clients[destination] != nil {
      deliver(line, message, from: node, to: destination)
    } else {
      report(
        "unknown-destination", "\(node) wrote to \(destination), which does not exist: \(line.excerpt)", node)
    }
  }

  private mutating func send(
    _ line: [UInt8], _ message: JSONObject, from source: NodeID, to destination: NodeID
  ) {
    let number = takeMessageID()
    noteSent(line, involvesClient: false)
    network.send(
      Parcel(
        id: number, source: source, destination: destination,
        line: desk.numbered(line, message, number: number)),
      due: clock + latencies.next())
  }

  /// Clients are next to their nodes: nothing delays what they are told.
  private mutating func deliver(
    _ line: [UInt8], _ message: JSONObject, from node: NodeID, to client: NodeID
  ) {
    if !isStarting {
      noteSent(line, involvesClient: true)
      noteReceived(line, involvesClient: true)
    }
    // Replies are numbered as everything else is.
    _ = takeMessageID()
    guard let body = message.optionalElement("body")?.object else { return }
    receive(
      Reply(
        node: node, client: client, inReplyTo: body.optionalElement("in_reply_to")?.integer,
        type: body.optionalElement("type")?.string ?? "", body: body, line: line))
  }

  /// Hands one parcel to its receiver, if one is due that gets through.
  mutating func deliverDue() {
    guard let parcel = network.popDue(by: clock), !dead.contains(parcel.destination),
      !down.contains(parcel.destination)
    else { return }
    let involvesClient = !servers.contains(parcel.source)
    if !(involvesClient && isStarting) { noteReceived(parcel.line, involvesClient: involvesClient) }
    if services.has(parcel.destination) {
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
    guard phase != .idle, phase != .finished, dead.insert(node).inserted else { return }
    let lines = lastLines.isEmpty ? "" : "; its last lines were:\n\(lastLines.joined(separator: "\n"))"
    report("node-died", "\(node) ended with \(how)\(lines)", node)
    if isStarting { abandon("\(node) ended with \(how) before the test began", at: clock) }
  }

  // MARK: Small parts

  /// The handshake does not count as traffic; clients have nothing else to say while nodes start.
  var isStarting: Bool { if case .starting = phase { true } else { false } }

  mutating func takeMessageID() -> Int {
    defer { nextMessageID += 1 }
    return nextMessageID
  }

  /// - Parameter line: without its newline.
  mutating func noteSent(_ line: some Collection<UInt8>, involvesClient: Bool) {
    journal.sent(involvesClient: involvesClient, bytes: line.count)
    counts.messageCount += 1
    if !involvesClient { lastServerMessage = time }
    if scenario.logNetworkSends { actions.append(.note("send \(String(decoding: line, as: UTF8.self))")) }
  }

  private mutating func noteReceived(_ line: [UInt8], involvesClient: Bool) {
    journal.received(involvesClient: involvesClient)
    guard scenario.logNetworkReceives else { return }
    let end = line.last == UInt8(ascii: "\n") ? line.count - 1 : line.count
    actions.append(.note("recv \(String(decoding: line[..<end], as: UTF8.self))"))
  }
}

extension [UInt8] {
  /// Its beginning, as text for people.
  var excerpt: String {
    let limit = 240
    let text = String(decoding: prefix(limit), as: UTF8.self)
    return count > limit ? "\(text)… (\(count) bytes)" : text
  }
}
