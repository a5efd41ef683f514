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
      case .literal(let literal): .literal(literal)
      case .vector(let elements): .array(elements.map { JSON($0) })
      case .map(let members):
        .object(Dictionary(members.map { ($0.key.jsonName, JSON($0.value)) }) { _, last in last })
      }
  }
}

extension EDN {
  /// Whether this is a list of micro-operations of transactions.
  fileprivate var isTransaction: Bool {
    guard case .vector(let all) = self else { return false }
    return all.allSatisfy { micro in
      guard case .vector(let parts) = micro, let function = parts.first?.name else { return false }
      return ["r", "w", "append"].contains(function)
    }
  }

  /// What a keyword or a string says.
  fileprivate var name: String? {
    switch self {
    case .keyword(let name), .string(let name): name
    default: nil
    }
  }
}

extension History {
  /// Reads a history as Jepsen and its kin write it: maps, one after the other or in one vector, in Clojure's notation or
  /// in JSON.
  ///
  /// Operations are counted anew, in the order in which they come. Of each, `:type` must be there, and `:f` and
  /// `:process` but for transactions, of which Elle needs neither; what Jepsen has no name for becomes a note. A history
  /// of transactions may hold completions only: then each of them begins where its process has ended the one before.
  ///
  /// - Parameter workload: whose forms the values have.
  /// - Parameter node: which node the client of a process talks to, where an operation does not say so by `:node`.
  public init(
    readingEDN bytes: [UInt8], _ workload: Workload, node: (_ process: Int) -> NodeID? = { _ in nil }
  ) throws(EDNError) {
    self.init()
    var reader = EDNReader(bytes, Self.isJSON(bytes) ? .json : .edn, isFlat: true)
    // Completions of transactions, as long as no invocation has come.
    var early: [(row: Row, number: Int, place: Int)]? = workload.isTransactional ? [] : nil
    var nodes: [Int: NodeID?] = [:]
    func nodeOnce(_ process: Int) -> NodeID? {
      if let known = nodes[process] { return known }
      let found = node(process)
      nodes.updateValue(found, forKey: process)
      return found
    }
    func take(_ row: Row, at place: Int) throws(HistoryProblem) {
      if early != nil, row.process != .nemesis, row.kind != .invoke {
        let number = count + early!.count
        early!.append((row, number, place))
      } else if let first = early?.first, row.process != .nemesis {
        // Where there are invocations, every completion needs one.
        throw HistoryProblem(objection(to: first.row)!, of: first.number, at: first.place)
      } else {
        if row.process != .nemesis { early = nil }
        if let objection = objection(to: row) { throw HistoryProblem(objection) }
        // What transactions are called is not told in all of their lines.
        if case .client(let number) = row.process, row.kind != .invoke, !workload.isTransactional,
          let begun = functionUnderWay(row.process), begun != row.function
        {
          throw HistoryProblem(
            "process \(number) ends \(row.function), and what it has begun is \(begun)")
        }
        append(row)
      }
    }
    while true {
      // Everything in one vector, or each operation by itself.
      var all: [EDN] = []
      var isVector = false
      let plain = reader.next { scanner in plainRow(&scanner, workload, nodeOnce) }
      if plain == nil {
        guard let value = try reader.next() else { break }
        if case .vector(let elements) = value, !reader.isElement {
          all = elements
          isVector = true
        } else {
          all = [value]
        }
      }
      var number = count + (early?.count ?? 0)
      var place = reader.place()
      do throws(HistoryProblem) {
        if let plain { try take(plain, at: place) }
        for (element, edn) in all.enumerated() {
          number = count + (early?.count ?? 0)
          place = reader.place(ofElement: isVector ? element : nil)
          var operation = try Operation(edn.keyworded, workload, number, node: nodeOnce)
          operation.value = workload.ownForm(of: operation)
          try take(row(operation), at: place)
        }
      } catch {
        throw reader.error("operation \(error.number ?? number): \(error.text)", at: error.place ?? place)
      }
    }
    invoke(early?.map(\.row) ?? [])
  }

  /// The operation that begins here, if it is written as most are; its value is on the tape then.
  private mutating func plainRow(
    _ scanner: inout EDNScanner, _ workload: Workload, _ node: (_ process: Int) -> NodeID?
  ) -> Row? {
    guard workload.keepsForms else { return nil }
    let start = tape.count
    var operations = OperationScanner(scanner)
    guard let plain = operations.operation(&tape) else { return nil }
    guard let kind = plain.kind, let process = plain.process, let function = plain.function,
      !workload.isTransactional || function == "txn"
    else {
      tape.cut(at: start)
      return nil
    }
    if plain.value == nil { tape.appendNull() }
    scanner.place = operations.place
    return Row(
      kind: kind, process: .client(process), function: function, time: plain.time,
      node: plain.node.map { NodeID($0) } ?? node(process), isFinal: plain.isFinal, value: start)
  }

