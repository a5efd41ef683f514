import Glomers
import Lab
import Simulator
import Support
import Testing
import Wire
import Workloads

@testable import Nodes
@testable import Replication

private func value<Kind>(_ trial: inout Trial<CounterNode<Kind>>) -> Int? {
  if case .reply(.client(.readOk(let value)), _)? = trial.receive(.client(.read)).first { value } else { nil }
}

private func errorCode<Kind>(_ effects: [Effect<CounterNode<Kind>>]) -> Int? {
  if case .fail(let error, _)? = effects.first { error.code } else { nil }
}

@Suite struct CounterNodeTests {
  private func component(_ name: String, _ count: Int, _ total: Int) -> CounterComponent {
    CounterComponent(origin: Incarnation(name: name), count: count, total: total)
  }

  private func news(
    _ components: [CounterComponent], from sender: NodeID = "n1", asks: Bool = false
  ) -> CounterMessage {
    var version = VersionVector()
    for component in components { version[component.origin] = component.count }
    return .peer(
      components, Advertisement(Incarnation(name: "\(sender).x"), version: version, wantsAnswer: asks))
  }

  /// A peer speaks for the first time, and holds nothing.
  private func greet(_ trial: inout Trial<PNCounterNode>, _ peers: [NodeID] = ["n1", "n2"]) {
    for peer in peers { _ = trial.receive(news([], from: peer), from: peer, id: nil) }
  }

  @Test("what is added is acknowledged and counted at once")
  func adds() {
    var trial = Trial(PNCounterNode.self)
    for delta in [5, -7, 0, 3] {
      #expect(trial.receive(.client(.add(delta))).first == .reply(.client(.addOk), to: trial.request()))
    }
    #expect(value(&trial) == 1)
  }

  @Test("an add of nothing is no news")
  func zero() {
    var trial = Trial(GCounterNode.self)
    #expect(trial.receive(.client(.add(0))) == [.reply(.client(.addOk), to: trial.request())])
  }

  @Test("what is added before the stream is settled counts at once, and is in a component once it is")
  func unnumbered() {
    var trial = Trial(PNCounterNode.self)
    let stored = trial.receive(.client(.add(5))) + trial.receive(.client(.add(-2)))
    #expect(stored.contains(.persist(.unnumbered(delta: 5))))
    #expect(value(&trial) == 3)
    let first = trial.receive(news([], from: "n1"), from: "n1", id: nil)
    #expect(!first.contains { if case .persist = $0 { true } else { false } })
    let effects = trial.receive(news([], from: "n2"), from: "n2", id: nil)
    guard case .persist(.numbered(let component))? = effects.first else {
      Issue.record("\(effects)")
      return
    }
    #expect(component.count == 1 && component.total == 3)
    let log = [.unnumbered(delta: 5), .unnumbered(delta: -2), .numbered(component)] as [CounterRecord]
    let recovered = ReplicatedCounter(recovering: log)
    #expect(recovered.checkpoint.count == 1 && recovered.checkpoint.first == .component(component))
    #expect(ReplicatedCounter(recovering: Array(log.prefix(2))).value == 3)
  }

  @Test("unnumbered adds that do not fit into the component of a stream go into that of another")
  func unnumberedOverflow() {
    var counter = ReplicatedCounter()
    _ = counter.merge(component("n1.x", 1, -.max))
    _ = counter.merge(component("n0.x", 1, .max))
    _ = counter.add(5, in: nil)
    let record = counter.number(in: Incarnation(name: "n0.x"), or: Incarnation(name: "n0.y"))
    #expect(record == .numbered(component("n0.y", 1, 5)))
    #expect(counter.value == 5)
  }

  @Test("a counter that only grows refuses what is negative, definitely")
  func growOnly() {
    var trial = Trial(GCounterNode.self)
    #expect(errorCode(trial.receive(.client(.add(-1)))) == 12)
    #expect(errorCode(trial.receive(.client(.add(.min)))) == 12)
    #expect(value(&trial) == 0)
  }

  @Test("an add that would take more than 64 bits is refused, definitely, and not counted")
  func overflow() {
    var up = Trial(GCounterNode.self)
    _ = up.receive(.client(.add(.max)))
    #expect(errorCode(up.receive(.client(.add(1)))) == 22)
    #expect(value(&up) == .max)
    var down = Trial(PNCounterNode.self)
    _ = down.receive(.client(.add(.min)))
    #expect(errorCode(down.receive(.client(.add(-1)))) == 22)
    #expect(value(&down) == .min)
    _ = down.receive(.client(.add(.max)))
    #expect(value(&down) == -1)
  }

