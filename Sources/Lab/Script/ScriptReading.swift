public import Glomers
internal import Wire
import History
import Checkers

/// Why a text is no script.
public struct ScriptError: Error, Equatable, CustomStringConvertible {
  /// What is wrong, where, and what would have been right.
  public let description: String

  package init(_ description: String) { self.description = description }
}

extension ScriptFile {
  /// The most that a script file holds, in bytes.
  public static var bytesMax: Int { 64 << 20 }

  /// Reads the text of a script file.
  ///
  /// - Throws: the number of the first line that can't be used, and what would be right.
  public init(text: String) throws(ScriptError) {
    var reader = ScriptReader()
    // A line may end as on Windows.
    let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    for (place, line) in lines.enumerated() {
      do throws(ScriptError) {
        try reader.read(line)
      } catch {
        throw ScriptError("line \(place + 1): \(error)")
      }
    }
    self = try reader.finished()
  }
}

private struct ScriptReader {
  private var isBegun = false
  private var workload: Workload?
  private var subject: ScriptFile.Subject?
  private var file: ScriptFile
  private var script = Script()
  private var hasNodes = false

  init() {
    var scenario = Scenario(.echo)
    // Nobody is asked past the network unless the script says so.
    scenario.probeInterval = nil
    file = ScriptFile(.node(""), arguments: [], scenario)
  }

  // MARK: Lines

  mutating func read(_ line: Substring) throws(ScriptError) {
    var rest = Words(line)
    guard let word = rest.next(), !word.hasPrefix("#") else { return }
    guard isBegun else {
      guard word == "script", rest.next() == "1", rest.isEmpty else {
        throw ScriptError("a script begins with the line '\(ScriptFile.heading)'")
      }
      isBegun = true
      return
    }
    switch word {
    case "at": try readAt(&rest)
    case "from": try readFault(&rest)
    case "message": try readStrike(&rest)
    case "delays": try readDelays(&rest)
    default: try readSetting(String(word), &rest)
    }
  }

  private mutating func readAt(_ rest: inout Words) throws(ScriptError) {
    let time = try seconds(rest.next())
    switch rest.next() {
    case "client":
      let client = try number(rest.next(), "the client's number")
      guard let function = rest.next() else { throw ScriptError("what the client asks for is missing") }
      let value = rest.remainder.isEmpty ? JSON.null : try json(rest.remainder)
      script.requests.append(.init(at: time, client: client, String(function), value))
    case "skew":
      var jumps: [Script.Jump] = []
      while let node = rest.next() {
        jumps.append(.init(NodeID(String(node)), by: try seconds(rest.next(), mayBeNegative: true)))
      }
      script.faults.append(.init(.skew(jumps), from: time))
    default:
      throw ScriptError("write 'at SECONDS client NUMBER FUNCTION VALUE', or 'at SECONDS skew NODE SECONDS'")
    }
  }

  private mutating func readFault(_ rest: inout Words) throws(ScriptError) {
    let start = try seconds(rest.next())
    guard rest.next() == "to", let word = rest.next() else {
      throw ScriptError("write 'from SECONDS to SECONDS', or 'from SECONDS to end'")
    }
    let end = word == "end" ? nil : try seconds(word)
    if let end, end < start { throw ScriptError("the fault ends before it starts") }
    let harm: Script.Harm
    switch rest.next() {
    case "kill": harm = .kill(rest.nodes())
    case "pause": harm = .pause(rest.nodes())
    case "remove": harm = .remove(rest.nodes())
    case "disk":
      guard let word = rest.next(), let condition = DiskCondition(rawValue: String(word)), condition != .sound
      else {
        throw ScriptError("a disk is full or failing: 'disk full n0'")
      }
      harm = .disk(condition, rest.nodes())
    case "partition": harm = .cut(try grudge(&rest), isOneWay: false)
    case "one-way": harm = .cut(try grudge(&rest), isOneWay: true)
    default: throw ScriptError("the faults are kill, pause, disk, remove, partition and one-way")
    }
    script.faults.append(.init(harm, from: start, to: end))
  }

