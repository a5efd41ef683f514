import Checkers
import History
internal import Glomers

/// What is next of a script while it runs.
struct ScriptPlayer: Sendable {
  /// A fault that starts or ends.
  struct Edge: Sendable {
    let time: Duration
    let fault: Int
    let isStart: Bool
  }

  var script: Script
  /// The places of each client's requests, the next one last.
  var queues: [[Int]]
  /// The next one last.
  var edges: [Edge] = []
  var active: Set<Int> = []
  var requestsLeft: Int
  private let delays: [Script.MessageID: Duration]

  init(_ script: Script) {
    self.script = script
    queues = Array(repeating: [], count: script.clients.count)
    let order = script.requests.indices.sorted {
      (script.requests[$0].time, $0) < (script.requests[$1].time, $1)
    }
    for place in order.reversed() { queues[script.requests[place].client].append(place) }
    requestsLeft = script.requests.count
    delays = Dictionary(script.delays.map { ($0.message, $0.delay) }) { _, last in last }
    for (place, fault) in script.faults.enumerated() {
      edges.append(Edge(time: fault.start, fault: place, isStart: true))
      if let end = fault.end, end >= fault.start {
        edges.append(Edge(time: end, fault: place, isStart: false))
      }
    }
    // At one instant, what has begun before ends first.
    edges.sort { a, b in (b.time, b.isStart ? 1 : 0, b.fault) < (a.time, a.isStart ? 1 : 0, a.fault) }
    for (place, edge) in edges.enumerated() where !edge.isStart {
      // A fault without duration starts and ends: its end must come after its start.
      guard let start = edges.firstIndex(where: { $0.fault == edge.fault && $0.isStart }), start < place
      else { continue }
      edges.swapAt(start, place)
    }
  }

  /// Whether all requests have been made and all faults have started, and ended where they do so by themselves.
  var isDone: Bool { requestsLeft == 0 && edges.isEmpty }

  /// The earliest request of the clients that are free.
  func nextRequest(of free: [Int]) -> (time: Duration, client: Int)? {
    guard requestsLeft > 0 else { return nil }
    var next: (time: Duration, place: Int, client: Int)?
    for client in free {
      guard let place = queues[client].last else { continue }
      let time = script.requests[place].time
      if let next, (next.time, next.place) < (time, place) { continue }
      next = (time, place, client)
    }
    return next.map { ($0.time, $0.client) }
  }

  mutating func takeRequest(of client: Int) -> Script.Request {
    requestsLeft -= 1
    return script.requests[queues[client].removeLast()]
  }

  var nextEdge: Duration? { edges.last?.time }

  mutating func takeEdge() -> (fault: Int, isStart: Bool) {
    let edge = edges.removeLast()
    if edge.isStart { active.insert(edge.fault) } else { active.remove(edge.fault) }
    return (edge.fault, edge.isStart)
  }

  /// Ends all faults. Returns those that were under way, in the order in which the nemesis would end them.
  mutating func retire() -> [Int] {
    defer {
      edges = []
      active = []
    }
    let kinds = Scenario.Fault.allCases
    func rank(_ place: Int) -> Int { kinds.firstIndex(of: script.faults[place].harm.fault)! }
    return active.sorted { (rank($0), $0) < (rank($1), $1) }
  }

  func delay(of message: Script.MessageID) -> Duration? { delays[message] }

  /// What becomes of messages; nil where nothing is to become of any.
  var rule: Rule? {
    guard !script.strikes.isEmpty else { return nil }
    let fates = Dictionary(script.strikes.map { ($0.message, $0.fate) }) { _, last in last }
    return Rule("script") { parcel in
      guard !parcel.isDelayed, parcel.number > 0 else { return .pass }
      switch fates[parcel.message] {
      case nil: return .pass
      case .lost: return .drop
      case .again(let delay): return .deliverTwice(after: delay)
      case .later(let delay): return .deliver(after: delay)
      }
    }
  }
}

/// Writes a script while a test runs.
struct ScriptRecorder: Sendable {
  private(set) var script = Script()
  /// Where each request began in the history.
  private(set) var begins: [Int] = []
  /// When the messages of each link were sent, the first first.
  private(set) var sendTimes: [Script.Link: [Duration]] = [:]
  /// The faults under way.
  private var open: [Scenario.Fault: Int] = [:]

  init(clients: [NodeID]) { script.clients = clients }

  mutating func asked(_ invocation: Invocation, by client: Int, at time: Duration, begun: Int) {
    script.requests.append(.init(at: time, client: client, invocation.function, invocation.value))
    begins.append(begun)
  }

  mutating func started(_ harm: Script.Harm, at time: Duration) {
    guard !harm.isEmpty else { return }
    var harm = harm
    if case .cut(let grudge, let isOneWay) = harm {
      // Who is cut off from nobody needs no entry.
      harm = .cut(Grudge(grudge.sources.filter { !$0.value.isEmpty }), isOneWay: isOneWay)
    }
    open[harm.fault] = script.faults.count
    // What is instantaneous has no end.
    script.faults.append(.init(harm, from: time))
  }

  mutating func ended(_ fault: Scenario.Fault, at time: Duration) {
    if let place = open.removeValue(forKey: fault) { script.faults[place].end = time }
  }

  mutating func allEnded() { open = [:] }

  /// - Parameter delay: nil for the usual latency.
  mutating func sent(_ message: Script.MessageID, at time: Duration, delay: Duration?) {
    sendTimes[message.link, default: []].append(time)
    if let delay { script.delays.append(.init(message, delay)) }
  }

  mutating func struck(_ message: Script.MessageID, _ fate: Script.Fate) {
    script.strikes.append(.init(message, fate))
  }