  @Test("where replicas together hold more than 64 bits, reads fail until it fits again")
  func overflowOfTheSum() {
    var trial = Trial(PNCounterNode.self)
    _ = trial.receive(.client(.add(1)))
    _ = trial.receive(news([component("n1.x", 1, .max)]), from: "n1", id: nil)
    #expect(errorCode(trial.receive(.client(.read))) == 22)
    #expect(errorCode(trial.receive(.client(.add(1)))) == 22)
    _ = trial.receive(.client(.add(-2)))
    #expect(value(&trial) == .max - 1)
  }

  @Test("of a component the state with more changes counts, in whatever order and however often they come")
  func merges() {
    var trial = Trial(PNCounterNode.self)
    for (count, total) in [(2, 10), (1, 30), (2, 10), (3, 4), (3, 4)] {
      _ = trial.receive(news([component("n1.x", count, total)]), from: "n1", id: nil)
    }
    _ = trial.receive(news([component("n2.y", 1, 100)]), from: "n1", id: nil)
    #expect(value(&trial) == 104)
  }

  @Test("once its stream is settled, nobody tells a node what it has added itself")
  func ownComponent() {
    var trial = Trial(PNCounterNode.self)
    greet(&trial)
    _ = trial.receive(.client(.add(5)))
    trial.now = .zero + .seconds(1)
    guard case .send(.peer(let own, _), _)? = trial.wake(.round).first, !own.isEmpty else {
      Issue.record("no news")
      return
    }
    _ = trial.receive(news([component(own[0].origin.name, 9, 99)]), from: "n1", id: nil)
    #expect(value(&trial) == 5)
    _ = trial.receive(news([component("n1.x", 1, 1)], from: "c1"), from: "c1", id: nil)
    #expect(value(&trial) == 5, "nor does a stranger")
  }

  @Test("a peer is sent the components that it is not known to hold, those of others too")
  func relays() {
    var trial = Trial(PNCounterNode.self)
    greet(&trial)
    let theirs = component("n1.x", 4, 40)
    _ = trial.receive(news([theirs]), from: "n1", id: nil)
    _ = trial.receive(.client(.add(1)))
    trial.now = .zero + .seconds(1)
    var sent: [NodeID: [Int]] = [:]
    for case .send(.peer(let components, _), let peer) in trial.wake(.round) {
      sent[peer] = components.map(\.total).sorted()
    }
    #expect(sent == ["n1": [1], "n2": [1, 40]])
  }

  @Test("in a ring in which each hears only one other, all come to the same sum")
  func oneWayRing() {
    let nodes: [NodeID] = ["n0", "n1", "n2", "n3"]
    var trials = nodes.enumerated().map { place, me in
      Trial(PNCounterNode.self, me: me, nodes: nodes, seed: UInt64(place))
    }
    let incarnations = trials.map(\.node.dissemination.incarnation)
    for place in nodes.indices {
      for (peer, incarnation) in zip(nodes, incarnations) where peer != nodes[place] {
        let hello = CounterMessage.peer([], Advertisement(incarnation, version: .init()))
        _ = trials[place].receive(hello, from: peer, id: nil)
      }
      _ = trials[place].receive(.client(.add(1 << (8 * place))))
    }
    for second in 1...20 {
      for place in nodes.indices {
        trials[place].now = .zero + .seconds(second)
        let next = (place + 1) % nodes.count
        for case .send(let message, nodes[next]) in trials[place].wake(.round) {
          _ = trials[next].receive(message, from: nodes[place], id: nil)
        }
      }
    }
    for place in nodes.indices { #expect(value(&trials[place]) == 0x0101_0101) }
  }

  @Test("messages between counters come through the wire as they were")
  func coding() throws {
    let message = news([component("n1.x", 1, .min), component("n2.y", 3, .max)], asks: true)
    var writer = JSONWriter()
    writer.beginObject()
    message.write(to: &writer)
    writer.endObject()
    let document = JSONDocument()
    let body = try document.parse(writer.bytes)
    #expect(try CounterMessage(type: try body.string("type"), body: body) == message)
  }

  @Test(
    "under partitions every counter is valid, with few messages, and silent in the end", arguments: 1...3)
  func partitions(seed: Int) {
    var scenario = Scenario(.gCounter)
    scenario.nodeCount = 3
    scenario.rate = 100
    scenario.timeLimit = .seconds(20)
    scenario.faults = [.partition]
    scenario.seed = UInt64(seed)
    expectValid(GCounterNode.self, scenario)
    scenario.workload = .pnCounter
    scenario.latency = .milliseconds(100)
    expectValid(PNCounterNode.self, scenario)
  }

  private func expectValid<Kind>(_ type: CounterNode<Kind>.Type, _ scenario: Scenario) {
    var simulation = Simulation<CounterNode<Kind>>(scenario)
    simulation.finish()
    let results = simulation.test.results()
    #expect(results.verdict == .valid, "\(results.anomalies)")
    #expect(serverMessagesPerOperation(results) <= 0.1)
    let last = simulation.test.lastServerMessage ?? .zero
    #expect(last < scenario.timeLimit + .seconds(8), "silent before the final reads")
  }
}
