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
    /// As in a history: ``Operation/function`` and ``Operation/value`` of an invocation.
    public var function: String
    public var value: JSON

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
    case pause([NodeID])
    case disk(DiskCondition, [NodeID])
    /// Clocks jump. Has no end.
    case skew([Jump])
  }

  /// How far a clock jumps.
  public struct Jump: Equatable, Sendable {
    public var node: NodeID
    public var distance: Duration

    public init(_ node: NodeID, by distance: Duration) {
      self.node = node
      self.distance = distance
    }
  }

  public struct Fault: Equatable, Sendable {
    public var harm: Harm
    public var start: Duration
    /// Nil: with all other faults, at ``Script/calm`` or when all requests have been made.
    public var end: Duration?

    public init(_ harm: Harm, from start: Duration, to end: Duration? = nil) {
      self.harm = harm
      self.start = start
      self.end = end
    }
  }

  /// One way between two nodes, or between a node and a service.
  public struct Link: Hashable, Comparable, Sendable, CustomStringConvertible {
    public var source: NodeID
    public var destination: NodeID

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
    public var link: Link
    public var number: Int

    public init(_ link: Link, _ number: Int) {
      self.link = link
      self.number = number
    }

    public static func < (a: MessageID, b: MessageID) -> Bool { (a.link, a.number) < (b.link, b.number) }
  }

  /// How long a message takes, where that is not the scenario's ``Scenario/latency``.
  public struct Delay: Equatable, Sendable {
    public var message: MessageID
    public var delay: Duration

    public init(_ message: MessageID, _ delay: Duration) {
      self.message = message
      self.delay = delay
    }
  }

  /// What becomes of a message on delivery.
  public enum Fate: Equatable, Sendable {
    case lost
    /// It is delivered, and once more after a while.
    case again(after: Duration)
    /// It is delivered after a while.
    case later(by: Duration)
  }

  /// A message that a fault strikes. Only before all faults end.
  public struct Strike: Equatable, Sendable {
    public var message: MessageID
    public var fate: Fate

    public init(_ message: MessageID, _ fate: Fate) {
      self.message = message
      self.fate = fate
    }
  }

  /// The node of each client.
  public var clients: [NodeID] = []
  public var requests: [Request] = []
  public var faults: [Fault] = []
  public var delays: [Delay] = []
  public var strikes: [Strike] = []
  /// The clients that do the workload's final operations; nil for all.
  public var finals: [Int]?
  /// When all faults end, if that is before the last request.
  public var calm: Duration?
  /// Final operations are not prepared before this time, nor before the last request and fault.
  public var end: Duration = .zero

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
    case .skew: .skew
    }
  }

  /// Whether it hits nobody.
  public var isEmpty: Bool {
    switch self {
    case .cut(let grudge, _): grudge.sources.allSatisfy { $0.value.isEmpty }
    case .kill(let nodes), .pause(let nodes), .disk(_, let nodes): nodes.isEmpty
    case .skew(let jumps): jumps.isEmpty
    }
  }

  /// The names that the nemesis has for its start and its end in histories.
  var functions: (start: String, end: String) {
    switch self {
    case .kill: ("kill", "start")
    case .pause: ("pause", "resume")
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

  public var subject: Subject
  /// Passed to each node.
  public var arguments: [String]
  /// Whether threads of a program are delayed now and then.
  public var delaysThreads = false
  /// The anomaly that the script shows.
  public var anomaly: String?
  /// Its ``Scenario/script`` is there.
  public var scenario: Scenario

  public init(_ subject: Subject, arguments: [String], _ scenario: Scenario) {
    self.subject = subject
    self.arguments = arguments
    self.scenario = scenario
  }

  public var script: Script {
    get { scenario.script ?? Script() }
    set { scenario.script = newValue }
  }
}