  private func grudge(_ rest: inout Words) throws(ScriptError) -> Grudge {
    var sources: [NodeID: Set<NodeID>] = [:]
    while let word = rest.next() {
      let parts = word.split(separator: "<", omittingEmptySubsequences: false)
      guard parts.count == 2 else {
        throw ScriptError("write who hears nothing of whom as 'n0<n1,n2', not '\(word)'")
      }
      let unheard = parts[1].split(separator: ",").map { NodeID(String($0)) }
      sources[NodeID(String(parts[0])), default: []].formUnion(unheard)
    }
    return Grudge(sources)
  }

  private mutating func readStrike(_ rest: inout Words) throws(ScriptError) {
    let message = Script.MessageID(
      try link(rest.next()), try number(rest.next(), "the message's number", from: 1))
    let fate: Script.Fate
    switch rest.next() {
    case "lost": fate = .lost
    case "again": fate = .again(after: try milliseconds(rest.next()))
    case "later": fate = .later(by: try milliseconds(rest.next()))
    default: throw ScriptError("a message is lost, comes again MILLISECONDS later, or later MILLISECONDS")
    }
    script.strikes.append(.init(message, fate))
  }

  private mutating func readDelays(_ rest: inout Words) throws(ScriptError) {
    let link = try link(rest.next())
    var next = try number(rest.next(), "the first message's number", from: 1)
    while let word = rest.next() {
      script.delays.append(.init(Script.MessageID(link, next), try milliseconds(word)))
      next += 1
    }
  }

  // MARK: Settings

  private mutating func readSetting(_ name: String, _ rest: inout Words) throws(ScriptError) {
    let remainder = rest.remainder
    let words = rest.all().map(String.init)
    func one() throws(ScriptError) -> String {
      guard words.count == 1 else { throw ScriptError("\(name) takes one word") }
      return words[0]
    }
    switch name {
    case "workload": workload = try choice(one())
    case "node": subject = .node(try one())
    case "program":
      guard let path = try json(remainder).string else {
        throw ScriptError("write the program's path in quotes")
      }
      subject = .program(path)
    case "arguments":
      guard let arguments = try json(remainder).array?.map(\.string), !arguments.contains(nil) else {
        throw ScriptError("write arguments as a list of strings: [\"--store\",\"seq-kv\"]")
      }
      file.arguments = arguments.compactMap { $0 }
    case "delay-threads": file.delaysThreads = try one() == "yes"
    case "shows": file.anomaly = try one()
    case "nodes":
      file.scenario.nodes = words.map { NodeID($0) }
      hasNodes = true
    case "clients": script.clients = words.map { NodeID($0) }
    case "seed":
      guard let seed = UInt64(try one()) else { throw ScriptError("a seed is a whole number from 0 on") }
      file.scenario.seed = seed
    case "latency": file.scenario.latency = try milliseconds(Substring(one()))
    case "delivery": file.scenario.delivery = try choice(one())
    case "late-replies": file.scenario.lateReplies = try choice(one())
    case "machine": file.scenario.machine = try choice(one())
    case "topology": file.scenario.topology = try choice(one())
    case "nemesis": file.scenario.faults = Set(try words.map(choice))
    case "availability":
      let word = try one()
      guard let share = word == "total" ? 1 : Double(word), (0...1).contains(share) else {
        throw ScriptError("availability is total, or a number from 0 to 1")
      }
      file.scenario.availability = word == "total" ? .total : .fraction(share)
    case "consistency-models":
      let unknown = ConsistencyModel.unknown(among: words)
      guard unknown.isEmpty, !words.isEmpty else {
        throw ScriptError("there is no model \(unknown.joined(separator: ", "))")
      }
      file.scenario.consistencyModels = words
    case "also": file.scenario.demands = Set(try words.map(choice))
    case "max-lag": file.scenario.lagMax = try seconds(Substring(one()))
    case "max-msgs-per-op":
      guard let most = Double(try one()), most >= 0, most.isFinite else {
        throw ScriptError("max-msgs-per-op is a number from 0 on")
      }
      file.scenario.messagesPerOperationMax = most
    case "key-count": file.scenario.keyCount = try number(Substring(one()), "the number of keys", from: 1)
    case "probe-interval": file.scenario.probeInterval = try milliseconds(Substring(one()))
    case "calm": script.calm = try seconds(Substring(one()))
    case "end": script.end = try seconds(Substring(one()))
    case "finals":
      script.finals =
        words == ["none"]
        ? [] : try words.map { word throws(ScriptError) in try number(Substring(word), "a client's number") }
    default: throw ScriptError("a script has no '\(name)'")
    }
  }

