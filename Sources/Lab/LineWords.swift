internal import Glomers
internal import Wire
import History

/// What the author of a node wants to read about a line that it printed.
enum LineWords {
  /// - Parameter reason: the parser's.
  static func notJSON(_ line: [UInt8], _ reason: String, from node: NodeID) -> String {
    let text = line.excerpt
    if line.allSatisfy({ $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") || $0 == UInt8(ascii: "\r") }) {
      return "\(node) printed an empty line to stdout, where each line has to be a message"
    }
    guard let begin = line.first(where: { $0 != UInt8(ascii: " ") }), begin == UInt8(ascii: "{") else {
      return "\(node) printed to stdout what is no message; print what is meant for people to stderr: \(text)"
    }
    guard LaxLine.hasWholeObject(line) else {
      return
        "\(node) printed a line that ends before its JSON does; a message is one line, without line breaks "
        + "inside: \(text)"
    }
    return "\(node) printed a line that is not JSON: \(reason)\(hint(reason)): \(text)"
  }

  private static func hint(_ reason: String) -> String {
    if reason.contains("NaN") || reason.contains("Infinity") {
      return "; JSON knows neither NaN nor Infinity"
    }
    return reason.contains("unable to decode") ? "; messages are UTF-8" : ""
  }

  /// - Parameter reason: what is missing, or wrong with a member.
  static func noMessage(_ line: [UInt8], _ reason: String, from node: NodeID) -> String {
    let twice = reason.hasPrefix("body") && reason.contains("string") ? " (was it encoded twice?)" : ""
    return "\(node) printed a line that is no message: \(reason.excerpt)\(twice). A message is "
      + #"{"src": "\#(node)", "dest": …, "body": {"type": …}}, and not "# + line.excerpt
  }

  static func surplus(_ message: JSONObject, _ line: [UInt8], from node: NodeID) -> String {
    let names = message.members.map(\.0).filter { !["src", "dest", "body", "id"].contains($0) }
    let what =
      names.isEmpty
      ? "an id that is no integer (leave it out: the network gives messages ids of its own)"
      : "\(names.joined(separator: ", ").excerpt) beside src, dest and body, which Maelstrom refuses"
    return "\(node) printed a message with \(what): \(line.excerpt)"
  }

  /// What is wrong with the ids of a reply to a question; nil if it may be the answer, or something else altogether.
  static func mismatch(_ reply: Reply, asked id: Int) -> String? {
    let given = reply.body.optionalValue("in_reply_to") ?? .null
    guard !given.isInteger else { return nil }
    let advice = "Maelstrom's client waits on; in_reply_to is the request's msg_id as it came, \(id)"
    if case .null = given {
      let isAnswer = reply.type.hasSuffix("_ok") || reply.type == "error"
      return isAnswer ? "it has no in_reply_to: \(advice)" : nil
    }
    return "its in_reply_to is \(EDN(given).shown), no integer: \(advice)"
  }

  /// What Maelstrom's schemas would find wrong with a reply that is no error.
  ///
  /// - Parameter member: what it has to have beside its type and ids; nil for nothing.
  static func problem(with reply: Reply, member: String?) -> String? {
    guard !isUsual(reply, member) else { return nil }
    let known = ["type", "msg_id", "in_reply_to"] + (member.map { [$0] } ?? [])
    let surplus = reply.body.members.map(\.0).filter { !known.contains($0) }
    let words = surplus.joined(separator: ", ").excerpt
    if let member, reply.body.optionalElement(member) == nil {
      return "\(reply.type) must have \(member)\(surplus.isEmpty ? "" : ", and has \(words) instead")"
    }
    guard surplus.isEmpty else {
      return "\(reply.type) has \(member.map { "no member but \($0)" } ?? "no members") beside its ids, "
        + "and this has \(words), which Maelstrom refuses"
    }
    guard let id = reply.body.optionalElement("msg_id"), !id.isInteger else { return nil }
    return "its msg_id is no integer; leave it out, or number messages from 1 on"
  }

  /// Most replies are right, and cost no words.
  private static func isUsual(_ reply: Reply, _ member: String?) -> Bool {
    let body = reply.body
    // Type, in_reply_to and nothing else but the member.
    if reply.inReplyTo != nil, !reply.type.isEmpty, body.count == (member == nil ? 2 : 3) {
      return member.map { body.optionalElement($0) != nil } ?? true
    }
    var count = 0
    if body.optionalElement("type") != nil { count += 1 }
    if body.optionalElement("in_reply_to") != nil { count += 1 }
    if let id = body.optionalElement("msg_id") {
      guard id.isInteger else { return false }
      count += 1
    }
    if let member {
      guard body.optionalElement(member) != nil else { return false }
      count += 1
    }
    return count == body.count
  }

  /// A member that is null is not missing.
  static func nullOrMissing(_ reason: String, _ body: JSONObject) -> String {
    guard reason.hasSuffix(" is missing") else { return reason }
    let name = String(reason.dropLast(" is missing".count))
    guard body.optionalElement(name) != nil else { return reason }
    // Go writes a map that nobody has made so.
    let isMap = ["msgs", "offsets", "topology"].contains(name)
    return isMap
      ? "\(name) must be an object, and not null: where there is nothing to tell, it is {}"
      : "\(name) must not be null"
  }

  static func list(_ nodes: [NodeID]) -> String {
    nodes.count > 3 ? "\(nodes[0]) to \(nodes[nodes.count - 1])" : nodes.map(\.name).joined(separator: ", ")
  }
}

/// What a node has printed before the load began.
struct Opening: Sendable {
  /// The first line, cut short, and how many there were.
  private var first = ""
  private var count = 0
  /// The beginning of a line that has not ended, and its length.
  var unfinished: (text: String, bytes: Int)?

  mutating func note(_ line: Span<UInt8>) {
    if count == 0 { first = line.excerpt }
    count += 1
    unfinished = nil
  }

  static let flushAdvice =
    "and stdout is flushed after it (Python: print(…, flush=True); C: fflush; Ruby: STDOUT.sync = true)"

  /// The line that has not ended, in words; nil where there is none.
  var unended: String? {
    guard let unfinished, unfinished.bytes > 0 else { return nil }
    return "\(unfinished.bytes) bytes to stdout without ending the line: \(unfinished.text)"
  }

  /// What it did instead of answering a request, and what it should do.
  func words(_ type: String, _ example: String) -> String {
    if count == 0, let unended {
      return
        ". It has written \(unended) – "
        + "end each message with a newline, and flush stdout after it"
    }
    let advice = "The answer is \(example), and a newline"
    guard count > 0 else {
      return
        ", and has written nothing to stdout. A node reads one line at a time from stdin, and flushes stdout "
        + "after each line it writes (Python: print(…, flush=True); C: fflush; Ruby: STDOUT.sync = true). \(advice)"
    }
    let rest = unfinished.map { ", and \($0.bytes) bytes without ending the line" } ?? ""
    return
      ", though it has written \(count) \(count == 1 ? "line" : "lines") to stdout\(rest), the first: \(first). "
      + advice
  }
}

extension Duration {
  /// For people: `5 s`, `1.5 s`.
  var words: String { seconds == seconds.rounded() ? "\(Int(seconds)) s" : "\(seconds) s" }
}
