import Glomers
import Testing
import Wire
import Workloads

@testable import Lab
@testable import History

@Suite("The kafka load")
struct KafkaLoadTests {
  private let worker = Worker(number: 0, node: "n0")

  private func load(_ change: (inout Scenario) -> Void = { _ in }) -> KafkaLoad {
    var scenario = Scenario(.kafka)
    change(&scenario)
    return KafkaLoad(scenario, random: Random(seed: 1))
  }

  private func invocation(_ function: String, _ value: JSON, isFinal: Bool = false) -> Invocation {
    Invocation(function: function, value: value, isFinal: isFinal)
  }

  private func asked(_ step: Step?) -> Kafka? {
    if case .ask(let message)? = step { message as? Kafka } else { nil }
  }

  private func completed(_ step: Step?) -> JSON? {
    if case .complete(let value)? = step { value } else { nil }
  }

  /// The node's reply to what the load has asked.
  private func reply(
    _ load: inout KafkaLoad, _ message: Kafka, to invocation: Invocation
  ) throws -> Step? {
    var writer = JSONWriter()
    writer.beginObject()
    message.write(to: &writer)
    writer.endObject()
    let document = JSONDocument()
    let body = try document.parse(writer.bytes)
    return try load.advance(invocation, by: worker, type: try body.string("type"), body)
  }

  @Test("clients send and poll about as often, now and then take other keys, and seldom crash")
  func mix() {
    var load = load()
    var counts: [String: Int] = [:]
    for place in 0..<10_000 {
      counts[load.next(for: worker, at: .milliseconds(place * 10)).function, default: 0] += 1
    }
    #expect(4500..<5400 ~= counts["send"]!)
    #expect(4500..<5400 ~= counts["poll"]!)
    #expect(100..<220 ~= counts["assign"]!)
    // Five clients for 100 s, one crash each in 30 s.
    #expect(8..<28 ~= counts["crash"]!)
  }

  @Test("what is sent to a key counts from 1 to the limit; then another key takes its place")
  func keys() {
    var load = load {
      $0.keyCount = 3
      $0.maxWritesPerKey = 5
    }
    var sent: [String: [Int]] = [:]
    for _ in 0..<1000 {
      let invocation = load.next(for: worker, at: .zero)
      guard invocation.function == "send", let parts = invocation.value.array?[0].array else { continue }
      sent[parts[1].string!, default: []].append(parts[2].integer!)
    }
    #expect(sent.count > 50)
    for messages in sent.values {
      #expect(messages == Array(1...messages.count))
      #expect(messages.count <= 5)
    }
    #expect(sent.values.count { $0.count < 5 } <= 3)
  }

  @Test("of a pool of keys each is twice as popular as the one before it")
  func popularity() {
    var pool = KeyPool(
      KeyDraw(.exponential, keyCount: 3, writesMax: .max), random: Random(seed: 2))
    var counts = [0, 0, 0]
    for _ in 0..<7000 { counts[pool.next().key] += 1 }
    #expect(900..<1100 ~= counts[0])
    #expect(1850..<2150 ~= counts[1])
    #expect(3800..<4200 ~= counts[2])
  }

  @Test("a send comes back with its offset")
  func send() throws {
    var load = load()
    let send = invocation("send", [["send", "a", 5]])
    #expect(asked(load.begin(send, by: worker)) == .send(key: "a", message: 5))
    #expect(completed(try reply(&load, .sendOk(offset: 3), to: send)) == [["send", "a", [3, 5]]])
    let stray = try reply(&load, .commitOffsetsOk, to: send)
    #expect(asked(stray) == nil && completed(stray) == nil, "an answer to something else is none")
  }

  @Test("a consumer begins at committed offsets, commits what it has polled, and goes on behind it")
  func consumer() throws {
    var load = load()
    let assign = invocation("assign", ["a", "b"])
    let poll = invocation("poll", [["poll"]])
    #expect(asked(load.begin(poll, by: worker)) == .poll([]))
    #expect(asked(load.begin(assign, by: worker)) == .listCommittedOffsets(["a", "b"]))
    #expect(completed(try reply(&load, .listCommittedOffsetsOk([.init("a", 4)]), to: assign)) == ["a", "b"])
    #expect(asked(load.begin(poll, by: worker)) == .poll([.init("a", 4), .init("b", 0)]))
    let batch = Kafka.Batch("a", [.init(4, "x"), .init(7, "y")])
    #expect(asked(try reply(&load, .pollOk([batch]), to: poll)) == .commitOffsets([.init("a", 7)]))
    let value: JSON = [["poll", ["a": [[4, "x"], [7, "y"]]]]]
    #expect(completed(try reply(&load, .commitOffsetsOk, to: poll)) == value)
    // Of what it keeps it knows better than the node where it is.
    _ = load.begin(assign, by: worker)
    _ = try reply(&load, .listCommittedOffsetsOk([.init("a", 2), .init("b", 1)]), to: assign)
    #expect(asked(load.begin(poll, by: worker)) == .poll([.init("a", 8), .init("b", 0)]))
    #expect(completed(try reply(&load, .pollOk([]), to: poll)) == [["poll", [:]]])
  }

