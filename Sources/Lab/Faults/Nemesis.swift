public import Glomers

/// The state of a node's disk.
public enum DiskCondition: String, Sendable {
  /// It works.
  case sound
  /// What is there can be read, but there is no room for more.
  case full
  /// Writing, or syncing, ends in an error.
  case failing
}

/// Decides when which faults start and stop. Each kind goes on its own: in turn start and stop, after gaps that are
/// uniform from nothing to twice the interval. The first comes at once, as with Jepsen's staggered generators.
public struct Nemesis: Sendable {
  /// What the nemesis does next.
  public enum Step: Equatable, Sendable {
    /// Cuts the network, both ways.
    case startPartition(PartitionShape)
    /// Ends that.
    case stopPartition
    /// Some nodes no longer hear some others, which still hear them.
    case startOneWay
    /// Ends that.
    case stopOneWay
    /// SIGKILL: what a node has not stored is gone, and what was on its way to it.
    case kill(Targets)
    /// Starts what was killed.
    case start
    /// SIGSTOP and SIGCONT.
    case pause(Targets)
    /// Lets all nodes go on that were paused.
    case resume
    /// Does harm to messages, one by one.
    case degrade(Degradation)
    /// Ends that.
    case restore(Degradation)
    /// The disks of some nodes are full, or fail.
    case breakDisks(Targets)
    /// All disks work again.
    case mendDisks
    /// The clocks of some nodes jump.
    case skew(Targets)
    /// Some nodes cease to be members, fewer than half.
    case removeMembers
    /// Those are members again.
    case addMembers
    /// SIGKILL to one of the servers between the hosts; at most one is down.
    case killServer
    /// Starts the server that was killed.
    case startServer

    /// What the step is called in histories.
    public var function: String {
      switch self {
      case .startPartition: "start-partition"
      case .stopPartition: "stop-partition"
      case .startOneWay: "start-one-way"
      case .stopOneWay: "stop-one-way"
      case .kill: "kill"
      case .start: "start"
      case .pause: "pause"
      case .resume: "resume"
      case .degrade(let degradation): "start-\(degradation.rawValue)"
      case .restore(let degradation): "stop-\(degradation.rawValue)"
      case .breakDisks: "start-disk"
      case .mendDisks: "stop-disk"
      case .skew: "skew"
      case .removeMembers: "remove-members"
      case .addMembers: "add-members"
      case .killServer: "kill-server"
      case .startServer: "start-server"
      }
    }

    /// The value of the operation that announces it.
    public var value: JSON {
      switch self {
      case .startPartition(let shape): .string(shape.rawValue)
      case .kill(let targets), .pause(let targets), .breakDisks(let targets), .skew(let targets):
        .string(targets.rawValue)
      case .start, .resume, .mendDisks: .string(Targets.all.rawValue)
      default: .null
      }
    }
  }

  /// One kind of fault, on or off.
  private struct Track: Sendable {
    let fault: Scenario.Fault
    var stagger: Stagger
    var isOn = false
  }

  private var tracks: [Track]
  private var random: Random

  /// - Parameters:
  ///   - begin: when the first step may come.
  ///   - random: what decides when which step comes.
  public init(_ scenario: Scenario, begin: Instant, random: Random) {
    var random = random
    tracks = Scenario.Fault.allCases.filter(scenario.faults.contains).map {
      Track(
        fault: $0, stagger: Stagger(mean: scenario.nemesisInterval, begin: begin, random: random.split()))
    }
    self.random = random
  }

  /// When the next step is due; nil where there are no faults.
  public var deadline: Instant? { tracks.map(\.stagger.next).min() }

  /// Takes the next step.
  public mutating func step() -> Step {
    let place = tracks.indices.min { tracks[$0].stagger.next < tracks[$1].stagger.next }!
    tracks[place].stagger.advance(from: tracks[place].stagger.next)
    tracks[place].isOn.toggle()
    let fault = tracks[place].fault
    return (tracks[place].isOn ? nil : stop(fault)) ?? start(fault)
  }