  private mutating func row(_ operation: Operation) -> Row {
    let start = tape.count
    tape.append(operation.value)
    return Row(
      kind: operation.kind, process: operation.process, function: operation.function,
      time: operation.time.nanoseconds, node: operation.node, isFinal: operation.isFinal,
      error: operation.error, notes: operation.notes, value: start)
  }

  /// Takes in completions without invocations. Nobody knows when they began: each may have begun as soon as its process
  /// had ended what it did before.
  private mutating func invoke(_ completions: [Row]) {
    var waiting: [Operation.Process: [Row]] = [:]
    for completion in completions.reversed() { waiting[completion.process, default: []].append(completion) }
    func begin(_ process: Operation.Process) {
      guard var begun = waiting[process]?.popLast() else { return }
      begun.kind = .invoke
      begun.error = nil
      let asked = tape.value(at: begun.value).withoutReads
      begun.value = tape.count
      tape.append(asked)
      append(begun)
    }
    var started: Set<Operation.Process> = []
    for completion in completions where started.insert(completion.process).inserted {
      begin(completion.process)
    }
    for completion in completions {
      append(completion)
      begin(completion.process)
    }
  }

  /// Whether the first map has a string for a key, as no operation in Clojure's notation has.
  private static func isJSON(_ bytes: [UInt8]) -> Bool {
    var rest = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes[3...] : bytes[...]
    func skip() { rest = rest.drop { [0x20, 0x09, 0x0A, 0x0D].contains($0) } }
    skip()
    if rest.first == UInt8(ascii: "[") { rest.removeFirst() }
    skip()
    guard rest.popFirst() == UInt8(ascii: "{") else { return false }
    skip()
    return rest.first == UInt8(ascii: "\"")
  }
}

extension EDN {
  /// A map of JSON as Clojure has it: with keywords for keys.
  fileprivate var keyworded: EDN {
    guard case .map(let members) = self else { return self }
    return .map(members.map { Member($0.key.name.map { .keyword($0) } ?? $0.key, $0.value) })
  }
}

extension JSON {
  /// A transaction as it was asked for.
  fileprivate var withoutReads: JSON {
    guard let all = array else { return self }
    return .array(
      all.map { micro in
        guard let parts = micro.array, parts.count == 3, parts[0] == "r" else { return micro }
        return [parts[0], parts[1], .null]
      })
  }
}

private struct HistoryProblem: Error {
  let text: String
  /// The operation that it is about, if that is not the one at hand, and where that begins.
  let number: Int?
  let place: Int?

  init(_ text: String, of number: Int? = nil, at place: Int? = nil) {
    self.text = text
    self.number = number
    self.place = place
  }
}

extension Workload {
  var isTransactional: Bool { self == .txnRWRegister || self == .txnListAppend }

  /// Whether values are kept as they are: those of other workloads get this bench's own form.
  fileprivate var keepsForms: Bool { self != .echo && self != .kafka }

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
  /// Where the numbers of processes begin that have none.
  private static let nameless = 1 << 40

  /// The members that are no notes.
  private static let members: Set = [
    "type", "f", "process", "time", "index", "value", "error", "final?", "node",
  ]

  /// - Parameter number: its place in the history.
  fileprivate init(
    _ edn: EDN, _ workload: Workload, _ number: Int, node: (_ process: Int) -> NodeID?
  ) throws(HistoryProblem) {
    guard case .map(let members) = edn else { throw HistoryProblem("not a map") }
    guard let kind = edn["type"]?.name.flatMap(Kind.init) else {
      throw HistoryProblem(":type must be :invoke, :ok, :fail or :info")
    }
    let process: Process
    switch edn["process"] {
    case .integer(let number) where number >= 0: process = .client(number)
    case .keyword, .string: process = .nemesis
    // Elle does without; whatever is not said is not ordered.
    case nil where workload.isTransactional && kind != .invoke: process = .client(Self.nameless + number)
    default: throw HistoryProblem(":process must be a number, or :nemesis")
    }
    var function = edn["f"]?.name
    if workload.isTransactional, process != .nemesis, edn["value"]?.isTransaction ?? (function == nil) {
      function = "txn"
    }
    guard let function else { throw HistoryProblem(":f must be a keyword") }
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
