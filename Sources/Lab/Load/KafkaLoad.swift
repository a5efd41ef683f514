internal import Glomers
internal import Wire
internal import Workloads
import History
import Checkers

/// Clients send to keys and poll those that they are assigned, as Maelstrom's do: `jepsen.tests.kafka` without
/// transactions. In the end each reads everything from the beginning.
///
/// The values of operations are Jepsen's: `[["send", key, message]]`, which comes back as `[["send", key, [offset,
/// message]]]`, and `[["poll"]]`, which comes back as `[["poll", {key: [[offset, message], …]}]]`; an `assign` has the
/// keys. Each poll that finds something commits how far it has got.
struct KafkaLoad: MaelstromLoad {
  /// How often an assignment is drawn instead of a send or poll, and how often it takes along what nobody has polled.
  private static var assignmentOdds: Int { 64 }
  private static var unseenOdds: Int { 3 }
  /// The mean time between crashes of one client.
  private static var crashInterval: Duration { .seconds(30) }
  /// The mean time between final polls of one client, and how long they may go on.
  private static var finalInterval: Duration { .milliseconds(200) }
  private static var finalPatience: Duration { .seconds(10) }

  /// What a client remembers from one operation to the next: it is new after each crash.
  fileprivate struct Consumer: Sendable {
    var process: Int
    /// What it is assigned, and from where on it wants messages.
    var positions: [Kafka.Position] = [] {
      didSet { places = nil }
    }
    /// Where its positions are, by key; nil where nobody has asked since they changed.
    private var places: [JSONName: Int]?
    /// What it has polled in the operation under way, and is committing.
    var polled: JSON?
    var committing: [Kafka.Position] = []
    /// From where on it goes on when that operation has succeeded. Where its commit was refused, it has shown nobody
    /// what it polled, and polls that again.
    var advanced: [Kafka.Position] = []
    /// What it was told about committed offsets in the operation under way.
    var committed: [Kafka.Position]?

    init(process: Int) { self.process = process }

    mutating func place(of key: JSONName) -> Int? {
      if places == nil {
        places = Dictionary(positions.indices.map { (positions[$0].key, $0) }) { first, _ in first }
      }
      return places![key]
    }
  }

  private enum Final: Equatable {
    case recall, crash, assign, poll, list, done
  }

  /// What a worker does at the end.
  private struct Finale: Sendable {
    var next = Final.recall
    /// Up to which offsets it has yet to read.
    var targets: [JSONName: Int]
    var end: Duration
    var pace: Stagger
  }

  private var keys: KeyPool
  /// Drawn, but not yet done.
  private var access: KeyPool.Access
  private var crashes: Stagger
  private var random: Random
  /// Apart, so that the end of a script is that of the run that it was made of.
  private var finalRandom: Random
  // By worker.
  private var consumers: [Consumer?] = []
  private var finales: [Int: Finale] = [:]
  private var offsets = SeenOffsets()

  init(_ scenario: Scenario, random: Random) {
    var random = random
    let draw = KeyDraw(
      scenario.keyDistribution, keyCount: min(scenario.poolSize, 62),
      writesMax: max(1, scenario.maxWritesPerKey))
    keys = KeyPool(draw, random: random.split())
    access = keys.next()
    crashes = Stagger(
      mean: Self.crashInterval / max(scenario.clientCount, 1), begin: .zero, random: random.split())
    self.random = random
    finalRandom = Random(seed: scenario.seed ^ 0x6669_6E61_6C73)
  }

  // MARK: Generator

  mutating func next(for worker: Worker, at time: Duration) -> Invocation {
    // Of two generators that have something for now, Jepsen takes either.
    if crashes.next <= .zero + time, Bool.random(using: &random) {
      crashes.advance(from: crashes.next)
      return Invocation(function: "crash")
    }
    if Int.random(in: 0..<Self.assignmentOdds, using: &random) == 0 {
      var assigned = [JSONName(String(access.key))]
      let unseen = offsets.unseenKeys
      if !unseen.isEmpty, Int.random(in: 0..<Self.unseenOdds, using: &random) == 0 {
        assigned = unseen + assigned.filter { !unseen.contains($0) }
      }
      return Invocation(function: "assign", value: .array(assigned.map(\.json)))
    }
    defer { access = keys.next() }
    switch access {
    case .read: return Invocation(function: "poll", value: KafkaOperation.poll)
    case .write(let key, let value):
      return Invocation(function: "send", value: [["send", .string(String(key)), .integer(value)]])
    }
  }

  var hasFinalOperations: Bool { true }

