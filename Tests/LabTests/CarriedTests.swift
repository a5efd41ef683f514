import Foundation
import Glomers
import Support
import Testing

@testable import Lab

/// Messages between nodes that go past the bench.
@Suite("Messages that hosts carry") struct CarriedTests {
  private static func scenario(_ carrier: Scenario.Carrier = .real) -> Scenario {
    var scenario = stage(.echo, nodes: 3)
    scenario.carrier = carrier
    scenario.recordBytesMax = 1 << 20
    return scenario
  }

  private static func begin(_ scenario: Scenario) -> Puppets {
    var puppets = Puppets(scenario) { $1.type == "gossip" ? [] : [$1.ordinaryReply] }
    puppets.run(until: .zero + .seconds(1))
    return puppets
  }

  private static func line(_ number: Int?, _ source: String = "n0", _ destination: String = "n1") -> [UInt8] {
    let id = number.map { #""id":\#($0),"# } ?? ""
    return Array(#"{\#(id)"src":"\#(source)","dest":"\#(destination)","body":{"type":"gossip"}}"#.utf8)
  }

  private static func record(_ test: inout TestRun) -> String {
    var text = ""
    test.drainRecord { text += String(decoding: $0, as: UTF8.self) }
    return text
  }

  @Test("count as the same messages do that went through the bench, in whatever order hosts tell of them")
  func counts() {
    var through = Self.begin(Self.scenario(.simulated))
    for _ in 0..<3 { through.say("n0", String(decoding: Self.line(nil), as: UTF8.self)) }
    through.run(until: .zero + .seconds(2))
    var past = Self.begin(Self.scenario())
    let now = past.now
    let number = 1 << 40
    past.test.carriedArrived(number + 1, at: now)
    past.test.carried(Self.line(number), at: now)
    past.test.carried(Self.line(number + 1), at: now)
    past.test.carriedArrived(number, at: now)
    past.test.carried(Self.line(number + 2), at: now)
    past.test.carriedArrived(number + 2, at: now)
    #expect(past.test.journal.servers == through.test.journal.servers)
    #expect(past.test.journal.servers.receiveCount == 3)
    let record = Self.record(&past.test)
    let early = try! #require(record.range(of: "\"delivered\":\(number + 1)}"))
    #expect(record.range(of: "\"sent\":{\"id\":\(number + 1),")!.lowerBound < early.lowerBound)
  }

  @Test("that were lost are not received, and the record says why")
  func losses() {
    var puppets = Self.begin(Self.scenario())
    let now = puppets.now
    let (first, second) = (1 << 40, (1 << 40) + 1)
    puppets.test.carried(Self.line(first), at: now)
    puppets.test.carriedLost(first, "partition", at: now)
    puppets.test.carriedLost(second, "node down", at: now)
    puppets.test.carried(Self.line(second), at: now)
    // Of a message whose fate is told, nothing more can become.
    puppets.test.carriedArrived(first, at: now)
    #expect(puppets.test.journal.servers.sendCount == 2 && puppets.test.journal.servers.receiveCount == 0)
    let record = Self.record(&puppets.test)
    #expect(
      record.contains("\"lost\":\(first),\"why\":\"partition\"")
        && record.contains("\"lost\":\(second),\"why\":\"node down\""))
    #expect(!record.contains("\"delivered\":\(first)}"))
  }

  @Test("of anybody but nodes to nodes are none")
  func strangers() {
    var puppets = Self.begin(Self.scenario())
    for line in [
      Self.line(1, "c1"), Self.line(1, "n0", "lin-kv"), Self.line(1, "n9"), Self.line(nil), Array("{".utf8),
      [],
    ] {
      puppets.test.carried(line, at: puppets.now)
    }
    #expect(puppets.test.journal.servers.sendCount == 0)
  }

  @Test(
    "are cut by hosts: they are told of every partition and its end, and of nothing where the bench carries all"
  )
  func cuts() {
    for carrier in Scenario.Carrier.allCases {
      var scenario = Self.scenario(carrier)
      scenario.faults = [.partition, .oneWay]
      scenario.nemesisInterval = .milliseconds(200)
      var puppets = Puppets(scenario) { $1.type == "gossip" ? [] : [$1.ordinaryReply] }
      puppets.run(until: nil)
      let orders = puppets.test.takeHostOrders()
      guard carrier == .real else {
        #expect(orders.isEmpty && puppets.test.history.operations.contains { !$0.isClient })
        continue
      }
      #expect(orders.count > 4)
      var names: Set<String> = []
      for order in orders {
        guard case .cut(let cuts) = order else {
          Issue.record("\(order)")
          continue
        }
        names.formUnion(cuts.map(\.name))
      }
      #expect(names == ["partition", "one-way"])
    }
  }

  @Test("of a node that is silenced reach nobody until it is killed and started again")
  func silence() {
    var puppets = Self.begin(Self.scenario())
    puppets.test.states.silence("n1")
    puppets.test.orderCuts()
    guard case .cut(let cuts)? = puppets.test.takeHostOrders().last else { return #expect(Bool(false)) }
    #expect(cuts.map(\.name) == ["silenced"])
    #expect(["n0", "n2"].allSatisfy { cuts[0].grudge.separates(receiver: $0, from: "n1") })
    #expect(!cuts[0].grudge.separates(receiver: "n1", from: "n0"))
    puppets.test.carried(Self.line(1, "n1"), at: puppets.now)
    #expect(puppets.test.journal.servers.sendCount == 0)
    _ = puppets.test.start(.kill(["n1"]))
    let orders = puppets.test.takeHostOrders()
    #expect(orders == [.cut([])])
  }

  @Test("go through servers that are killed and started in turn, one at a time")
  func servers() {
    var scenario = Self.scenario()
    scenario.faults = [.server]
    scenario.serverCount = 3
    scenario.timeLimit = .seconds(10)
    scenario.nemesisInterval = .milliseconds(200)
    var puppets = Puppets(scenario) { $1.type == "gossip" ? [] : [$1.ordinaryReply] }
    puppets.run(until: nil)
    var down: Int?
    var hit: Set<Int> = []
    for order in puppets.test.takeHostOrders() {
      switch order {
      case .killServer(let place):
        #expect(down == nil)
        down = place
        hit.insert(place)
      case .startServer(let place):
        #expect(down == place)
        down = nil
      case .cut: Issue.record("nothing was cut")
      }
    }
    #expect(hit == [0, 1, 2])
    let functions = Set(puppets.test.history.operations.filter { !$0.isClient }.map(\.function))
    #expect(functions == ["kill-server", "start-server"])
  }
}
