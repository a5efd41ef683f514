internal import Glomers
internal import Wire

/// Which commands of each node have been applied: part of the replicated state, the same at every node (§6.3).
///
/// A node numbers the commands of one start, its life, and a later life is told from an earlier one by its number, which
/// the node stores before it passes anything on. So a copy of a command, however late, is told from a new one.
public struct Sessions: Equatable, Sendable {
  /// A command may be overtaken by as many later ones of its life, and is still applied.
  public static let overtakingMax = 4096

  public struct Session: Equatable, Sendable {
    var life: Int
    /// The highest number that was applied.
    var last = 0
    /// The lower ones that were not; at most ``overtakingMax``.
    var overtaken: Set<Int> = []
  }

  /// In the order of their origins: as many as the cluster has nodes.
  private var origins: [NodeID] = []
  private var sessions: [Session] = []

  public init() {}

  /// Whether to apply a command: true at most once.
  mutating func admit(_ call: CommandID) -> Bool {
    // To compare a few short names costs less than to hash one.
    if let place = origins.firstIndex(of: call.origin) { return sessions[place].admit(call) }
    let place = origins.firstIndex { call.origin < $0 } ?? origins.count
    origins.insert(call.origin, at: place)
    sessions.insert(Session(life: call.life), at: place)
    return sessions[place].admit(call)
  }
}

extension Sessions.Session {
  fileprivate mutating func admit(_ call: CommandID) -> Bool {
    guard call.life >= life else { return false }
    if call.life > life { self = Self(life: call.life) }
    if call.number == last + 1 {
      last = call.number
      return true
    }
    guard call.number > last else { return overtaken.remove(call.number) != nil }
    let oldest = max(call.number - Sessions.overtakingMax, 1)
    if oldest > last { overtaken = [] }
    overtaken.formUnion(max(last + 1, oldest)..<call.number)
    if overtaken.count > Sessions.overtakingMax { overtaken = overtaken.filter { $0 >= oldest } }
    last = call.number
    return true
  }
}

/// `"sessions": {origin: [life, last, overtaken, …], …}`
extension Sessions {
  init(from object: JSONObject) throws(WireError) {
    var byOrigin: [NodeID: Session] = [:]
    for (name, element) in try object.object("sessions").members {
      let numbers = element.array.map { $0.compactMap(\.integer) } ?? []
      guard numbers.count >= 2, numbers.count == element.array?.count,
        numbers.allSatisfy({ 0..<(1 << 53) ~= $0 }), numbers.count <= 2 + Self.overtakingMax
      else { throw .malformed("a session is [life, last, overtaken, …]") }
      byOrigin[NodeID(name)] = Session(
        life: numbers[0], last: numbers[1], overtaken: Set(numbers.dropFirst(2)))
    }
    origins = byOrigin.keys.sorted()
    sessions = origins.map { byOrigin[$0]! }
  }

  func write(to writer: inout JSONWriter) {
    writer.key("sessions")
    writer.beginObject()
    for (origin, session) in zip(origins, sessions) {
      writer.key(origin.name)
      writer.integers([session.life, session.last] + session.overtaken.sorted())
    }
    writer.endObject()
  }
}