  /// A new client reads every key from the beginning, until it has seen all that is known of, or time is up. Before and
  /// after, unlike Maelstrom's, it asks what was committed: before, too, since its polls commit everything anew.
  mutating func finalStep(for worker: Worker, after count: Int, at time: Duration) -> FinalStep {
    var finale =
      finales[worker.number]
      ?? Finale(
        targets: offsets.ends, end: time + Self.finalPatience,
        pace: Stagger(mean: Self.finalInterval, begin: .zero + time, random: finalRandom.split()))
    defer { finales[worker.number] = finale }
    if !offsets.hasEnds || finale.next == .done { return .done }
    if finale.next != .list, finale.targets.isEmpty || time >= finale.end { finale.next = .list }
    switch finale.next {
    case .recall:
      finale.next = .crash
      return .begin(Invocation(function: "assign", value: offsets.endedKeys(), isFinal: true))
    case .crash:
      finale.next = .assign
      return .begin(Invocation(function: "crash", isFinal: true))
    case .assign:
      finale.next = .poll
      return .begin(Invocation(function: "assign", value: offsets.endedKeys(), isFinal: true))
    case .poll:
      guard finale.pace.next <= .zero + time else { return .wait(until: finale.pace.next - .zero) }
      finale.pace.advance(from: .zero + time)
      return .begin(Invocation(function: "poll", value: KafkaOperation.poll, isFinal: true))
    case .list:
      finale.next = .done
      return .begin(Invocation(function: "assign", value: offsets.endedKeys(), isFinal: true))
    case .done: return .done
    }
  }

  var followsOperations: Bool { true }

  mutating func ended(_ operation: Operation, by worker: Worker) {
    guard operation.kind == .ok else { return }
    let countsAsEnd = !operation.isFinal
    if operation.function == "send" {
      KafkaOperation.eachEndOfSends(operation) { offsets.sent($0, $1, countsAsEnd: countsAsEnd) }
      return
    }
    let number = worker.number
    let isFinal = finales[number] != nil
    KafkaOperation.eachEndOfPolls(operation) { key, offset in
      offsets.polled(key, offset, countsAsEnd: countsAsEnd)
      guard isFinal, let target = finales[number]!.targets[key], target <= offset else { return }
      finales[number]!.targets[key] = nil
    }
  }

  // MARK: Client

  mutating func begin(_ invocation: Invocation, by worker: Worker) -> Step {
    while consumers.count <= worker.number { consumers.append(nil) }
    // Taken out and put back: a second owner would make a change copy its positions.
    var consumer = consumers[worker.number].take() ?? Consumer(process: worker.process)
    if consumer.process != worker.process { consumer = Consumer(process: worker.process) }
    consumer.polled = nil
    consumer.committing = []
    consumer.committed = nil
    defer { consumers[worker.number] = consumer }
    switch invocation.function {
    case "crash": return .crash
    case "send":
      let send = invocation.value.array![0].array!
      return .ask(Kafka.send(key: send[1].name!, message: JSONText(send[2])))
    case "assign" where seeksBeginning(invocation.isFinal, worker):
      consumer.positions = KafkaOperation.keys(invocation.value).map { Kafka.Position($0, 0) }
      return .complete(invocation.value)
    case "assign": return .ask(Kafka.listCommittedOffsets(KafkaOperation.keys(invocation.value)))
    default: return .ask(Kafka.poll(consumer.positions))
    }
  }

  mutating func advance(
    _ invocation: Invocation, by worker: Worker, type: String, _ body: JSONObject
  ) throws(WireError) -> Step? {
    var consumer = consumers[worker.number].take()!
    defer { consumers[worker.number] = consumer }
    switch (try Kafka(type: type, body: body), invocation.function) {
    case (.sendOk(let offset), "send"):
      let send = invocation.value.array![0].array!
      return .complete([["send", send[1], [.integer(offset), send[2]]]])
    case (.pollOk(let batches), "poll") where consumer.polled == nil:
      consumer.take(batches)
      guard consumer.committing.isEmpty else { return .ask(Kafka.commitOffsets(consumer.committing)) }
      return .complete(consumer.polled!)
    case (.commitOffsetsOk, "poll") where consumer.polled != nil:
      consumer.positions = consumer.advanced
      return .complete(consumer.polled!)
    case (.listCommittedOffsetsOk(let committed), "assign"):
      consumer.assign(KafkaOperation.keys(invocation.value), committed)
      return .complete(invocation.value)
    default: return nil
    }
  }

  /// The first final assignment of a process.
  private func seeksBeginning(_ isFinal: Bool, _ worker: Worker) -> Bool {
    isFinal && finales[worker.number]?.next == .poll
  }

  func isIdempotent(_ function: String) -> Bool { function == "assign" }

  private static let members = [
    "send_ok": "offset", "poll_ok": "msgs", "list_committed_offsets_ok": "offsets",
  ]
  var replyMembers: [String: String] { Self.members }

  var hasNotes: Bool { true }