  @Test("keys that look alike are two to a consumer")
  func keysByTheirBytes() throws {
    var load = load()
    let (composed, decomposed): (JSONName, JSONName) = ("\u{e9}", "e\u{301}")
    let assign = invocation("assign", [composed.json, decomposed.json])
    let poll = invocation("poll", [["poll"]])
    _ = load.begin(assign, by: worker)
    _ = try reply(&load, .listCommittedOffsetsOk([.init(composed, 4), .init(decomposed, 2)]), to: assign)
    #expect(asked(load.begin(poll, by: worker)) == .poll([.init(composed, 4), .init(decomposed, 2)]))
    let batches = [Kafka.Batch(composed, [.init(4, "x")]), .init(decomposed, [.init(2, "y")])]
    let commit = Kafka.commitOffsets([.init(decomposed, 2), .init(composed, 4)])
    #expect(asked(try reply(&load, .pollOk(batches), to: poll)) == commit)
    // The last offset of all has none after it.
    var last = load
    _ = last.begin(poll, by: worker)
    let end = Kafka.Batch(composed, [.init(.max, "z")])
    #expect(asked(try reply(&last, .pollOk([end]), to: poll)) == .commitOffsets([.init(composed, .max)]))
    let value: JSON = [["poll", .object([composed: [[4, "x"]], decomposed: [[2, "y"]]])]]
    #expect(completed(try reply(&load, .commitOffsetsOk, to: poll)) == value)
  }

  @Test("a poll whose commit was refused has shown nobody anything: the next one begins where it did")
  func refusedCommit() throws {
    var load = load()
    let assign = invocation("assign", ["a"])
    let poll = invocation("poll", [["poll"]])
    _ = load.begin(assign, by: worker)
    _ = try reply(&load, .listCommittedOffsetsOk([]), to: assign)
    _ = load.begin(poll, by: worker)
    let batch = Kafka.Batch("a", [.init(0, "x")])
    #expect(asked(try reply(&load, .pollOk([batch]), to: poll)) == .commitOffsets([.init("a", 0)]))
    #expect(asked(load.begin(poll, by: worker)) == .poll([.init("a", 0)]))
    _ = try reply(&load, .pollOk([batch]), to: poll)
    _ = try reply(&load, .commitOffsetsOk, to: poll)
    #expect(asked(load.begin(poll, by: worker)) == .poll([.init("a", 1)]))
  }

  @Test("a client that crashes comes back without its keys")
  func crash() throws {
    var load = load()
    var worker = worker
    let assign = invocation("assign", ["a"])
    _ = load.begin(assign, by: worker)
    _ = try reply(&load, .listCommittedOffsetsOk([]), to: assign)
    guard case .crash = load.begin(invocation("crash", nil), by: worker) else {
      Issue.record("did not crash")
      return
    }
    worker.process += 5
    #expect(asked(load.begin(invocation("poll", [["poll"]]), by: worker)) == .poll([]))
  }

  @Test("in the end a new client polls from the beginning until it has seen all, and lists what is committed")
  func finale() throws {
    var load = load()
    var sent = Operation(
      time: .zero, kind: .ok, process: .client(0), function: "send", value: [["send", "a", [3, 1]]])
    load.ended(sent, by: worker)
    // What was committed is asked for before the polls commit anew.
    let assign = invocation("assign", ["a"], isFinal: true)
    #expect(load.finalStep(for: worker, after: 0, at: .seconds(1)) == .begin(assign))
    #expect(asked(load.begin(assign, by: worker)) == .listCommittedOffsets(["a"]))
    #expect(
      load.finalStep(for: worker, after: 1, at: .seconds(1))
        == .begin(Invocation(function: "crash", isFinal: true)))
    #expect(load.finalStep(for: worker, after: 2, at: .seconds(1)) == .begin(assign))
    #expect(completed(load.begin(assign, by: worker)) == ["a"])
    let poll = invocation("poll", [["poll"]], isFinal: true)
    #expect(load.finalStep(for: worker, after: 3, at: .seconds(1)) == .begin(poll))
    #expect(asked(load.begin(poll, by: worker)) == .poll([.init("a", 0)]))
    // Not everything yet: it polls again, after a while.
    guard case .wait(let due) = load.finalStep(for: worker, after: 4, at: .seconds(1)) else {
      Issue.record("does not wait")
      return
    }
    #expect(due > .seconds(1) && due <= .milliseconds(1400))
    sent.function = "poll"
    sent.isFinal = true
    sent.value = [["poll", ["a": [[3, 1]]]]]
    load.ended(sent, by: worker)
    #expect(load.finalStep(for: worker, after: 4, at: due) == .begin(assign))
    #expect(asked(load.begin(assign, by: worker)) == .listCommittedOffsets(["a"]))
    #expect(load.finalStep(for: worker, after: 5, at: due) == .done)
  }

  @Test("a map that is null, as Go writes one that nobody has made, is told to be {}")
  func nullMap() throws {
    let body = try JSONDocument().parse(Array(#"{"msgs":null,"offset":null}"#.utf8))
    #expect(LineWords.nullOrMissing("msgs is missing", body).hasSuffix("it is {}"))
    #expect(LineWords.nullOrMissing("offset is missing", body) == "offset must not be null")
    #expect(LineWords.nullOrMissing("key is missing", body) == "key is missing")
  }

  @Test("final polls end after ten seconds, whatever is missing")
  func impatience() {
    var load = load()
    let sent = Operation(
      time: .zero, kind: .ok, process: .client(0), function: "send", value: [["send", "a", [3, 1]]])
    load.ended(sent, by: worker)
    for count in 0..<4 { _ = load.finalStep(for: worker, after: count, at: .zero) }
    #expect(
      load.finalStep(for: worker, after: 4, at: .seconds(10))
        == .begin(invocation("assign", ["a"], isFinal: true)))
    #expect(load.finalStep(for: worker, after: 5, at: .seconds(10)) == .done)
  }
}
