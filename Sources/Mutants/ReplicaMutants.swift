import Glomers
import History
import Lab
import Nodes
import Replication
import Simulator
import Wire

extension Mutant {
  /// Shipped nodes on a replication core that makes one of the mistakes that it once made (``Flaw``).
  static let replicas = [
    Mutant(
      GSetNode.self, .sendsAllAtOnce, "sends a peer all that it lacks in one message",
      shows: "overlong-message",
      in: .gSet, options: [Pace.messageBytes.name: .integer(1024, in: 1024...1024)]
    ) {
      comesBackEmpty("n2", &$0)
      $0.script!.requests = (0..<300).map { number in
        .init(at: .milliseconds(10 * number), client: 0, "add", .integer(1000 + number))
      }
    },
    Mutant(
      KafkaNode.self, .asksNobody,
      "comes back without what it had, and assigns offsets before its peers have told what they hold of it",
      shows: "late-offset", in: .kafka, options: [KafkaNode.acknowledgements.name: quorum]
    ) {
      comesBackEmpty("n0", &$0)
      $0.script!.requests = sends([0.1, 0.2, 0.3, 6.002])
    },
    Mutant(
      GSetNode.self, .trustsTheDead, "takes a peer that comes back empty for what it was",
      shows: "known-beyond-held", in: .gSet
    ) {
      comesBackEmpty("n2", &$0)
      $0.script!.requests = (0..<5).map { .init(at: .milliseconds(100 * $0), client: 0, "add", .integer($0)) }
    },
    Mutant(
      GCounterNode.self, .beginsNewStreams,
      "begins a new stream at each start, so that version vectors grow for ever", shows: "needless-stream",
      in: .gCounter, kills),
    Mutant(
      BroadcastNode.self, .ignoresLongRoundTrips,
      "takes no round trip for true that is longer than it expects",
      shows: "too-many-messages", in: .broadcast
    ) {
      // At most 0.86 messages an operation without the mistake, and 1.1 with it.
      $0.nodeCount = 5
      $0.latency = .milliseconds(900)
      $0.latencyDistribution = .constant
      $0.rate = 20
      $0.timeLimit = .seconds(30)
      $0.messagesPerOperationMax = 1
    },
    Mutant(
      KafkaNode.self, .putsOffRepairs, "puts off the repair of what was lost with each message that comes",
      shows: "high-lag", in: .kafka
    ) {
      $0.faults = [.loss]
      $0.rate = 30
      $0.timeLimit = .seconds(16)
      $0.lagMax = .seconds(3)
    },
    Mutant(
      KafkaNode.self, .neverBacksOff, "asks a peer that is down as often as one that answers",
      shows: "too-many-messages", in: .kafka
    ) {
      // 4 messages an operation without the mistake, and 16 with it.
      comesBackEmpty("n2", after: .seconds(60), &$0)
      $0.script!.requests = sends([0.5, 6])
      $0.messagesPerOperationMax = 8
    },
    Mutant(
      KafkaNode.self, .acknowledgesEarly,
      "tells clients that a quorum holds a message when one node fewer does",
      shows: "early-acknowledgement", in: .kafka, options: [KafkaNode.acknowledgements.name: quorum]),
  ]

  /// A client of the first node sends one message at each of these times, in seconds.
  private static func sends(_ times: [Double]) -> [Script.Request] {
    times.enumerated().map { number, time in
      .init(at: .seconds(time), client: 0, "send", [["send", "k", .integer(number)]])
    }
  }

  private static let quorum = Option.Value.choice("quorum", of: ["1", "quorum", "all"])

  /// A node is killed once all is quiet, and started again without anything that it had.
  private static func comesBackEmpty(
    _ node: NodeID, after outage: Duration = .seconds(1), _ scenario: inout Scenario
  ) {
    var script = Script()
    script.clients = scenario.nodes
    script.faults = [Script.Fault(.kill([node]), from: .seconds(5), to: .seconds(5) + outage)]
    script.end = .seconds(8) + outage
    scenario.script = script
  }
}