  /// What ends all faults.
  public var finalSteps: [Step] { tracks.compactMap { stop($0.fault) } }

  /// Does nothing any more. Returns what ends all faults.
  public mutating func retire() -> [Step] {
    defer { tracks = [] }
    return finalSteps
  }

  private mutating func start(_ fault: Scenario.Fault) -> Step {
    switch fault {
    case .partition: .startPartition(PartitionShape.allCases.randomElement(using: &random)!)
    case .oneWay: .startOneWay
    case .kill: .kill(Targets.allCases.randomElement(using: &random)!)
    case .pause: .pause(Targets.allCases.randomElement(using: &random)!)
    case .loss: .degrade(.loss)
    case .duplicate: .degrade(.duplicate)
    case .reorder: .degrade(.reorder)
    case .slow: .degrade(.slow)
    case .disk: .breakDisks(Targets.allCases.randomElement(using: &random)!)
    case .skew: .skew(Targets.allCases.randomElement(using: &random)!)
    case .membership: .removeMembers
    case .server: .killServer
    }
  }

  /// Nil for what does not last.
  private func stop(_ fault: Scenario.Fault) -> Step? {
    switch fault {
    case .partition: .stopPartition
    case .oneWay: .stopOneWay
    case .kill: .start
    case .pause: .resume
    case .loss: .restore(.loss)
    case .duplicate: .restore(.duplicate)
    case .reorder: .restore(.reorder)
    case .slow: .restore(.slow)
    case .disk: .mendDisks
    case .skew: nil
    case .membership: .addMembers
    case .server: .startServer
    }
  }

  // MARK: Draws

  /// Who is cut off.
  public mutating func grudge(_ shape: PartitionShape, _ nodes: [NodeID]) -> Grudge {
    shape.grudge(nodes, &random)
  }

  /// Who no longer hears whom, one way only.
  public mutating func oneWayGrudge(_ nodes: [NodeID]) -> Grudge {
    let deaf = Targets.subset.nodes(of: nodes, &random)
    let unheard = Set(Targets.subset.nodes(of: nodes, &random))
    return Grudge(Dictionary(uniqueKeysWithValues: deaf.map { ($0, unheard.subtracting([$0])) }))
  }

  /// Who is hit.
  public mutating func nodes(_ targets: Targets, of nodes: [NodeID]) -> [NodeID] {
    targets.nodes(of: nodes, &random)
  }

  /// How bad a degradation is this time.
  public mutating func rule(_ degradation: Degradation, between nodes: [NodeID]) -> Rule {
    degradation.rule(between: Set(nodes), &random)
  }

  /// Which of so many servers is killed.
  public mutating func server(of count: Int) -> Int { Int.random(in: 0..<count, using: &random) }

  /// What is wrong with a disk.
  public mutating func diskCondition() -> DiskCondition { Bool.random(using: &random) ? .full : .failing }

  /// How far a clock jumps: up to 30 s, either way.
  public mutating func skew() -> Duration { .milliseconds(Int.random(in: -30_000...30_000, using: &random)) }
}

/// The choices of nodes that Jepsen's combined nemesis draws from.
public enum Targets: String, CaseIterable, Sendable {
  /// Each node or not, but at least one.
  case subset
  /// A single one.
  case one
  /// Fewer than half.
  case minority
  /// More than half.
  case majority
  /// Fewer than a third; of three nodes or fewer, none.
  case minorityThird = "minority-third"
  /// Every one.
  case all

  func nodes(of nodes: [NodeID], _ random: inout Random) -> [NodeID] {
    let shuffled = nodes.shuffled(using: &random)
    let count =
      switch self {
      case .subset: Int.random(in: 1...nodes.count, using: &random)
      case .one: 1
      case .minority: (nodes.count - 1) / 2
      case .majority: nodes.count / 2 + 1
      case .minorityThird: (nodes.count - 1) / 3
      case .all: nodes.count
      }
    return shuffled.prefix(count).sorted()
  }
}
