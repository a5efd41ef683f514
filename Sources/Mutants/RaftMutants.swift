import History
import Glomers
import Lab
import Nodes
import Raft
import Simulator

/// The shipped state machine, on a Raft core that makes one mistake.
private struct Flawed<Machine: StateMachine, Mistake: CoreMistake>: StateMachine {
  private var machine = Machine()

  init() {}

  static var flaw: Flaw? { Mistake.flaw }
  static func purpose(of message: Machine.Message) -> Purpose { Machine.purpose(of: message) }
  mutating func apply(_ command: Machine.Message) -> Outcome<Machine.Message> { machine.apply(command) }
  func answer(_ query: Machine.Message) -> Outcome<Machine.Message> { machine.answer(query) }
  static func encodedBytes(of command: Machine.Message) -> Int { Machine.encodedBytes(of: command) }
  var pieces: [Machine.Piece] { machine.pieces }
  mutating func restore(_ piece: Machine.Piece) { machine.restore(piece) }
  static func encodedBytes(of piece: Machine.Piece) -> Int { Machine.encodedBytes(of: piece) }
}

private protocol CoreMistake: Sendable { static var flaw: Flaw { get } }
private enum AppliesTwice: CoreMistake { static let flaw = Flaw.appliesTwice }
private enum CarriesOutCopies: CoreMistake { static let flaw = Flaw.carriesOutCopies }
private enum ReadsWithoutAsking: CoreMistake { static let flaw = Flaw.readsWithoutAsking }
private enum GoesOnRemoved: CoreMistake { static let flaw = Flaw.goesOnRemoved }
private enum ForgetsVotes: CoreMistake { static let flaw = Flaw.forgetsVotes }
private enum CommitsOlderTerms: CoreMistake { static let flaw = Flaw.commitsOlderTerms }
private enum CountsInOldConfiguration: CoreMistake { static let flaw = Flaw.countsInOldConfiguration }
private enum ForgetsConfiguration: CoreMistake { static let flaw = Flaw.forgetsConfiguration }

extension Mutant {
  /// The nodes on Raft with the mistakes that ``Flaw`` names. Clients see what three of them do; the others would show
  /// only after a long chain of accidents, and break figure 3.2's properties long before.
  static let replicated = [
    lists(
      CarriesOutCopies.self, "carries out again a request that is passed on again",
      shows: "duplicate-elements"
    ) { $0.faults = [.duplicate] },
    lists(
      AppliesTwice.self, "applies entries that a checkpoint covers once more after a restart",
      shows: "duplicate-elements"
    ) {
      kills(&$0)
      $0.rate = 400
    },
    values(
      ReadsWithoutAsking.self, "answers reads without asking whether it still leads",
      shows: "nonlinearizable"
    ) {
      $0.faults = [.partition, .pause]
      $0.concurrency = .perNode(30)
      $0.rate = 400
      $0.timeLimit = .seconds(10)
    },
    values(
      GoesOnRemoved.self, "goes on leading once it is removed, as if it were all members",
      shows: "leader-completeness"
    ) {
      $0.faults = [.membership, .partition]
      $0.concurrency = .perNode(4)
      $0.rate = 100
      $0.timeLimit = .seconds(20)
    },
    values(ForgetsVotes.self, "gives its vote before it is stored", shows: "election-safety") {
      $0.faults = [.kill]
    },
    values(
      CommitsOlderTerms.self, "commits an entry of an older term by counting who holds it",
      shows: "leader-completeness"
    ) {
      $0.faults = [.partition, .kill]
      $0.rate = 200
      $0.concurrency = .perNode(4)
      $0.timeLimit = .seconds(20)
    },
    values(
      CountsInOldConfiguration.self,
      "counts votes and acknowledgements in the configuration that was committed last",
      shows: "leader-completeness"
    ) {
      $0.faults = [.membership, .partition]
      $0.timeLimit = .seconds(20)
    },
    values(
      ForgetsConfiguration.self, "stores snapshots, and sends them, without the configuration",
      shows: "state-machine-safety"
    ) {
      $0.faults = [.membership, .kill]
      $0.rate = 400
      $0.concurrency = .perNode(20)
      $0.timeLimit = .seconds(20)
    },
  ]

  private static func lists<Mistake: CoreMistake>(
    _: Mistake.Type, _ mistake: String, shows anomaly: String, _ arrange: (inout Scenario) -> Void
  ) -> Mutant {
    Mutant(
      Mistake.flaw.rawValue, RaftNode<Flawed<Lists, Mistake>>.self, of: ListTransactionNode.self, mistake,
      shows: anomaly, in: .txnListAppend
    ) {
      $0.concurrency = .perNode(2)
      $0.demands = []
      arrange(&$0)
    }
  }

  private static func values<Mistake: CoreMistake>(
    _: Mistake.Type, _ mistake: String, shows anomaly: String, _ arrange: (inout Scenario) -> Void
  ) -> Mutant {
    Mutant(
      Mistake.flaw.rawValue, RaftNode<Flawed<KeyValues, Mistake>>.self, of: LinKVNode.self, mistake,
      shows: anomaly, in: .linKV
    ) {
      $0.nodeCount = 5
      $0.nemesisInterval = .seconds(1)
      $0.demands = []
      arrange(&$0)
    }
  }
}
