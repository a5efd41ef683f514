import Glomers
import Testing

@testable import Fleet

/// Agents of one run, and what their nodes are given, without a network: a test carries the messages.
private struct Agents {
  var crossings: [String: Crossing] = [:]
  /// What nodes were given, as `n0<n1 {…}`, numbers left out.
  var given: [String] = []
  var sent: [String] = []
  var fates: [Fates] = []
  var now: Instant = .zero
  /// Whether nodes read what they are given.
  var reads = true

  /// Nodes are dealt out in turn: n0 to a, n1 to b, n2 to c, n3 to a, ….
  init(
    _ names: [String] = ["a", "b", "c"], nodes: Int = 4, latency: Duration = .zero, areTold: Bool = true,
    bound: Int = 1 << 20
  ) {
    let places = (0..<nodes).map { ("n\($0)", $0 % names.count) }
    let roster = Roster(
      agents: names, places: Dictionary(uniqueKeysWithValues: places), latencyNanoseconds: latency.nanoseconds
    )
    for name in names { crossings[name] = Crossing(run: "r", agent: name, roster, waitingBytesMax: bound)! }
    guard areTold else { return }
    for place in 0..<nodes { tell("n\(place)") }
  }

  func home(_ node: String) -> String { crossings.keys.sorted()[Int(node.dropFirst())! % crossings.count] }

  mutating func tell(_ node: String) { crossings[home(node)]!.wasTold(node) }

  /// A node prints a line. Returns whether it went to a node, and not to the bench.
  @discardableResult
  mutating func say(_ node: String, _ line: String) -> Bool {
    Array(line.utf8).withUnsafeBytes { crossings[home(node)]!.take($0, from: node, at: now) }
  }

  /// A plain message.
  mutating func send(_ source: String, _ destination: String, _ text: String = "") {
    let line = #"{"src":"\#(source)","dest":"\#(destination)","body":{"type":"t","x":"\#(text)"}}"#
    let isTaken = say(source, line)
    #expect(isTaken)
  }

  mutating func messages(payload: Int = 1 << 20) -> [Crossing.Message] {
    crossings.keys.sorted().flatMap { name in
      crossings[name]!.flush(payloadBytesMax: payload)
      return crossings[name]!.takeMessages()
    }
  }

  mutating func carry(_ messages: [Crossing.Message]) {
    for message in messages {
      let subject = Subject(message.subject)!
      #expect(subject.direction == .across && subject.run == "r")
      crossings[subject.agent]!.receive(subject, reply: message.reply, message.bytes, at: now)
    }
  }

  mutating func beat() {
    for name in crossings.keys.sorted() { crossings[name]!.beat() }
    carry(messages())
  }

  /// Nodes get what is due, and the bench hears of it.
  mutating func deliver() {
    for name in crossings.keys.sorted() {
      crossings[name]!.deliver(at: now) { line, node in
        guard reads else { return false }
        given.append(
          "\(node)<" + String(decoding: line, as: UTF8.self).split(separator: ",", maxSplits: 1)[1])
        return true
      }
      sent += crossings[name]!.takeSent().split(separator: UInt8(ascii: "\n")).map {
        String(decoding: $0, as: UTF8.self)
      }
      fates += crossings[name]!.takeFates()
    }
  }

  mutating func run() {
    carry(messages())
    deliver()
  }

  var lost: [String: Int] {
    fates.reduce(into: [:]) { if let reason = $1.reason { $0[reason, default: 0] += $1.numbers.count } }
  }
  var arrivedCount: Int { fates.reduce(0) { $0 + ($1.reason == nil ? $1.numbers.count : 0) } }
}

private func text(_ source: String, _ destination: String, _ text: String = "") -> String {
  "\(destination)<\"src\":\"\(source)\",\"dest\":\"\(destination)\",\"body\":{\"type\":\"t\",\"x\":\"\(text)\"}}\n"
}

