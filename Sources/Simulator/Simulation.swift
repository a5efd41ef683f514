public import Glomers
public import Lab
public import Wire

/// A whole test in virtual time: hosts instead of processes, everything else as in the workbench, the coding of
/// messages included. Nodes take no time to think. The same scenario, options and seed give the same run, to the byte.
public struct Simulation<N: Node> where N.Message: WireMessage {
  /// The test; its history, journal and anomalies are those of a run of processes.
  public private(set) var test: TestRun
  /// The virtual time.
  public private(set) var now: Instant = .zero
  /// Of everything that nodes were given and said, and when: two runs with the same digest went the same way.
  public private(set) var digest = Digest()
  /// What nodes wrote to their logs.
  public private(set) var logLines: [String] = []

  /// In the order of the test's nodes.
  private var members: [Member] = []
  private let places: [NodeID: Int]
  private let codec = Codec<N>()
  private var stepsAtNow = 0

  /// Nodes take no time, so two that answer each other for ever would never let it pass.
  private static var stepsPerInstantMax: Int { 20_000 }

  private struct Member {
    var host: Host<N>
    /// How far the node's clock is ahead of the test's.
    var offset: Duration
    var isStopped = true
    var isPaused = false
    /// What a paused node finds when it goes on.
    var inbox: [[UInt8]] = []

    var deadline: Instant? { isStopped || isPaused ? nil : host.deadline.map { $0 - offset } }
  }

  private let options: [String: Option.Value]
  private let trace: ((String) -> Void)?
  /// The nodes' dice are none of the test's.
  private var random: Random

  /// - Parameter options: values for `N.options`, by name, the same at every node.
  /// - Parameter trace: gets a line for everything that nodes are given and say.
  public init(
    _ scenario: Scenario, options: [String: Option.Value] = [:], trace: ((String) -> Void)? = nil
  ) {
    self.trace = trace
    test = TestRun(scenario)
    random = Random(seed: scenario.seed ^ 0x6E6F_6465)
    places = Dictionary(uniqueKeysWithValues: test.nodes.enumerated().map { ($1, $0) })
    self.options = options
    members = test.nodes.map { _ in
      let offset = Duration.nanoseconds(Int64.random(in: 0..<3_600_000_000_000, using: &random))
      return Member(host: Host(options: options, random: Random(seed: 0)), offset: offset)
    }
    test.begin(at: now)
    carryOut()
  }

  /// Runs a whole test.
  public static func run(_ scenario: Scenario, options: [String: Option.Value] = [:]) -> Results {
    var simulation = Simulation(scenario, options: options)
    simulation.finish()
    return simulation.test.results()
  }

  /// Runs to the end of the test.
  public mutating func finish() {
    while !test.isFinished, let next { advance(to: next) }
    if !test.isFinished { test.abandon("nothing is left to happen", at: now) }
    carryOut()
  }

  /// Runs until an instant, or to the end of the test.
  public mutating func run(until instant: Instant) {
    while !test.isFinished, let next, next <= instant { advance(to: next) }
    now = max(now, instant)
  }

  // MARK: Events

  /// When something happens next.
  private var next: Instant? {
    var next = test.deadline
    for member in members {
      guard let deadline = member.deadline else { continue }
      next = min(next ?? deadline, deadline)
    }
    return next
  }

  private mutating func advance(to instant: Instant) {
    stepsAtNow = instant > now ? 0 : stepsAtNow + 1
    if stepsAtNow > Self.stepsPerInstantMax {
      test.abandon("nodes talk without end, and no time passes", as: "endless-talk", at: now)
    }
    now = max(now, instant)
    test.advance(to: now)
    carryOut()
    for place in members.indices {
      while !members[place].isStopped, !members[place].isPaused,
        members[place].host.advance(to: now + members[place].offset)
      {
        drain(place)
        carryOut()
      }
    }
  }

  /// Carries out what the test wants done, and what that leads to, until nothing is left to do now.
  private mutating func carryOut() {
    while true {
      var actions: [TestRun.Action] = []
      test.drain { actions.append($0) }
      guard !actions.isEmpty else { return }
      for action in actions { carryOut(action) }
    }
  }

  private mutating func carryOut(_ action: TestRun.Action) {
    switch action {
    case .start(let name): start(places[name]!)
    case .deliver(let line, let name):
      digest.add(line)
      digest.add(now)
      note(line.dropLast())
      deliver(line, to: places[name]!)
    case .stop(let name), .kill(let name): members[places[name]!].isStopped = true
    case .pause(let name): members[places[name]!].isPaused = true
    case .resume(let name): resume(places[name]!)
    case .skew(let name, let jump): skew(places[name]!, by: jump)
    case .note: break
    }
  }

  private func note(_ line: some Collection<UInt8>) {
    trace?("\(now.nanoseconds / 1000) µs \(String(decoding: line, as: UTF8.self))")
  }

  /// Starts a node, for the first time or after a kill: it remembers nothing.
  private mutating func start(_ place: Int) {
    members[place].isStopped = false
    members[place].isPaused = false
    members[place].inbox = []
    members[place].host = Host(options: options, random: random.split())
  }

  /// Moves a clock. A node that looks at it sees that at once; a paused one, when it goes on.
  private mutating func skew(_ place: Int, by jump: Duration) {
    members[place].offset += jump
    guard !members[place].isStopped, !members[place].isPaused else { return }
    while members[place].host.advance(to: now + members[place].offset) { drain(place) }
  }

  private mutating func resume(_ place: Int) {
    members[place].isPaused = false
    let inbox = members[place].inbox
    members[place].inbox = []
    for line in inbox { deliver(line, to: place) }
  }

  private mutating func deliver(_ line: [UInt8], to place: Int) {
    guard !members[place].isStopped else { return }
    guard !members[place].isPaused else {
      members[place].inbox.append(line)
      return
    }
    let time = now + members[place].offset
    switch codec.decode(line, isAsk: { members[place].host.isAsk($0) }) {
    case .envelope(let envelope): members[place].host.receive(envelope, at: time)
    case .rejected(let rejection):
      members[place].host.reject(
        rejection.error, from: rejection.source, to: rejection.destination, id: rejection.id,
        isReply: rejection.isReply, at: time)
    }
    drain(place)
  }

  /// Takes what the host wants done, and gives the test the lines that the node would print.
  private mutating func drain(_ place: Int) {
    let name = test.nodes[place]
    var lines: [[UInt8]] = []
    var logged: [String] = []
    var hasStored = true
    while hasStored {
      hasStored = false
      members[place].host.drain { [codec] output in
        switch output {
        case .send(let envelope): lines.append(codec.encode(envelope))
        case .store: hasStored = true
        case .log(let line): logged.append("\(name): \(line)")
        }
      }
      // There is no log to wait for: what was to be stored is.
      if hasStored { members[place].host.stored() }
    }
    logLines += logged
    for line in lines {
      digest.add(line)
      note(line)
      test.receive(line: line, from: name, at: now)
    }
  }
}