  mutating func calm(_ time: Duration?) { script.calm = time }

  /// No more requests are made.
  mutating func drained(at time: Duration) { script.end = time }
}

/// A message that a fault struck, and when.
public struct SeenStrike: Equatable, Sendable {
  /// Since the test's start.
  public let time: Duration
  /// The message, and what became of it.
  public let strike: Script.Strike
  /// The message as it was sent, with the network's number.
  public let line: String
}

/// Numbers the messages of each link.
struct MessageCounter: Sendable {
  private var counts: [Script.Link: Int] = [:]

  mutating func next(from source: NodeID, to destination: NodeID) -> Script.MessageID {
    let link = Script.Link(from: source, to: destination)
    counts[link, default: 0] += 1
    return Script.MessageID(link, counts[link]!)
  }
}

extension Parcel {
  /// How scripts name it.
  var message: Script.MessageID { .init(.init(from: source, to: destination), number) }
}

extension TestRun {
  /// What this run was: the scenario with a script. Of a run that is recorded, and over.
  public var recording: Scenario? {
    guard let recorder else { return nil }
    var recorded = scenario
    recorded.isRecorded = false
    // Of what nothing is drawn any more.
    let usual = Scenario(scenario.workload)
    (recorded.rate, recorded.timeLimit) = (usual.rate, usual.timeLimit)
    recorded.keyDistribution = usual.keyDistribution
    (recorded.nemesisInterval, recorded.calmTime) = (usual.nemesisInterval, usual.calmTime)
    (recorded.maxTransactionLength, recorded.maxWritesPerKey) = (
      usual.maxTransactionLength, usual.maxWritesPerKey
    )
    recorded.script = recorder.script
    recorded.script?.delays.sort { $0.message < $1.message }
    recorded.script?.finals = scenario.script?.finals
    recorded.concurrency = .clients(workers.count)
    recorded.latencyDistribution = .constant
    // The final operations go over all keys that were drawn.
    if let transactions = load as? any TransactionLoad { recorded.keyCount = transactions.generator.keyCount }
    return recorded
  }

  /// When the messages of each link were sent, of a run that is recorded.
  public var sendTimes: [Script.Link: [Duration]] { recorder?.sendTimes ?? [:] }

  /// The places, in the recorded script's requests, of those that these operations of the history belong to.
  public func requests(of operations: [Int]) -> [Int] {
    guard let recorder else { return [] }
    let begins = Set(operations.map { history.invocation(of: $0)?.index ?? $0 })
    return recorder.begins.indices.filter { begins.contains(recorder.begins[$0]) }
  }

  /// Notes something for a script, with the time.
  mutating func noting(_ note: (inout ScriptRecorder, Duration) -> Void) {
    let time = time
    if recorder != nil { note(&recorder!, time) }
  }

  // MARK: Messages

  /// When a message between servers that is sent now arrives, and its number on its link, where somebody counts.
  mutating func arrival(from source: NodeID, to destination: NodeID) -> (due: Instant, number: Int) {
    guard counter != nil else { return (latencies.due(from: clock), 0) }
    let message = counter!.next(from: source, to: destination)
    let due = player.map { clock + ($0.delay(of: message) ?? scenario.latency) } ?? latencies.due(from: clock)
    let delay = due - clock == scenario.latency ? nil : due - clock
    noting { $0.sent(message, at: $1, delay: delay) }
    return (due, message.number)
  }

  /// Notes what faults have made of messages.
  mutating func noteInterferences() {
    for interference in network.takeInterferences() {
      let parcel = interference.parcel
      if !parcel.isFromClient {
        switch interference.decision {
        case .pass: break
        case .drop: encounters.noteLost(parcel.line)
        case .deliver: encounters.noteHeldUp()
        case .deliverTwice: encounters.noteDoubled()
        }
      }
      guard parcel.number > 0, interference.isOfOneMessage else { continue }
      let fate: Script.Fate
      switch interference.decision {
      case .pass: continue
      case .drop: fate = .lost
      case .deliver(let delay): fate = .later(by: delay)
      case .deliverTwice(let delay): fate = .again(after: delay)
      }
      recorder?.struck(parcel.message, fate)
      guard scenario.isRecorded else { continue }
      strikes.append(
        SeenStrike(
          time: time, strike: .init(parcel.message, fate),
          line: String(decoding: parcel.line.dropLast(), as: UTF8.self)))
    }
  }

  // MARK: Faults

  /// A fault of the script starts or ends.
  mutating func carryOut(scripted place: Int, isStart: Bool) {
    let fault = player!.script.faults[place]
    let wasWell = faults.isEmpty
    noteFaults()
    let function = isStart ? fault.harm.functions.start : fault.harm.functions.end
    record(function, .null)
    record(
      function,
      isStart
        ? start(fault.harm, "script", rule: "\(fault.harm.fault.rawValue) \(place)")
        : end(fault.harm, rule: "\(fault.harm.fault.rawValue) \(place)"))
    noteFaults()
    if !wasWell, faults.isEmpty { visibility.healed(at: clock) }
    counts.faults = faults.values.sorted()
  }

  private mutating func end(_ harm: Script.Harm, rule: String) -> JSON {
    switch harm {
    case .cut: return heal(harm.fault, rule: rule)
    case .kill(let nodes): return start(nodes.filter(states.down.contains))
    case .pause(let nodes): return resume(nodes.filter(states.paused.contains))
    case .disk(_, let nodes): return mendDisks(nodes.filter(states.withBrokenDisks.contains))
    case .remove: return addMembers()
    case .skew: return .null
    }
  }
}
