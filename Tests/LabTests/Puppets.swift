import Glomers
import Lab
import Wire
@testable import History

/// Nodes on strings: a test says what each prints when it gets a message. Drives a test run in virtual time.
struct Puppets {
  /// A line that a node prints, some time after it got a message.
  struct Said {
    var line: String
    var after: Duration = .zero
  }

  struct Delivery {
    let time: Instant
    let node: NodeID
    let message: JSON
  }

  var test: TestRun
  private(set) var now: Instant = .zero
  /// Everything that nodes were given.
  private(set) var deliveries: [Delivery] = []
  private(set) var started: [NodeID] = []
  private(set) var stopped: [NodeID] = []
  private(set) var killed: [NodeID] = []
  private(set) var paused: [NodeID] = []
  private(set) var resumed: [NodeID] = []
  private(set) var skewed: [NodeID] = []
  private(set) var disks: [NodeID: DiskCondition] = [:]
  private(set) var notes: [String] = []
  private var sayings: [(due: Instant, order: Int, node: NodeID, line: String)] = []
  private var order = 0
  private let document = JSONDocument()
  private let act: (NodeID, JSON) -> [Said]

  init(_ scenario: Scenario, _ act: @escaping (NodeID, JSON) -> [Said]) {
    test = TestRun(scenario)
    self.act = act
    test.begin(at: .zero)
    drain()
  }

  /// Runs a whole test.
  static func run(_ scenario: Scenario, _ act: @escaping (NodeID, JSON) -> [Said]) -> Puppets {
    var puppets = Puppets(scenario, act)
    puppets.run(until: nil)
    return puppets
  }

  /// Runs until an instant, or to the end of the test.
  mutating func run(until end: Instant?) {
    while !test.isFinished {
      let dues = [test.deadline, sayings.first?.due].compactMap { $0 }
      guard let due = dues.min(), end.map({ due <= $0 }) ?? true else { break }
      now = max(now, due)
      while let first = sayings.first, first.due <= now {
        sayings.removeFirst()
        test.receive(line: Array(first.line.utf8), from: first.node, at: now)
      }
      test.advance(to: now)
      drain()
    }
    drain()
    if let end { now = max(now, end) }
  }

  /// The node prints a line now.
  mutating func say(_ node: NodeID, _ line: String) {
    test.receive(line: Array(line.utf8), from: node, at: now)
    test.advance(to: now)
    drain()
  }

  private mutating func drain() {
    var actions: [TestRun.Action] = []
    test.drain { actions.append($0) }
    for action in actions {
      switch action {
      case .start(let node): started.append(node)
      case .stop(let node): stopped.append(node)
      case .note(let text): notes.append(text)
      case .kill(let node): killed.append(node)
      case .pause(let node): paused.append(node)
      case .resume(let node): resumed.append(node)
      case .skew(let node, _): skewed.append(node)
      case .setDisk(let node, let condition): disks[node] = condition
      case .deliver(let line, let node):
        precondition(line.last == UInt8(ascii: "\n"), "a line without an end")
        let message = try! document.parseValue(line).value
        deliveries.append(Delivery(time: now, node: node, message: message))
        for said in act(node, message) {
          order += 1
          sayings.append((now + said.after, order, node, said.line))
        }
        sayings.sort { ($0.due, $0.order) < ($1.due, $1.order) }
      }
    }
  }
}

extension Puppets.Said: ExpressibleByStringLiteral {
  init(stringLiteral line: String) { self.init(line: line) }
}

extension JSON {
  var source: NodeID { NodeID(self["src"]!.string!) }
  var body: JSON { self["body"]! }
  var type: String { body["type"]!.string! }

  /// A line that answers this message with these members, given as JSON text.
  func reply(_ members: String, after delay: Duration = .zero) -> Puppets.Said {
    let id = body["msg_id"]!.integer!
    return Puppets.Said(
      line: """
        {"src":"\(self["dest"]!.string!)","dest":"\(source)","body":{\(members),"in_reply_to":\(id)}}
        """, after: delay)
  }

  /// What a well-behaved node on its own answers to any request; broadcasts are acknowledged and forgotten.
  var ordinaryReply: Puppets.Said {
    switch type {
    case "init": reply(#""type":"init_ok""#)
    case "topology": reply(#""type":"topology_ok""#)
    case "broadcast": reply(#""type":"broadcast_ok""#)
    case "read": reply(#""type":"read_ok","messages":[]"#)
    case "echo": reply(#""type":"echo_ok","echo":"\#(body["echo"]!.string!)""#)
    case "generate": reply(#""type":"generate_ok","id":"\#(source)-\#(body["msg_id"]!.integer!)""#)
    default: preconditionFailure("no request: \(self)")
    }
  }
}

/// A tiny scenario for the puppets.
func stage(_ workload: Workload, nodes: Int = 1, rate: Double = 10, seconds: Int = 2) -> Scenario {
  var scenario = Scenario(workload)
  scenario.nodeCount = nodes
  scenario.rate = rate
  scenario.timeLimit = .seconds(seconds)
  scenario.probeInterval = nil
  return scenario
}
