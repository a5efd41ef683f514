public import Glomers

extension JSON {
  /// A value without keywords: their names are strings, and so is every key of an object.
  public init(_ edn: EDN) {
    self =
      switch edn {
      case .null: .null
      case .bool(let value): .bool(value)
      case .integer(let value): .integer(value)
      case .real(let value): .real(value)
      case .string(let value), .keyword(let value): .string(value)
      case .vector(let elements): .array(elements.map { JSON($0) })
      case .map(let members):
        .object(Dictionary(members.map { ($0.key.name ?? $0.key.text, JSON($0.value)) }) { _, last in last })
      }
  }
}

extension EDN {
  /// What a keyword or a string says.
  fileprivate var name: String? {
    switch self {
    case .keyword(let name), .string(let name): name
    default: nil
    }
  }
}

extension History {
  /// Reads a history as Jepsen writes it: maps, one after the other or in one vector.
  ///
  /// Operations are counted anew, in the order in which they come. Of each, `:type`, `:f` and `:process` must be
  /// there; what Jepsen has no name for becomes a note.
  ///
  /// - Parameter workload: whose forms the values have.
  /// - Parameter node: which node the client of a process talks to, where an operation does not say so by `:node`.
  public init(
    readingEDN bytes: [UInt8], _ workload: Workload, node: (_ process: Int) -> NodeID? = { _ in nil }
  ) throws(EDNError) {
    self.init()
    var reader = EDNReader(bytes)
    while let value = try reader.next() {
      // Everything in one vector, or each operation by itself.
      let operations = if case .vector(let all) = value { all } else { [value] }
      for edn in operations {
        do throws(HistoryProblem) {
          var operation = try Operation(edn, node: node)
          operation.value = workload.ownForm(of: operation)
          if let objection = objection(to: operation) { throw HistoryProblem(objection) }
          append(operation)
        } catch {
          throw reader.error("operation \(count): \(error.text)")
        }
      }
    }
  }
}

private struct HistoryProblem: Error {
  let text: String
  init(_ text: String) { self.text = text }
}

extension Workload {
  /// The value of an operation in the form that this bench gives it, where other benches have another.
  fileprivate func ownForm(of operation: Operation) -> JSON {
    switch self {
    // Maelstrom keeps all of the reply.
    case .echo where operation.kind == .ok: operation.value["echo"] ?? operation.value
    // Jepsen's keys are numbers; Maelstrom makes strings of them.
    case .kafka:
      operation.function == "assign" ? Self.names(operation.value) : Self.namedSends(operation.value)
    default: operation.value
    }
  }

  private static func names(_ keys: JSON) -> JSON { .array((keys.array ?? []).map(name)) }

  private static func name(_ key: JSON) -> JSON { key.integer.map { .string(String($0)) } ?? key }

  private static func namedSends(_ value: JSON) -> JSON {
    guard let all = value.array else { return value }
    return .array(
      all.map { micro in
        guard var parts = micro.array, parts.count == 3, parts[0] == "send" else { return micro }
        parts[1] = name(parts[1])
        return .array(parts)
      })
  }
}

extension Operation {
  /// The members that are no notes.
  private static let members: Set = [
    "type", "f", "process", "time", "index", "value", "error", "final?", "node",
  ]

  fileprivate init(_ edn: EDN, node: (_ process: Int) -> NodeID?) throws(HistoryProblem) {
    guard case .map(let members) = edn else { throw HistoryProblem("not a map") }
    guard let kind = edn["type"]?.name.flatMap(Kind.init) else {
      throw HistoryProblem(":type must be :invoke, :ok, :fail or :info")
    }
    guard let function = edn["f"]?.name else { throw HistoryProblem(":f must be a keyword") }
    let process: Process
    switch edn["process"] {
    case .integer(let number) where number >= 0: process = .client(number)
    case .keyword, .string: process = .nemesis
    default: throw HistoryProblem(":process must be a number, or :nemesis")
    }
    var time: Int64 = 0
    if case .integer(let nanoseconds) = edn["time"] { time = Int64(nanoseconds) }
    var talksTo = edn["node"]?.name.map { NodeID($0) }
    if talksTo == nil, case .client(let number) = process { talksTo = node(number) }
    var error = edn["error"].map { JSON($0) }
    if error == .null { error = nil }
    self.init(
      time: .nanoseconds(time), kind: kind, process: process, function: function,
      value: JSON(edn["value"] ?? .null), error: error, node: talksTo, isFinal: edn["final?"] == true)
    for member in members {
      guard let name = member.key.name, !Self.members.contains(name) else { continue }
      notes[name] = JSON(member.value)
    }
  }
}
