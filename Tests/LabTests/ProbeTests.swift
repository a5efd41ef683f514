import History
import Checkers
import Glomers
import Lab
import Testing

@Suite("Probes")
struct ProbeTests {
  /// Two nodes; the second learns a value after some time by itself.
  private func run(delay: Duration, interval: Duration?) -> Puppets {
    var scenario = stage(.broadcast, nodes: 2, rate: 1, seconds: 30)
    scenario.probeInterval = interval
    scenario.latency = delay
    var values: [NodeID: [JSON]] = [:]
    return Puppets.run(scenario) { node, message in
      switch message.type {
      case "broadcast", "gossip":
        let value = message.body["message"]!
        values[node, default: []].append(value)
        guard message.type == "broadcast" else { return [] }
        let peer = node == "n0" ? "n1" : "n0"
        return [
          message.ordinaryReply,
          .init(
            line:
              #"{"src":"\#(node)","dest":"\#(peer)","body":{"type":"gossip","message":\#(value.integer!)}}"#),
        ]
      case "read":
        let list = values[node, default: []].map { "\($0.integer!)" }.joined(separator: ",")
        return [message.reply(#""type":"read_ok","messages":[\#(list)]"#)]
      default: return [message.ordinaryReply]
      }
    }
  }

  @Test("the time until every node has a value is true to the interval")
  func latencies() throws {
    let puppets = run(delay: .milliseconds(300), interval: .milliseconds(20))
    let latencies = try #require(puppets.test.visibility.latencies)
    #expect(latencies.minimum >= .milliseconds(300) && latencies.maximum <= .milliseconds(320))
    #expect(puppets.test.visibility.everywhereCount == puppets.test.visibility.acknowledgedCount)
    #expect(puppets.test.results().verdict == .valid)
  }

  @Test("nodes are asked only while they may lack something, and not at all without an interval")
  func rest() {
    let puppets = run(delay: .milliseconds(300), interval: .milliseconds(20))
    let probes = puppets.deliveries.count { $0.message.source == "c-probe" }
    let values = puppets.test.visibility.acknowledgedCount
    // One for the node that has it, and sixteen for the one that waits 300 ms; reads spare some.
    #expect(probes <= values * 18 && probes >= values)
    #expect(
      !run(delay: .milliseconds(300), interval: nil).deliveries.contains { $0.message.source == "c-probe" })
  }

  @Test("a node that leaves a probe unanswered is not asked again for a second")
  func patience() {
    var scenario = stage(.broadcast, nodes: 1, rate: 1000, seconds: 10)
    scenario.probeInterval = .milliseconds(20)
    let puppets = Puppets.run(scenario) { _, message in
      message.source == "c-probe" ? [] : [message.ordinaryReply]
    }
    let times = puppets.deliveries.filter { $0.message.source == "c-probe" }.map(\.time)
    #expect(times.count > 10)
    #expect(zip(times, times.dropFirst()).allSatisfy { $1 - $0 >= .seconds(1) })
  }

  @Test("an answer that the prober has not asked for is dropped, with a warning")
  func unasked() {
    let puppets = Puppets.run(stage(.broadcast, seconds: 1)) { _, message in
      message.type == "topology"
        ? [
          message.ordinaryReply,
          #"{"src":"n0","dest":"c-probe","body":{"type":"read_ok","messages":[],"in_reply_to":1}}"#,
        ] : [message.ordinaryReply]
    }
    #expect(puppets.test.anomalies.map(\.name) == ["unasked-reply"])
  }

  @Test("answers may come late and in any order, but each only once")
  func order() {
    var scenario = stage(.broadcast, nodes: 1, rate: 10, seconds: 3)
    scenario.probeInterval = .milliseconds(20)
    var probeCount = 0
    let puppets = Puppets.run(scenario) { _, message in
      guard message.source == "c-probe" else { return [message.ordinaryReply] }
      probeCount += 1
      // The first is overtaken by the second.
      return [
        message.reply(
          #""type":"read_ok","messages":[]"#, after: probeCount == 1 ? .milliseconds(1500) : .zero)
      ]
    }
    #expect(probeCount > 2)
    #expect(puppets.test.anomalies.isEmpty)
    let twice = Puppets.run(scenario) { _, message in
      message.source == "c-probe" ? [message.ordinaryReply, message.ordinaryReply] : [message.ordinaryReply]
    }
    #expect(Set(twice.test.anomalies.map(\.name)) == ["unasked-reply"])
  }
}