  /// What Jepsen's history has no place for: what a client was told of committed offsets, and what it was committing
  /// when it lost touch with its node.
  func notes(on operation: Operation, by worker: Worker) -> [String: JSON] {
    if operation.function == "assign", seeksBeginning(operation.isFinal, worker) {
      return ["seek-to-beginning?": true]
    }
    guard operation.kind != .invoke, worker.number < consumers.count else { return [:] }
    if operation.function == "assign", operation.kind == .ok,
      let committed = consumers[worker.number]?.committed
    {
      return ["committed": KafkaOperation.json(committed)]
    }
    if operation.function == "poll", operation.kind != .ok,
      let committing = consumers[worker.number]?.committing, !committing.isEmpty
    {
      return ["committing": KafkaOperation.json(committing)]
    }
    return [:]
  }

  static func checker(_ scenario: Scenario) -> any Checker { KafkaChecker(lagMax: scenario.lagMax) }
}

extension KafkaLoad.Consumer {
  /// Takes what it has polled, to go on behind it.
  fileprivate mutating func take(_ batches: [Kafka.Batch]) {
    polled = KafkaOperation.poll(batches)
    advanced = positions
    if batches.isEmpty { return }
    for batch in batches.sorted(by: { $0.key < $1.key }) where !batch.entries.isEmpty {
      // Maelstrom's client goes by the highest offset, in whatever order they come.
      let end = batch.entries.lazy.map(\.offset).max()!
      committing.append(Kafka.Position(batch.key, max(end, 0)))
      let next = end == .max ? end : end + 1
      let new = positions.count
      if let place = place(of: batch.key) ?? advanced[new...].firstIndex(where: { $0.key == batch.key }) {
        advanced[place] = Kafka.Position(batch.key, max(advanced[place].offset, next))
      } else {
        advanced.append(Kafka.Position(batch.key, next))
      }
    }
  }

  /// Keeps its place in the keys that it had already, and begins the others where others have left off.
  fileprivate mutating func assign(_ keys: [JSONName], _ committed: [Kafka.Position]) {
    self.committed = committed
    let stored = Dictionary(committed.map { ($0.key, $0.offset) }) { first, _ in first }
    var assigned: [Kafka.Position] = []
    assigned.reserveCapacity(keys.count)
    for key in keys {
      let kept = place(of: key).map { positions[$0].offset }
      assigned.append(Kafka.Position(key, kept ?? stored[key] ?? 0))
    }
    positions = assigned
  }
}

/// How far clients have sent and polled, by key.
private struct SeenOffsets: Sendable {
  private struct Log {
    let key: JSONName
    /// The highest offset that has been sent to, or polled, before the final operations; nil where none was.
    var end: Int?
    /// The highest since all that had been sent was polled.
    var sent = -1
    var polled = -1

    var isUnseen: Bool { polled < sent }
  }

  private var places: [JSONName: Int] = [:]
  private var logs: [Log] = []
  private(set) var hasEnds = false
  /// The names of those keys that have an end, in their order; nil where one has come since somebody asked.
  private var sortedKeys: JSON?

  var ends: [JSONName: Int] {
    var ends: [JSONName: Int] = [:]
    for log in logs { ends[log.key] = log.end }
    return ends
  }

  /// Keys that have an end, in the order of their names.
  mutating func endedKeys() -> JSON {
    if let sortedKeys { return sortedKeys }
    let keys = logs.filter { $0.end != nil }.map(\.key).sorted()
    let sorted = JSON.array(keys.map(\.json))
    sortedKeys = sorted
    return sorted
  }

  /// Keys to which more has been sent than has been polled, in the order of their names.
  var unseenKeys: [JSONName] { logs.filter(\.isUnseen).map(\.key).sorted() }

  mutating func sent(_ key: JSONName, _ offset: Int, countsAsEnd: Bool) {
    let place = place(of: key)
    logs[place].sent = max(logs[place].sent, offset)
    note(place, offset, countsAsEnd)
  }

  mutating func polled(_ key: JSONName, _ offset: Int, countsAsEnd: Bool) {
    let place = place(of: key)
    logs[place].polled = max(logs[place].polled, offset)
    note(place, offset, countsAsEnd)
  }

  private mutating func note(_ place: Int, _ offset: Int, _ countsAsEnd: Bool) {
    // What has been caught up with is forgotten.
    if !logs[place].isUnseen { (logs[place].sent, logs[place].polled) = (-1, -1) }
    guard countsAsEnd else { return }
    hasEnds = true
    if logs[place].end == nil { sortedKeys = nil }
    logs[place].end = max(logs[place].end ?? 0, offset)
  }

  private mutating func place(of key: JSONName) -> Int {
    if let place = places[key] { return place }
    places[key] = logs.count
    logs.append(Log(key: key))
    return logs.count - 1
  }
}