@Suite("Messages that agents carry from node to node") struct CrossingTests {
  @Test("go to the agent of the receiver, on the receiver's subject, with a number that no other has")
  func routes() throws {
    var agents = Agents()
    agents.carry(agents.messages())
    agents.send("n0", "n1", "a")
    agents.send("n0", "n3", "at the same agent")
    agents.send("n1", "n0", "b")
    let messages = agents.messages()
    #expect(
      messages.map(\.subject) == ["glomers.run.r.b.across.lines.n1", "glomers.run.r.a.across.lines.n0"])
    #expect(messages.map(\.reply) == ["2.a.n0", "2.b.n1"])
    agents.carry(messages)
    agents.deliver()
    #expect(
      agents.given == [text("n0", "n3", "at the same agent"), text("n1", "n0", "b"), text("n0", "n1", "a")])
    let numbers = agents.sent.compactMap { Crossing.number(of: Array($0.utf8)) }
    #expect(Set(numbers).count == 3 && numbers.allSatisfy { $0 > 1 << 40 })
    #expect(Set(agents.fates.flatMap(\.numbers)) == Set(numbers) && agents.lost.isEmpty)
  }

  @Test(
    "are plain messages of the node itself; the bench gets all else, and judges it",
    arguments: [
      #"{"src":"n0","dest":"c1","body":{}}"#, #"{"src":"n0","dest":"lin-kv","body":{}}"#,
      #"{"src":"n0","dest":"n9","body":{}}"#, #"{"src":"n1","dest":"n2","body":{}}"#,
      #"{"src":"n0","dest":"n1","body":{},"more":1}"#, #"{"src":"n0","dest":"n1","body":{},"id":"1"}"#,
      #"{"src":"n0","dest":"n1"}"#, #"{"src":"n0","dest":"n1","body":"{}"}"#,
      #"{"src":"n0","dest":"n1","body":{}"#,
      #"{'src':'n0','dest':'n1','body':{}}"#, "", "hello", "[]", #"{"src":"n0","dest":1,"body":{}}"#,
    ])
  func foreign(line: String) {
    var agents = Agents()
    let isTaken = agents.say("n0", line)
    #expect(!isTaken)
    agents.run()
    #expect(agents.given.isEmpty && agents.sent.isEmpty && agents.fates.isEmpty)
  }

  @Test("get one number, whatever number the node gave them, and wherever white space is")
  func numbers() {
    var agents = Agents()
    agents.say("n0", #" {"id": 7, "body":{"type":"t","x":""},"dest":"n1","src":"n0"}"#)
    agents.say("n0", #" { "src":"n0","dest":"n1","body":{"type":"t","x":"b"}}"#)
    agents.run()
    #expect(agents.given[0] == text("n0", "n1"))
    #expect(agents.given[1].hasPrefix(#"n1< "src":"n0""#), "\(agents.given)")
    #expect(agents.arrivedCount == 2)
  }

  @Test(
    "arrive once and in order between two nodes, whatever the carrier loses, doubles and holds up, and wherever it cuts them"
  )
  func losses() {
    for seed in UInt64(0)..<60 {
      var random = Generator(state: seed)
      var agents = Agents()
      var held: [Crossing.Message] = []
      let payload = Int.random(in: 1...200, using: &random)
      for number in 0..<30 {
        agents.send("n\(number % 4)", "n\((number + 1) % 4)", "\(number)")
        for message in agents.messages(payload: payload) {
          switch UInt8.random(in: 0..<4, using: &random) {
          case 0: break
          case 1: held.append(message)
          case 2: agents.carry([message, message])
          default: agents.carry([message])
          }
        }
        if Bool.random(using: &random) {
          agents.carry(held)
          held = []
        }
      }
      for _ in 0..<6 { agents.beat() }
      agents.run()
      for pair in 0..<4 {
        let (from, to) = ("n\(pair)", "n\((pair + 1) % 4)")
        let expected = (0..<30).filter { $0 % 4 == pair }.map { text(from, to, "\($0)") }
        #expect(agents.given.filter { $0.hasPrefix("\(to)<") } == expected, "seed \(seed)")
      }
      #expect(agents.arrivedCount == 30 && agents.sent.count == 30 && agents.lost.isEmpty)
    }
  }

  @Test("that cross a cut are dropped where they arrive, one way or both, until it is healed")
  func cuts() {
    var agents = Agents()
    let cut = Deafness(name: "one-way", sources: ["n1": ["n0"], "n3": ["n0"]])
    for name in agents.crossings.keys { agents.crossings[name]!.impose([cut]) }
    agents.send("n0", "n1", "lost")
    agents.send("n0", "n3", "lost")
    agents.send("n1", "n0", "back")
    agents.send("n2", "n1", "from another")
    agents.run()
    #expect(Set(agents.given) == [text("n1", "n0", "back"), text("n2", "n1", "from another")])
    #expect(agents.lost == ["one-way": 2] && agents.sent.count == 4)
    for name in agents.crossings.keys { agents.crossings[name]!.impose([]) }
    agents.send("n0", "n1", "after")
    agents.run()
    #expect(agents.given.last == text("n0", "n1", "after") && agents.lost == ["one-way": 2])
  }

  @Test("wait until the node has been told who it is, and are lost while it is down")
  func presence() {
    var agents = Agents(areTold: false)
    agents.send("n0", "n1", "early")
    agents.run()
    #expect(agents.given.isEmpty && agents.fates.isEmpty)
    agents.tell("n1")
    agents.run()
    #expect(agents.given == [text("n0", "n1", "early")])
    agents.crossings["b"]!.ended("n1")
    agents.send("n0", "n1", "down")
    agents.run()
    agents.crossings["b"]!.started("n1")
    agents.send("n0", "n1", "again")
    agents.run()
    #expect(agents.given.count == 1 && agents.lost == ["node down": 1])
    agents.tell("n1")
    agents.run()
    #expect(agents.given.last == text("n0", "n1", "again") && agents.lost == ["node down": 1])
  }

  @Test("take the latency that is asked for, and a kill loses those on their way")
  func latency() {
    var agents = Agents(latency: .milliseconds(100))
    agents.send("n0", "n1", "a")
    agents.send("n0", "n2", "b")
    agents.run()
    #expect(agents.given.isEmpty && agents.crossings["b"]!.deadline == .zero + .milliseconds(100))
    agents.crossings["c"]!.ended("n2")
    agents.crossings["c"]!.started("n2")
    agents.tell("n2")
    agents.now = .zero + .milliseconds(99)
    agents.run()
    #expect(agents.given.isEmpty)
    agents.now = .zero + .milliseconds(100)
    agents.run()
    #expect(agents.given == [text("n0", "n1", "a")] && agents.lost == ["kill": 1])
    #expect(agents.crossings.values.allSatisfy { $0.waitingBytes == 0 && $0.deadline == nil })
  }

  @Test("agents are linked once each has heard every other and been heard by it, and not before")
  func links() {
    var agents = Agents()
    let greetings = agents.messages()
    #expect(greetings.count == 6)
    agents.beat()
    #expect(agents.crossings.values.allSatisfy { !$0.isLinked })
    // One was lost; beats make its sender say it again.
    agents.carry(Array(greetings.dropFirst()))
    agents.beat()
    #expect(agents.crossings.filter(\.value.isLinked).map(\.key) == ["c"])
    for _ in 0..<2 { agents.beat() }
    #expect(agents.crossings.values.allSatisfy { $0.isLinked })
    var alone = Agents(["a"])
    let greetingsAlone = alone.messages()
    #expect(greetingsAlone.isEmpty && alone.crossings["a"]!.isLinked)
  }

  @Test(
    "a node that leaves them unread, and a peer that takes none, lose them within bounds, and the bench is told how many"
  )
  func bounds() {
    var agents = Agents(["a", "b"], bound: 8 << 10)
    agents.reads = false
    agents.send("n0", "n1")
    agents.run()
    #expect(agents.given.isEmpty && agents.lost == ["unread": 1])
    // Nobody carries what a says.
    let large = String(repeating: "x", count: 1 << 10)
    for _ in 0..<8 {
      agents.send("n0", "n1", large)
      _ = agents.messages()
    }
    #expect(agents.lost == ["unread": 1])
    agents.send("n0", "n1")
    agents.send("n0", "n1")
    let none = agents.messages()
    #expect(none.isEmpty)
    agents.deliver()
    #expect(agents.lost == ["unread": 1, "queue full": 2] && agents.sent.count == 11)
    // What waits for a node that is not told who it is has a bound, too.
    var early = Agents(["a"], areTold: false, bound: 8 << 10)
    for _ in 0..<8 { early.send("n0", "n1", large) }
    early.deliver()
    #expect(early.lost == ["queue full": 1])
    #expect(early.crossings["a"]!.waitingBytes <= 8 << 10)
  }

  @Test("what strangers say on a run's subjects is left aside")
  func strangers() {
    var agents = Agents()
    agents.send("n0", "n1", "a")
    let lines = agents.messages().last!
    for (subject, reply, bytes) in [
      (lines.subject, "9.a.n0", lines.bytes), (lines.subject, "2.c.n0", lines.bytes),
      (lines.subject, "rubbish", lines.bytes), (lines.subject, "2.a.n1", lines.bytes),
      (lines.subject, "-1.a.n0", lines.bytes), ("glomers.run.r.b.across.lines.n0", "1.a.n0", lines.bytes),
      ("glomers.run.r.b.across.beat.a", "", Array("{".utf8)),
      ("glomers.run.r.b.across.beat.z", "", Beat(sent: 1, received: 0).bytes),
      ("glomers.run.r.b.across.beat.a", "", Beat(sent: 1, received: 99).bytes),
    ] {
      agents.carry([.init(subject: subject, reply: reply, bytes: bytes)])
    }
    agents.deliver()
    #expect(agents.given.isEmpty)
    let roster = Roster(agents: ["a"], places: ["n0": 0], latencyNanoseconds: 0)
    #expect(Crossing(run: "r", agent: "z", roster) == nil)
    for (names, places, latency): ([String], [String: Int], Int64) in [
      (["a", "a"], ["n0": 0], 0), (["a"], ["n0": 1], 0), (["a"], ["n.0": 0], 0), (["a"], ["n0": 0], -1),
    ] {
      #expect(
        Crossing(run: "r", agent: "a", Roster(agents: names, places: places, latencyNanoseconds: latency))
          == nil)
    }
  }

  @Test("what became of them is told in messages of any size, and read as it was told")
  func fates() {
    for told in [Fates(reason: nil, numbers: [1, 2, 3]), Fates(reason: "node down", numbers: Array(1...50))] {
      for size in [1, 30, 1000] {
        let read = told.chunks(bytes: size).compactMap { Fates(bytes: $0) }
        #expect(read.flatMap(\.numbers) == told.numbers && read.allSatisfy { $0.reason == told.reason })
      }
    }
    for text in ["", "1 2 3", String(repeating: "x", count: 65) + "\n1"] {
      #expect(Fates(bytes: Array(text.utf8)) == nil)
    }
  }
}
