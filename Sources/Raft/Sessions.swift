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

  private(set) var byOrigin: [NodeID: Session] = [:]

  public init() {}

  /// Whether to apply a command: true at most once.
  mutating func admit(_ call: CommandID) -> Bool {
    var session = byOrigin[call.origin] ?? Session(life: call.life)
    guard call.life >= session.life else { return false }
    if call.life > session.life { session = Session(life: call.life) }
    defer { byOrigin[call.origin] = session }
    if call.number == session.last + 1 {
      session.last = call.number
      return true
    }
    guard call.number > session.last else { return session.overtaken.remove(call.number) != nil }
    let oldest = max(call.number - Self.overtakingMax, 1)
    if oldest > session.last { session.overtaken = [] }
    session.overtaken.formUnion(max(session.last + 1, oldest)..<call.number)
    if session.overtaken.count > Self.overtakingMax {
      session.overtaken = session.overtaken.filter { $0 >= oldest }
    }
    session.last = call.number
    return true
  }
}

/// `"sessions": {origin: [life, last, overtaken, …], …}`
extension Sessions {
  init(from object: JSONObject) throws(WireError) {
    for (name, element) in try object.object("sessions").members {
      let numbers = element.array.map { $0.compactMap(\.integer) } ?? []
      guard numbers.count >= 2, numbers.count == element.array?.count,
        numbers.allSatisfy({ 0..<(1 << 53) ~= $0 }), numbers.count <= 2 + Self.overtakingMax
      else { throw .malformed("a session is [life, last, overtaken, …]") }
      byOrigin[NodeID(name)] = Session(
        life: numbers[0], last: numbers[1], overtaken: Set(numbers.dropFirst(2)))
    }
  }

  func write(to writer: inout JSONWriter) {
    writer.key("sessions")
    writer.beginObject()
    for (origin, session) in byOrigin.sorted(by: { $0.key < $1.key }) {
      writer.key(origin.name)
      writer.integers([session.life, session.last] + session.overtaken.sorted())
    }
    writer.endObject()
  }
}
