public import Glomers

/// What happens in one run, event by event, instead of what is drawn: requests of clients, faults, and what becomes
/// of messages. Times count from the moment at which all nodes had been initialized, as in a history.
///
/// A run of a seed can be recorded as a script (``Scenario/isRecorded``), and a scenario with that script
/// (``Scenario/script``) runs the same way. A script can then be made smaller, or written by hand. The scenario's seed
/// decides what no script says: the random numbers of nodes, services and disks, and how late the machine is.
public struct Script: Equatable, Sendable {
  /// What a client asks for.
  public struct Request: Equatable, Sendable {
    /// When; or as soon as the client has done what it did before.
    public var time: Duration
    /// A place in ``Script/clients``.
    public var client: Int
    /// As in a history: `Operation.function` and `Operation.value` of an invocation.
    public var function: String
    /// What the invocation has for a value.
    public var value: JSON

    /// - Parameters:
    ///   - time: when.
    ///   - client: a place in ``Script/clients``.
    ///   - function: what is asked.
    public init(at time: Duration, client: Int, _ function: String, _ value: JSON = .null) {
      self.time = time
      self.client = client
      self.function = function
      self.value = value
    }
  }

  /// What a fault does.
  public enum Harm: Equatable, Sendable {
    /// Receivers no longer hear certain sources.
    case cut(Grudge, isOneWay: Bool)
    /// SIGKILL; the end starts the nodes again.
    case kill([NodeID])
    /// SIGSTOP; the end lets the nodes go on.
    case pause([NodeID])
    /// Disks are full, or fail; the end mends them.
    case disk(DiskCondition, [NodeID])
    /// Members are asked to remove nodes; the end has whoever is out added again.
    case remove([NodeID])
    /// Clocks jump. Has no end.
    case skew([Jump])
  }

  /// How far a clock jumps.
  public struct Jump: Equatable, Sendable {
    /// Whose clock it is.
    public var node: NodeID
    /// Ahead, or back where it is negative.
    public var distance: Duration

    /// - Parameter distance: ahead, or back where it is negative.
    public init(_ node: NodeID, by distance: Duration) {
      self.node = node
      self.distance = distance
    }
  }

  /// A fault, from its start to its end.
  public struct Fault: Equatable, Sendable {
    /// What it does.
    public var harm: Harm
    /// When it starts.
    public var start: Duration
    /// Nil: with all other faults, at ``Script/calm`` or when all requests have been made.
    public var end: Duration?

    /// - Parameter end: nil for as long as any fault lasts.
    public init(_ harm: Harm, from start: Duration, to end: Duration? = nil) {
      self.harm = harm
      self.start = start
      self.end = end
    }
  }

  /// One way between two nodes, or between a node and a service.
  public struct Link: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Who sends.
    public var source: NodeID
    /// Who receives.
    public var destination: NodeID

    /// - Parameters:
    ///   - source: who sends.
    ///   - destination: who receives.
    public init(from source: NodeID, to destination: NodeID) {
      self.source = source
      self.destination = destination
    }

    public static func < (a: Link, b: Link) -> Bool {
      (a.source, a.destination) < (b.source, b.destination)
    }

    public var description: String { "\(source)>\(destination)" }
  }

  /// One message: the first of its link has number 1.
  public struct MessageID: Hashable, Comparable, Sendable {
    /// The link that it takes.
    public var link: Link
    /// Counted from 1.
    public var number: Int

    /// - Parameters:
    ///   - link: the one that it takes.
    ///   - number: counted from 1.
    public init(_ link: Link, _ number: Int) {
      self.link = link
      self.number = number
    }

    public static func < (a: MessageID, b: MessageID) -> Bool { (a.link, a.number) < (b.link, b.number) }
  }

  /// How long a message takes, where that is not the scenario's ``Scenario/latency``.
  public struct Delay: Equatable, Sendable {
    /// Which message it is.
    public var message: MessageID
    /// How long it takes.
    public var delay: Duration

    /// - Parameters:
    ///   - message: which one.
    ///   - delay: how long it takes.
    public init(_ message: MessageID, _ delay: Duration) {
      self.message = message
      self.delay = delay
    }
  }

  /// What becomes of a message on delivery.
  public enum Fate: Equatable, Sendable {
    /// It never arrives.
    case lost
    /// It is delivered, and once more after a while.
    case again(after: Duration)
    /// It is delivered after a while.
    case later(by: Duration)
  }

  /// A message that a fault strikes. Only before all faults end.
  public struct Strike: Equatable, Sendable {
    /// Which message it is.
    public var message: MessageID
    /// What becomes of it.
    public var fate: Fate

    /// - Parameters:
    ///   - message: which one.
    ///   - fate: what becomes of it.
    public init(_ message: MessageID, _ fate: Fate) {
      self.message = message
      self.fate = fate
    }
  }

  /// The node of each client.
  public var clients: [NodeID] = []
  /// What clients ask, in order.
  public var requests: [Request] = []
  /// The faults, in order of their starts.
  public var faults: [Fault] = []
  /// How long messages take that don't take the scenario's latency.
  public var delays: [Delay] = []
  /// The messages that faults strike.
  public var strikes: [Strike] = []
  /// The clients that do the workload's final operations; nil for all.
  public var finals: [Int]?
  /// When all faults end, if that is before the last request.
  public var calm: Duration?
  /// Final operations are not prepared before this time, nor before the last request and fault.
  public var end: Duration = .zero

  /// A script in which nothing happens.
  public init() {}
}

extension Script.Harm {
  /// Its kind.
  public var fault: Scenario.Fault {
    switch self {
    case .cut(_, let isOneWay): isOneWay ? .oneWay : .partition
    case .kill: .kill
    case .pause: .pause
    case .disk: .disk
    case .remove: .membership
    case .skew: .skew
    }
  }

  /// Whether it hits nobody.
  public var isEmpty: Bool {
    switch self {
    case .cut(let grudge, _): grudge.sources.allSatisfy { $0.value.isEmpty }
    case .kill(let nodes), .pause(let nodes), .disk(_, let nodes), .remove(let nodes): nodes.isEmpty
    case .skew(let jumps): jumps.isEmpty
    }
  }

  /// The names that the nemesis has for its start and its end in histories.
  var functions: (start: String, end: String) {
    switch self {
    case .kill: ("kill", "start")
    case .pause: ("pause", "resume")
    case .remove: ("remove-members", "add-members")
    case .skew: ("skew", "skew")
    case .cut, .disk: ("start-\(fault.rawValue)", "stop-\(fault.rawValue)")
    }
  }
}

/// A script, and what it is a script for: what a script file holds.
public struct ScriptFile: Equatable, Sendable {
  /// What runs as every node.
  public enum Subject: Equatable, Sendable {
    /// A state machine, by the name that the simulator has for it.
    case node(String)
    /// An executable.
    case program(String)
  }

  /// What runs as every node.
  public var subject: Subject
  /// Passed to each node.
  public var arguments: [String]
  /// Whether threads of a program are delayed now and then.
  public var delaysThreads = false
  /// The anomaly that the script shows.
  public var anomaly: String?
  /// Its ``Scenario/script`` is there.
  public var scenario: Scenario

  /// - Parameters:
  ///   - subject: what runs as every node.
  ///   - arguments: passed to each node.
  public init(_ subject: Subject, arguments: [String], _ scenario: Scenario) {
    self.subject = subject
    self.arguments = arguments
    self.scenario = scenario
  }

  /// What happens.
  public var script: Script {
    get { scenario.script ?? Script() }
    set { scenario.script = newValue }
  }
}