  // MARK: The whole

  mutating func finished() throws(ScriptError) -> ScriptFile {
    guard isBegun else {
      throw ScriptError("the file is empty; a script begins with the line '\(ScriptFile.heading)'")
    }
    guard let workload else { throw ScriptError("the line 'workload NAME' is missing") }
    guard let subject else { throw ScriptError("the line 'node NAME' or 'program \"FILE\"' is missing") }
    guard hasNodes, !file.scenario.nodes.isEmpty else {
      throw ScriptError("the line 'nodes n0 …' is missing")
    }
    file.scenario.workload = workload
    file.scenario.concurrency = .clients(script.clients.count)
    file.subject = subject
    try check()
    file.scenario.script = script
    return file
  }
}

/// What the parts of a script must have to do with each other.
extension ScriptReader {
  fileprivate func check() throws(ScriptError) {
    let names = Set(file.scenario.nodes)
    for node in file.scenario.nodes where ServiceDesk.names.contains(node) || node.isClient {
      throw ScriptError("'\(node)' can't be a node's name: a service or a client has it")
    }
    guard names.count == file.scenario.nodes.count else { throw ScriptError("two nodes have the same name") }
    guard !script.clients.isEmpty else {
      throw ScriptError("the line 'clients n0 …', with the node of each client, is missing")
    }
    for node in script.clients where !names.contains(node) { throw noNode(node) }
    for request in script.requests {
      try checkClient(request.client)
      if let problem = file.scenario.workload.problem(with: request.function, request.value) {
        throw ScriptError("at \(ScriptFile.seconds(request.time)): \(problem)")
      }
    }
    for client in script.finals ?? [] { try checkClient(client) }
    for fault in script.faults {
      for node in fault.harm.nodes where !names.contains(node) { throw noNode(node) }
      if let calm = script.calm, fault.start > calm {
        throw ScriptError(
          "the fault at \(ScriptFile.seconds(fault.start)) begins after all faults have ended (calm)")
      }
    }
    let known = names.union(ServiceDesk.names)
    for message in script.delays.map(\.message) + script.strikes.map(\.message) {
      for node in [message.link.source, message.link.destination] where !known.contains(node) {
        throw noNode(node)
      }
    }
  }

  private func noNode(_ node: NodeID) -> ScriptError {
    ScriptError(
      "there is no node '\(node)': the nodes are \(file.scenario.nodes.map(\.name).joined(separator: ", "))")
  }

  private func checkClient(_ client: Int) throws(ScriptError) {
    guard script.clients.indices.contains(client) else {
      throw ScriptError("there is no client \(client): they count from 0 to \(script.clients.count - 1)")
    }
  }
}

extension NodeID {
  /// Whether the name is one that clients have.
  fileprivate var isClient: Bool {
    name.first == "c" && name.dropFirst().allSatisfy(\.isNumber) || name == Prober.name.name
  }
}

extension Script.Harm {
  /// All nodes that it names.
  public var nodes: [NodeID] {
    switch self {
    case .cut(let grudge, _): grudge.sources.flatMap { [$0.key] + $0.value }
    case .kill(let nodes), .pause(let nodes), .disk(_, let nodes), .remove(let nodes): nodes
    case .skew(let jumps): jumps.map(\.node)
    }
  }
}

