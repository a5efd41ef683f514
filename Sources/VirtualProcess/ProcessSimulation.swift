internal import Glomers
public import Lab
public import Simulator

/// A whole test of unmodified programs in virtual time: the programs' waits and looks at clocks are answered by
/// ``VirtualMachine``, everything else is as in ``Simulation``. The same scenario and program give the same run.
///
/// Programs take no time to compute: only waits, and looks at clocks, let it pass. Must stay on one thread.
public struct ProcessSimulation {
  private var stage: Stage
  /// Nil where there can be none.
  private let machine: VirtualMachine?
  private let program: Program
  /// In the order of the test's nodes.
  private var members: [ProcessMember]
  private var failure: String?

  /// - Parameters:
  ///   - delays: whether threads of the programs are delayed now and then, which shows races inside a program.
  ///   - trace: gets a line for everything that nodes are given and say.
  public init(
    _ scenario: Scenario, _ program: Program, delays: Bool = false, trace: ((String) -> Void)? = nil
  ) {
    self.program = program
    stage = Stage(TestRun(scenario), trace: trace)
    members = scenario.nodes.enumerated().map { ProcessMember($1, place: $0) }
    let disks =
      scenario.faults.contains(.disk)
      || scenario.script?.faults.contains { $0.harm.fault == .disk } ?? false
    do {
      machine = try VirtualMachine(
        seed: scenario.seed, nodeCount: scenario.nodeCount, delays: delays, disks: disks)
    } catch {
      machine = nil
      fail(error.description)
    }
  }

  /// Runs a whole test and says what became of it.
  public static func outcome(
    _ scenario: Scenario, _ program: Program, delays: Bool = false, trace: ((String) -> Void)? = nil
  ) -> SeedOutcome {
    var simulation = ProcessSimulation(scenario, program, delays: delays, trace: trace)
    simulation.finish()
    var outcome = SeedOutcome(
      simulation.stage.test, digest: simulation.stage.digest, virtualTime: simulation.stage.now - .zero,
      log: simulation.stage.log)
    outcome.fidelity = simulation.machine?.fidelity ?? Fidelity()
    outcome.fidelity?.failure = simulation.failure
    return outcome
  }

  /// Runs to the end of the test.
  mutating func finish() {
    guard let machine else { return }
    carryOut(machine)
    settle(machine)
    while !stage.isFinished, let next = next(machine) {
      if stage.test.isPreparing { for member in members { member.tellUnfinished(machine, &stage) } }
      stage.advance(to: max(next, machine.now))
      carryOut(machine)
      settle(machine)
    }
    stage.abandonIdle()
    carryOut(machine)
  }

  /// When something happens next.
  private func next(_ machine: VirtualMachine) -> Instant? {
    guard let due = machine.deadline else { return stage.next }
    return stage.next.map { min($0, due) } ?? due
  }

  /// Lets the programs run until all wait or the test has something to do, and gives the test what they printed.
  private mutating func settle(_ machine: VirtualMachine) {
    machine.pass(to: stage.now)
    // Programs that poll without end must come back even where the test only waits for them.
    let limit = stage.next ?? machine.now + .seconds(60)
    if case .failed = machine.advance(limit: limit) { fail(machine.failure ?? "virtual time failed") }
    stage.pass(to: machine.now)
    for place in members.indices {
      members[place].drain(machine, &stage)
      guard let end = machine.takeEnd(place) else {
        for stream in machine.takeClosed(place) { stage.closed(stream, of: members[place].name) }
        continue
      }
      members[place].drain(machine, &stage)
      stage.exited(members[place].name, end, lastLines: members[place].lastLines)
    }
    carryOut(machine)
  }

  /// Carries out what the test wants done.
  private mutating func carryOut(_ machine: VirtualMachine) {
    while let (action, place) = stage.takeAction() {
      switch action {
      case .deliver(let line, _): members[place].receive(line, machine)
      case .start: start(place, machine)
      case .stop, .kill: members[place].kill(machine)
      case .pause: members[place].pause(machine)
      case .resume: members[place].resume(machine)
      case .skew(_, let jump): members[place].skew(by: jump, machine)
      case .setDisk(_, let condition): members[place].setDisk(condition, machine)
      case .note: break
      }
    }
  }

  private mutating func start(_ place: Int, _ machine: VirtualMachine) {
    guard failure == nil else { return }
    do {
      try members[place].start(program, machine)
    } catch {
      fail("can't start \(program.executable): \(error)")
    }
  }

  /// Ends a run that can't be carried on.
  private mutating func fail(_ reason: String) {
    failure = failure ?? reason
    stage.abandon(reason)
  }
}
