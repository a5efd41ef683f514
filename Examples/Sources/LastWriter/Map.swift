public import Glomers
public import Wire

/// A map in which the last writer wins: what its clients say, and what nodes say to each other.
public enum Map: WireMessage {
  /// A key's value, and when it was written: by Lamport's clock, and by which node.
  public struct Entry: Equatable, Sendable {
    public let key: String
    public let value: Int
    public let time: Int
    public let node: String

    /// Whether this wins over another entry of the same key.
    func wins(over other: Entry?) -> Bool {
      guard let other else { return true }
      return (time, node) > (other.time, other.node)
    }
  }

  case put(key: String, value: Int)
  case putOk
  case get(key: String)
  /// Nil if there is no such key.
  case getOk(value: Int?)
  /// All that the sender holds.
  case gossip([Entry])

  public init(type: String, body: JSONObject) throws(WireError) {
    switch type {
    case "put": self = .put(key: try body.string("key"), value: try body.integer("value"))
    case "put_ok": self = .putOk
    case "get": self = .get(key: try body.string("key"))
    case "get_ok": self = .getOk(value: try body.optionalInteger("value"))
    case "gossip":
      var entries: [Entry] = []
      for element in try body.array("entries") { entries.append(try Entry(element)) }
      self = .gossip(entries)
    default: throw .unknownType(type)
    }
  }

  public func write(to body: inout JSONWriter) {
    switch self {
    case .put(let key, let value):
      body.member("type", "put")
      body.member("key", key)
      body.member("value", value)
    case .putOk: body.member("type", "put_ok")
    case .get(let key):
      body.member("type", "get")
      body.member("key", key)
    case .getOk(let value):
      body.member("type", "get_ok")
      if let value { body.member("value", value) }
    case .gossip(let entries):
      body.member("type", "gossip")
      body.key("entries")
      body.beginArray()
      for entry in entries { entry.write(asElementOf: &body) }
      body.endArray()
    }
  }
}

/// On the wire: `[key, value, time, node]`
extension Map.Entry {
  fileprivate init(_ element: JSONElement) throws(WireError) {
    guard let parts = element.array, parts.count == 4, let key = parts[0].string,
      let value = parts[1].integer, let time = parts[2].integer, let node = parts[3].string
    else { throw .malformed("an entry is [key, value, time, node]") }
    self.init(key: key, value: value, time: time, node: node)
  }

  fileprivate func write(asElementOf writer: inout JSONWriter) {
    writer.beginArray()
    writer.string(key)
    writer.integer(value)
    writer.integer(time)
    writer.string(node)
    writer.endArray()
  }
}

/// In a log: an entry's members by name.
extension Map.Entry: StorableRecord {
  public init(record: JSONObject) throws(WireError) {
    self.init(
      key: try record.string("key"), value: try record.integer("value"),
      time: try record.integer("time"), node: try record.string("node"))
  }

  public func write(to record: inout JSONWriter) {
    record.member("key", key)
    record.member("value", value)
    record.member("time", time)
    record.member("node", node)
  }
}

/// Every node answers by itself, and tells the others all that it holds every so often. All come to hold the same.
public struct MapNode: Node {
  public typealias Message = Map
  public typealias Record = Map.Entry
  public enum Timer: Hashable, Sendable { case gossip }

  public static let period = Option(
    "period", .duration(.milliseconds(200), in: .milliseconds(1) ... .seconds(3600)),
    "How often a node tells the others what it holds.")
  public static let options = [period]

  private let me: NodeID
  private let peers: [NodeID]
  private let period: Duration
  private var entries: [String: Map.Entry] = [:]
  /// Above every time that this node has seen.
  private var clock = 0

  public init(
    _ cluster: Cluster, recovering records: [Map.Entry], _ context: inout Context<MapNode>
  ) {
    me = cluster.me
    peers = cluster.peers
    period = cluster.duration(Self.period)
    for record in records { _ = take(record) }
    context.wake(.gossip, at: context.now + period)
  }

  public mutating func receive(
    _ message: Map, _ request: Request, _ context: inout Context<MapNode>
  ) {
    switch message {
    case .put(let key, let value):
      let entry = Map.Entry(key: key, value: value, time: clock + 1, node: me.name)
      _ = take(entry)
      context.persist(entry)
      context.reply(.putOk, to: request)
    case .get(let key): context.reply(.getOk(value: entries[key]?.value), to: request)
    case .gossip(let news):
      for entry in news where take(entry) { context.persist(entry) }
    case .putOk, .getOk: context.fail(.notSupported("that is an answer, not a request"), to: request)
    }
  }

  public mutating func wake(_ timer: Timer, _ context: inout Context<MapNode>) {
    for peer in peers { context.send(.gossip(sorted), to: peer) }
    context.wake(.gossip, at: context.now + period)
  }

  public var checkpoint: [Map.Entry]? { sorted }

  /// In the order of the keys: that of a dictionary differs from process to process.
  private var sorted: [Map.Entry] { entries.values.sorted { $0.key < $1.key } }

  /// Takes in an entry if it wins. Returns whether it does.
  private mutating func take(_ entry: Map.Entry) -> Bool {
    clock = max(clock, entry.time)
    guard entry.wins(over: entries[entry.key]) else { return false }
    entries[entry.key] = entry
    return true
  }
}