// MARK: Words

/// What is left of a line.
private struct Words {
  private var rest: Substring

  init(_ line: Substring) { rest = line }

  mutating func next() -> Substring? {
    rest = rest.drop { $0 == " " || $0 == "\t" }
    let word = rest.prefix { $0 != " " && $0 != "\t" }
    rest = rest.dropFirst(word.count)
    return word.isEmpty ? nil : word
  }

  mutating func all() -> [Substring] {
    var words: [Substring] = []
    while let word = next() { words.append(word) }
    return words
  }

  mutating func nodes() -> [NodeID] { all().map { NodeID(String($0)) } }

  /// Without white space around it.
  var remainder: Substring {
    var text = rest.drop { $0 == " " || $0 == "\t" }
    while let last = text.last, last == " " || last == "\t" { text.removeLast() }
    return text
  }

  var isEmpty: Bool { remainder.isEmpty }
}

private func choice<Choice: RawRepresentable & CaseIterable>(_ word: String) throws(ScriptError) -> Choice
where Choice.RawValue == String {
  guard let choice = Choice(rawValue: word) else {
    let names = Choice.allCases.map(\.rawValue).joined(separator: ", ")
    throw ScriptError("there is no '\(word)' here; choose among \(names)")
  }
  return choice
}

private func number(_ word: Substring?, _ what: String, from least: Int = 0) throws(ScriptError) -> Int {
  guard let word, let number = Int(word), number >= least, number <= Int(Int32.max) else {
    throw ScriptError("\(what) is missing, or no whole number from \(least) on")
  }
  return number
}

private func json(_ text: Substring) throws(ScriptError) -> JSON {
  do throws(WireError) {
    return try JSONDocument().parseValue(Array(text.utf8).span).value
  } catch {
    throw ScriptError("'\(text)' is no JSON value")
  }
}

private func link(_ word: Substring?) throws(ScriptError) -> Script.Link {
  let ends = (word ?? "").split(separator: ">", omittingEmptySubsequences: false)
  guard ends.count == 2, !ends[0].isEmpty, !ends[1].isEmpty else {
    throw ScriptError("write whose message to whom it is as 'n0>n1'")
  }
  return Script.Link(from: NodeID(String(ends[0])), to: NodeID(String(ends[1])))
}

private func seconds(_ word: Substring?, mayBeNegative: Bool = false) throws(ScriptError) -> Duration {
  let most: Int64 = 31_536_000
  guard let number = decimal(word, places: 9, wholeMax: most), mayBeNegative || number >= 0 else {
    throw ScriptError("'\(word ?? "")' is no number of seconds, a year (\(most)) at most, like 2.5")
  }
  return .nanoseconds(number)
}

private func milliseconds(_ word: Substring?) throws(ScriptError) -> Duration {
  guard let number = decimal(word, places: 6, wholeMax: 31_536_000_000), number >= 0 else {
    throw ScriptError("'\(word ?? "")' is no number of milliseconds, 0 or greater")
  }
  return .nanoseconds(number)
}

/// A decimal number as a multiple of 10 to the power of -`places`, exactly.
private func decimal(_ word: Substring?, places: Int, wholeMax: Int64) -> Int64? {
  guard var word, word.utf8.count <= 32 else { return nil }
  let isNegative = word.first == "-"
  if isNegative { word.removeFirst() }
  let parts = word.split(separator: ".", omittingEmptySubsequences: false)
  guard (1...2).contains(parts.count),
    parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { 48...57 ~= $0 } }),
    let whole = Int64(parts[0]), whole <= wholeMax
  else { return nil }
  let fraction = parts.count == 2 ? parts[1] : ""
  guard fraction.count <= places else { return nil }
  let digits = fraction + String(repeating: "0", count: places - fraction.count)
  let scale = (0..<places).reduce(Int64(1)) { product, _ in product * 10 }
  let number = whole * scale + (Int64(digits) ?? 0)
  return isNegative ? -number : number
}
