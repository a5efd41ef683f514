internal import Glomers
public import Wire

extension RaftMessage: WireMessage {
  /// Whether a message of this type is one of these, and not a client's.
  public static func isKnown(_ type: String) -> Bool {
    // By length: most messages are clients', and to compare each with twelve names would cost more than to read them.
    switch type.utf8.count {
    case 4: type == "vote"
    case 6: type == "append"
    case 7: type == "forward" || type == "read_at"
    case 8: type == "appended" || type == "snapshot"
    case 9: type == "committed"
    case 10: type == "read_index"
    case 11: type == "timeout_now"
    case 12: type == "request_vote"
    case 14: type == "snapshot_taken"
    case 17: type == "change_membership"
    default: false
    }
  }

  public init(type: String, body: JSONObject) throws(WireError) {
    switch type {
    case "append":
      self = .append(
        Append(
          term: try body.count("term"), previousIndex: try body.count("previous_index"),
          previousTerm: try body.count("previous_term"), entries: try Entry.read("entries", of: body),
          commit: try body.count("commit"), round: try body.count("round"),
          timeoutMilliseconds: try body.count("timeout")))
    case "appended":
      let refused = try body.optionalInteger("refused")
      self = .appended(
        Appended(
          term: try body.count("term"), index: try body.count("index"), refused: refused,
          round: try body.count("round")))
    case "committed":
      self = .committed(
        Committed(
          term: try body.count("term"), index: try body.count("index"),
          indexTerm: try body.count("index_term")))
    case "forward":
      let life = try body.count("life")
      var commands: [Forwarded<Machine.Message>] = []
      for element in try body.array("commands") {
        guard let object = element.object else { throw .malformed("commands must hold only objects") }
        commands.append(
          Forwarded(
            number: try object.count("number"),
            try Machine.Message(type: object.string("type"), body: object)))
      }
      self = .forward(life: life, commands)
    case "read_index":
      self = .readIndex(
        life: try body.count("life"), batch: try body.count("batch"), term: try body.count("term"))
    case "read_at":
      self = .readAt(
        ReadAt(
          term: try body.count("term"), life: try body.count("life"), batch: try body.count("batch"),
          index: try body.count("index"), commit: try body.count("commit")))
    case "request_vote":
      guard let kind = RequestVote.Kind(rawValue: try body.string("kind")) else {
        throw .malformed("kind must be pre, real or transfer")
      }
      self = .requestVote(
        RequestVote(
          term: try body.count("term"), lastIndex: try body.count("last_index"),
          lastTerm: try body.count("last_term"), kind: kind))
    case "vote":
      self = .vote(
        Vote(
          term: try body.count("term"), isGranted: try body.bool("granted"), isPre: try body.bool("pre")))
    case "snapshot":
      var pieces: [Machine.Piece] = []
      for element in try body.array("pieces") {
        guard let object = element.object else { throw .malformed("pieces must hold only objects") }
        pieces.append(try Machine.Piece(record: object))
      }
      self = .snapshot(
        SnapshotPart(
          term: try body.count("term"), header: try SnapshotHeader(from: body.object("of")),
          offset: try body.count("offset"), pieces: pieces, isLast: try body.bool("last"),
          round: try body.count("round")))
    case "snapshot_taken":
      self = .snapshotTaken(
        SnapshotTaken(
          term: try body.count("term"), index: try body.count("index"),
          count: try body.optionalInteger("count"), round: try body.count("round")))
    case "timeout_now": self = .timeoutNow(term: try body.count("term"))
    case "change_membership":
      self = .change(
        MembershipChange(NodeID(try body.string("node")), isMember: try body.bool("member")))
    default: throw .unknownType(type)
    }
  }

  public func write(to body: inout JSONWriter) {
    switch self {
    case .append(let append):
      body.member("type", "append")
      body.member("term", append.term)
      body.member("previous_index", append.previousIndex)
      body.member("previous_term", append.previousTerm)
      Entry.write(append.entries, "entries", to: &body)
      body.member("commit", append.commit)
      body.member("round", append.round)
      body.member("timeout", append.timeoutMilliseconds)
    case .appended(let appended):
      body.member("type", "appended")
      body.member("term", appended.term)
      body.member("index", appended.index)
      if let refused = appended.refused { body.member("refused", refused) }
      body.member("round", appended.round)
    case .committed(let committed):
      body.member("type", "committed")
      body.member("term", committed.term)
      body.member("index", committed.index)
      body.member("index_term", committed.indexTerm)
    case .forward(let life, let commands):
      body.member("type", "forward")
      body.member("life", life)
      body.key("commands")
      body.beginArray()
      for forwarded in commands {
        body.beginObject()
        forwarded.command.write(to: &body)
        body.member("number", forwarded.number)
        body.endObject()
      }
      body.endArray()
    case .readIndex(let life, let batch, let term):
      body.member("type", "read_index")
      body.member("life", life)
      body.member("batch", batch)
      body.member("term", term)
    case .readAt(let read):
      body.member("type", "read_at")
      body.member("term", read.term)
      body.member("life", read.life)
      body.member("batch", read.batch)
      body.member("index", read.index)
      body.member("commit", read.commit)
    case .requestVote(let request):
      body.member("type", "request_vote")
      body.member("term", request.term)
      body.member("last_index", request.lastIndex)
      body.member("last_term", request.lastTerm)
      body.member("kind", request.kind.rawValue)
    case .vote(let vote):
      body.member("type", "vote")
      body.member("term", vote.term)
      body.member("granted", vote.isGranted)
      body.member("pre", vote.isPre)
    case .snapshot(let part):
      body.member("type", "snapshot")
      body.member("term", part.term)
      body.key("of")
      body.beginObject()
      part.header.write(to: &body)
      body.endObject()
      body.member("offset", part.offset)
      body.key("pieces")
      body.beginArray()
      for piece in part.pieces { piece.write(asObjectTo: &body) }
      body.endArray()
      body.member("last", part.isLast)
      body.member("round", part.round)
    case .snapshotTaken(let taken):
      body.member("type", "snapshot_taken")
      body.member("term", taken.term)
      body.member("index", taken.index)
      if let count = taken.count { body.member("count", count) }
      body.member("round", taken.round)
    case .timeoutNow(let term):
      body.member("type", "timeout_now")
      body.member("term", term)
    case .change(let change):
      body.member("type", "change_membership")
      body.member("node", change.node.name)
      body.member("member", change.isMember)
    }
  }
}

extension SnapshotHeader {
  init(from object: JSONObject) throws(WireError) {
    self.init(
      index: try object.count("index"), term: try object.count("term"),
      configuration: try Configuration(from: object), sessions: try Sessions(from: object))
  }

  func write(to writer: inout JSONWriter) {
    writer.member("index", index)
    writer.member("term", term)
    configuration.write(to: &writer)
    sessions.write(to: &writer)
  }
}
