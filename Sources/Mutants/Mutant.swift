internal import Glomers
public import Lab
public import Simulator
internal import Replication
internal import Wire
import History
import Checkers

/// A node with one mistake in it, and what is to find it out: mutation testing (DeMillo, Lipton, Sayward: *Hints on test
/// data selection*, Computer 1978) of the checkers, the faults and the loads.
public struct Mutant: Sendable {
  /// What it does wrong, within its workload: `sends-once`.
  public let name: String
  /// The mistake, in one sentence.
  public let mistake: String
  /// The anomaly that gives it away. A run that is invalid for another reason alone does not count.
  public let anomaly: String
  /// Where it comes to light; seeds are set run by run.
  public let scenario: Scenario
  /// Gets a line for everything that nodes are given and say.
  public typealias Trace = (String) -> Void

  /// Runs the mutant, and the same node without the mistake.
  let run: @Sendable (Scenario, Trace?) -> SeedOutcome
  let runOriginal: @Sendable (Scenario) -> SeedOutcome
  private let played: @Sendable (Scenario) -> any PlayedRun

  /// - Parameter arrange: what differs from the usual scenario: 3 nodes, 50 requests/s for 10 s, 10 ms, no faults.
  init(
    _ name: String, _ mistake: String, shows anomaly: String, in workload: Workload,
    _ arrange: (inout Scenario) -> Void, run: @escaping @Sendable (Scenario, Trace?) -> SeedOutcome,
    original: @escaping @Sendable (Scenario) -> SeedOutcome,
    played: @escaping @Sendable (Scenario) -> any PlayedRun
  ) {
    var scenario = Scenario.brief(workload)
    // A mistake may break what no contract asks for; and it is to show by itself, not by silence.
    scenario.demands = Set(Demand.allCases)
    scenario.lateReplies = .drop
    arrange(&scenario)
    self.name = name
    self.mistake = mistake
    self.anomaly = anomaly
    self.scenario = scenario
    self.run = run
    runOriginal = original
    self.played = played
  }

  /// A mutant of a node that is made for it.
  init<N: MutableNode>(
    _ node: N.Type, _ mutation: N.Mutation, _ mistake: String, shows anomaly: String, in workload: Workload,
    _ arrange: (inout Scenario) -> Void = { _ in }
  ) {
    let options = [N.mutation.name: Option.Value.text(mutation.rawValue, as: "NAME")]
    self.init(
      mutation.rawValue, mistake, shows: anomaly, in: workload, arrange,
      run: { Simulation<N>.outcomeByCommonCode($0, options: options, trace: $1) },
      original: { Simulation<N>.outcomeByCommonCode($0) },
      played: { Simulation<N>.playedByCommonCode($0, options: options) })
  }

  /// A shipped node whose replication core makes a mistake.
  ///
  /// - Parameter options: of the node, with the mistake and without.
  init<N: Node>(
    _ node: N.Type, _ flaw: Flaw, _ mistake: String, shows anomaly: String, in workload: Workload,
    options: [String: Option.Value] = [:], _ arrange: (inout Scenario) -> Void = { _ in }
  ) where N.Message: WireMessage, N.Record: StorableRecord {
    var flawed = options
    flawed[Pace.mistake.name] = .text(flaw.rawValue, as: "NAME")
    self.init(
      flaw.rawValue, mistake, shows: anomaly, in: workload, arrange,
      run: { [flawed] in Simulation<N>.outcomeByCommonCode($0, options: flawed, trace: $1) },
      original: { Simulation<N>.outcomeByCommonCode($0, options: options) },
      played: { [flawed] in Simulation<N>.playedByCommonCode($0, options: flawed) })
  }

  /// A node that is wrong as it is, beside one that is right.
  init<N: Node, Original: Node>(
    _ name: String, _ node: N.Type, of original: Original.Type, _ mistake: String, shows anomaly: String,
    in workload: Workload, _ arrange: (inout Scenario) -> Void = { _ in }
  )
  where
    N.Message: WireMessage, N.Record: StorableRecord, Original.Message: WireMessage,
    Original.Record: StorableRecord
  {
    self.init(
      name, mistake, shows: anomaly, in: workload, arrange,
      run: { Simulation<N>.outcomeByCommonCode($0, trace: $1) },
      original: { Simulation<Original>.outcomeByCommonCode($0) },
      played: { Simulation<N>.playedByCommonCode($0) })
  }

  /// Runs a whole test of the mutant.
  public func outcome(_ scenario: Scenario, trace: Trace? = nil) -> SeedOutcome { run(scenario, trace) }

  /// Begins a run of the mutant that is to be played.
  public func begin(_ scenario: Scenario) -> any PlayedRun { played(scenario) }

  /// Nodes are killed, and started again with what they have stored; long enough for some requests to succeed.
  static func kills(_ scenario: inout Scenario) {
    scenario.faults = [.kill]
    scenario.timeLimit = .seconds(20)
    scenario.nemesisInterval = .seconds(3)
  }

  /// All there are, by workload.
  public static var all: [Mutant] {
    let parts = [
      echoes, uniqueIDs, broadcasts, sets, durableSets, counters, durableCounters, storedCounters, logs,
      registers, replicated, replicas,
      transactions, lists, forgetful,
    ]
    return Workload.allCases.flatMap { workload in
      parts.joined().filter { $0.scenario.workload == workload }
    }
  }
}

/// A small node that is right as it stands, with mutations: places where it can be made wrong, one at a time.
protocol MutableNode: Node where Message: WireMessage, Record: StorableRecord {
  associatedtype Mutation: RawRepresentable & Sendable where Mutation.RawValue == String
}

extension MutableNode {
  /// Which mutation to make; none by itself.
  static var mutation: Option { Option("mutation", .text("", as: "NAME"), "What to do wrong.") }
  static var options: [Option] { [mutation] }

  static func mutation(in cluster: Cluster) -> Mutation? { Mutation(rawValue: cluster.text(mutation)) }
}

/// What clients say to a node of theirs, and nodes to each other, which is any JSON.
enum Talk<Client: WireMessage>: WireMessage {
  case client(Client)
  case peer(JSON)

  init(type: String, body: JSONObject) throws(WireError) {
    self = type == "peer" ? .peer(try body.value("says")) : .client(try Client(type: type, body: body))
  }

  func write(to body: inout JSONWriter) {
    switch self {
    case .client(let message): message.write(to: &body)
    case .peer(let value):
      body.member("type", "peer")
      body.member("says", value)
    }
  }
}

/// A message as a record.
struct Kept<Message: WireMessage>: StorableRecord {
  let message: Message

  init(_ message: Message) { self.message = message }

  init(record: JSONObject) throws(WireError) {
    message = try Message(type: record.string("type"), body: record)
  }

  func write(to record: inout JSONWriter) { message.write(to: &record) }
}
