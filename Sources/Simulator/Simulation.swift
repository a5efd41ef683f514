public import Glomers
public import Lab
public import Wire
public import Checkers

/// A whole test in virtual time: hosts instead of processes, everything else as in the workbench, the coding of
/// messages included. Nodes take no time to think. The same scenario, options and seed give the same run, to the byte.
///
/// Nodes that can be killed, or whose disks can fail, have disks of their own, and their logs are those of real nodes.
///
/// Everything that depends on the kind of node is inlinable: so it is specialized in the module that names the kind,
/// which makes it several times faster.
public struct Simulation<N: Node> where N.Message: WireMessage, N.Record: StorableRecord {
  @usableFromInline var stage: Stage
  /// In the order of the test's nodes.
  @usableFromInline var members: [Member<N>] = []
  @usableFromInline let options: [String: Option.Value]
  @usableFromInline let tools = Member<N>.Tools()
  /// The nodes' dice are none of the test's.
  @usableFromInline var random: Random
  @usableFromInline var invariants = N.Invariants()

  /// A monotonic clock shows how long its host has been up: ten years at most.
  @inlinable static var clockAgeMax: Duration { .seconds(10 * 365 * 86_400) }

  /// - Parameter options: values for `N.options`, by name, the same at every node.
  /// - Parameter trace: gets a line for everything that nodes are given and say.
  @inlinable
  public init(
    _ scenario: Scenario, options: [String: Option.Value] = [:], trace: ((String) -> Void)? = nil
  ) {
    self.init(TestRun(scenario), options: options, trace: trace)
  }

  /// - Parameter test: one that has not begun.
  /// - Parameter options: values for `N.options`, by name, the same at every node.
  /// - Parameter trace: gets a line for everything that nodes are given and say.
  @inlinable
  public init(
    _ test: TestRun, options: [String: Option.Value] = [:], trace: ((String) -> Void)? = nil
  ) {
    let scenario = test.scenario
    stage = Stage(test, trace: trace)
    random = Random(seed: scenario.seed ^ 0x6E6F_6465)
    self.options = options
    for name in scenario.nodes {
      let lead = Duration.nanoseconds(Int64.random(in: 0..<Self.clockAgeMax.nanoseconds, using: &random))
      members.append(Member(name, scenario, lead: lead))
    }
    carryOut()
  }

  /// The test; its history, journal and anomalies are those of a run of processes.
  public var test: TestRun { stage.test }
  /// The virtual time.
  public var now: Instant { stage.now }
  /// Of everything that nodes were given and said, and when: two runs with the same digest went the same way.
  public var digest: Digest { stage.digest }
  /// What nodes wrote to their logs, up to 16 MiB.
  public var log: [LogLine] { stage.log }

  /// Runs a whole test.
  @inlinable
  public static func run(_ scenario: Scenario, options: [String: Option.Value] = [:]) -> Results {
    var simulation = Simulation(scenario, options: options)
    simulation.finish()
    return simulation.test.results()
  }

  /// Runs to the end of the test.
  @inlinable
  public mutating func finish() {
    while !stage.isFinished, let next = stage.next { advance(to: next) }
    stage.abandonIdle()
    carryOut()
  }

  /// Runs until an instant, or to the end of the test.
  @inlinable
  public mutating func run(until instant: Instant) {
    while !stage.isFinished, let next = stage.next, next <= instant { advance(to: next) }
    stage.pass(to: instant)
  }

  // MARK: Events

  @inlinable
  mutating func advance(to instant: Instant) {
    stage.advance(to: instant)
    carryOut()
    var place = 0
    stage.timetable.advance(to: stage.now)
    while let member = stage.timetable.takeReady(from: place) {
      place = member + 1
      guard stage.mayAct(member) else { continue }
      while stage.hasStepLeft(), members[member].advance(to: stage.now, tools) {
        drain(member)
        carryOut()
      }
      schedule(member)
    }
  }

  /// Carries out what the test wants done, and what that leads to, until nothing is left to do now.
  @inlinable
  mutating func carryOut() {
    while let (action, place) = stage.takeAction() { carryOut(action, place) }
  }

  @inlinable
  mutating func carryOut(_ action: TestRun.Action, _ place: Int) {
    switch action {
    case .deliver(let line, _): deliver(line, to: place)
    case .start: start(place)
    case .stop, .kill: members[place].kill(&random)
    case .pause: members[place].pause(at: stage.now)
    case .resume: resume(place)
    case .setDisk(_, let condition): members[place].setDisk(condition, &random)
    case .skew(_, let jump): skew(place, by: jump)
    case .note: break
    }
    schedule(place)
  }

  /// A member may have something else to wait for.
  @inlinable
  mutating func schedule(_ place: Int) {
    stage.schedule(place, at: members[place].deadline)
  }

  @inlinable
  mutating func start(_ place: Int) {
    guard let problem = members[place].start(options: options, tools, &random) else { return }
    stage.failed(place, problem)
  }

  /// Moves a clock. A node that looks at it sees that at once; a paused one, when it goes on.
  @inlinable
  mutating func skew(_ place: Int, by jump: Duration) {
    members[place].skew(by: jump)
    while stage.hasStepLeft(), members[place].advance(to: stage.now, tools) { drain(place) }
  }

  @inlinable
  mutating func resume(_ place: Int) {
    for line in members[place].resume(at: stage.now) { deliver(line, to: place) }
    members[place].caughtUp()
    drain(place)
  }

  @inlinable
  mutating func deliver(_ line: [UInt8], to place: Int) {
    if members[place].receive(line, at: stage.now, tools) { drain(place) }
  }

  /// Takes what the host wants done, and gives the test the lines that the node would print. What must hold among the
  /// nodes is looked at before any other node hears of it.
  @inlinable
  mutating func drain(_ place: Int) {
    members[place].drain(tools, &random, &stage)
    guard N.Invariants.self != NoInvariants<N>.self, let breach = members[place].host.show(to: &invariants)
    else {
      return
    }
    stage.end(breach)
  }
}
