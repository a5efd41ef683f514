import Fleet
import Foundation
import Glomers
import GlomersRuntime
import Lab
import History
import Checkers

/// Drives a test run with real processes in real time: one event loop carries the nodes' pipes, the deadlines of the
/// simulated network and the progress line.
public final class Bench {
  /// How a run ended, and everything that was seen.
  struct Ending {
    var results: Results
    let history: History
    /// Set if a signal cut the run short; its number.
    let interruption: Int32?
    /// When each value was seen where, for workloads whose values are to reach every node.
    let sightings: [Visibility.Sighting]
    /// The instant from which the history's times count.
    let origin: Instant
    /// The last lines of each node.
    let logTails: [(node: String, lines: [String])]
  }

  /// What is done to a node that is yet to start.
  private struct Waiting {
    var lines: [[UInt8]] = []
    var isPaused = false
    var disk = DiskCondition.sound
  }

  private let settings: BenchSettings
  private let store: Store
  private let console: Console
  private let loop = EventLoop()
  /// Runs the nodes on other hosts; nil where they are processes here.
  private var fleet: Fleet?
  private var run: TestRun
  private var processes: [NodeID: NodeProcess] = [:]
  /// Nodes that are to start as soon as the killed ones have gone, with all that they held open.
  private var waiting: [NodeID: Waiting] = [:]
  /// Nodes for which so many bytes wait that lines were dropped.
  private var overflowing: [NodeID: Int] = [:]
  /// Streams that nodes have closed, and when: those that end close them, too, and have a while to do so.
  private var closings: [(process: NodeProcess, stream: TestRun.NodeStream, at: Instant)] = []
  /// Those that have written to their logs in this turn.
  private var talkative: Set<NodeID> = []
  private var lag = LagMeter()
  private var reporter: ProgressReporter
  /// Gets what became of each message; nil where that is not wanted.
  private var record: RecordFile?
  private var failure: BenchError?
  private var interruption: Int32?
  private var hasBegun = false
  /// When the nodes' usage is looked at again: of one that has died there is nothing to be seen any more.
  private var nextSample: Instant = .zero
  /// Set once nodes are being ended for good; the loop then waits for their exits, but not longer than this.
  private var patience: Instant?

  private static let sampleInterval: Duration = .seconds(5)
  /// Within this, a node that ends has ended.
  private static let closingPatience: Duration = .seconds(1)
  /// Longer than a process that was killed can take to be gone.
  private static let exitPatience: Duration = .seconds(5)

  init(_ settings: BenchSettings, _ store: Store, _ console: Console) {
    self.settings = settings
    self.store = store
    self.console = console
    var scenario = settings.scenario
    scenario.recordBytesMax = settings.recordBytesMax
    run = TestRun(scenario)
    reporter = ProgressReporter(console)
  }

  /// Signals that end a run early, with its results: SIGINT, SIGTERM, and SIGHUP, which comes when a terminal is closed,
  /// unless this program was told to ignore that (nohup).
  private static var endingSignals: [Int32] {
    [SIGINT, SIGTERM] + (EventLoop.ignores(SIGHUP) ? [] : [SIGHUP])
  }

  /// Runs the test to its end, or until SIGINT, SIGTERM or SIGHUP. Throws if the bench itself can't go on.
  func runToEnd() throws(BenchError) -> Ending {
    EventLoop.raiseFileLimit()
    try gatherFleet()
    if settings.recordBytesMax > 0 { record = try RecordFile(path: store.recordPath) }
    for signal in Bench.endingSignals {
      loop.onSignal(signal) { [unowned self] in interrupt(signal) }
    }
    loop.run { [unowned self] now in turn(now) }
    console.clear()
    fleet?.close()
    for process in processes.values { process.log.close() }
    if let failure { throw failure }
    run.drainRecord { record?.write($0) }
    record?.close()
    let problems =
      processes.values.compactMap(\.log.writeError).sorted() + [record?.writeError].compactMap(\.self)
    for problem in problems { console.say(problem) }
    var results = run.results()
    results.report("nodes", nodesReport)
    results.report("schedule-lag", lag.edn)
    return Ending(
      results: results, history: run.history, interruption: interruption,
      sightings: run.visibility.sightings, origin: run.origin,
      logTails: settings.scenario.nodes.map { ($0.name, processes[$0]?.log.tail ?? []) })
  }

  /// Waits for the agents, if nodes are to run on other hosts.
  private func gatherFleet() throws(BenchError) {
    guard let hosts = settings.hosts else { return }
    do {
      let fleet = try Fleet(
        loop, hosts.address, agents: hosts.agentCount, servers: settings.scenario.serverCount,
        version: Version.text
      ) { [unowned self] in console.say($0) }
      self.fleet = fleet
      try fleet.gather(
        settings.scenario.nodes.map(\.name),
        latency: settings.scenario.carrier == .real ? settings.scenario.latency : nil)
      fleet.onCarried = { [unowned self] in noteCarried($0) }
      fleet.onFailure = { [unowned self] error in
        failure = failure ?? BenchError("\(error)")
        endNodes(loop.now)
      }
    } catch {
      fleet?.close()
      throw BenchError("\(error)")
    }
  }

  /// Nodes of other hosts have told each other something, past the bench.
  private func noteCarried(_ carried: Fleet.Carried) {
    guard patience == nil else { return }
    switch carried {
    case .sent(let line): run.carried(line, at: loop.now)
    case .arrived(let number): run.carriedArrived(number, at: loop.now)
    case .lost(let number, let reason): run.carriedLost(number, reason, at: loop.now)
    }
  }

  private func carryOut(_ order: TestRun.HostOrder) {
    switch order {
    case .cut(let cuts):
      fleet?.impose(
        cuts.map { cut in
          let sources = cut.grudge.sources.map { ($0.name, Set($1.map(\.name))) }
          return (cut.name, Dictionary(uniqueKeysWithValues: sources))
        })
    case .killServer(let place): fleet?.setServer(place, isUp: false)
    case .startServer(let place): fleet?.setServer(place, isUp: true)
    }
  }

  private func turn(_ now: Instant) -> Instant? {
    let due = turnOfTest(now)
    guard let fleet else { return due }
    // What the test has said to nodes of other hosts leaves now.
    let next = fleet.turn(now)
    return min(due ?? next, next)
  }

  private func turnOfTest(_ now: Instant) -> Instant? {
    if !hasBegun {
      hasBegun = true
      run.begin(at: now)
    }
    if patience == nil {
      if let due = run.deadline, due <= now {
        lag.woke(at: now, due: due)
        if run.isPreparing { tellUnfinished() }
      }
      if !closings.isEmpty { tellClosings(now) }
      run.advance(to: now)
      run.drain { carryOut($0) }
      for order in run.takeHostOrders() { carryOut(order) }
      if !overflowing.isEmpty { tellOverflowing(now) }
      if run.isFinished {
        tellUnfinished()
        endNodes(now)
      }
    }
    if record != nil {
      let threshold = record!.threshold(at: now)
      run.drainRecord(atLeast: threshold) { record!.write($0) }
    }
    for id in talkative { processes[id]?.log.flush() }
    talkative.removeAll(keepingCapacity: true)
    if let patience {
      // Agents that can't be reached can't be waited for.
      if now >= patience || (fleet != nil && failure != nil) || processes.values.allSatisfy(\.hasExited) {
        loop.stop()
      }
      return patience
    }
    if now >= nextSample {
      nextSample = now + Bench.sampleInterval
      for process in processes.values { process.sampleUsage() }
    }
    let nextProgress = reporter.show(run.progress(at: now), at: now)
    return min(run.deadline ?? nextProgress, nextProgress)
  }

  private func carryOut(_ action: TestRun.Action) {
    switch action {
    case .start(let id): start(id)
    case .deliver(let line, let id):
      if waiting[id] == nil { deliver(line, to: id) } else { waiting[id]!.lines.append(line) }
    case .kill(let id), .stop(let id):
      waiting[id] = nil
      processes[id]?.kill()
    case .pause(let id):
      if waiting[id] == nil { processes[id]?.pause() } else { waiting[id]!.isPaused = true }
    case .resume(let id):
      if waiting[id] == nil { processes[id]?.resume() } else { waiting[id]!.isPaused = false }
    case .setDisk(let id, let condition):
      if waiting[id] == nil { setDisk(of: id, condition) } else { waiting[id]!.disk = condition }
    case .skew(let id, _): preconditionFailure("the clock of \(id) can't be moved: it is a process")
    case .note(let text): console.say(text)
    }
  }

  private func deliver(_ line: [UInt8], to id: NodeID) {
    if let bytes = processes[id]?.deliver(line) { overflowing[id] = bytes }
  }

  private func tellOverflowing(_ now: Instant) {
    for (id, bytes) in overflowing.sorted(by: { $0.key < $1.key }) {
      run.overflowed(id, waitingBytes: bytes, at: now)
    }
    overflowing.removeAll(keepingCapacity: true)
  }

  private func tellClosings(_ now: Instant) {
    for closing in closings where now - closing.at >= Bench.closingPatience {
      guard !closing.process.hasExited, !closing.process.isStopping else { continue }
      run.closed(closing.stream, of: closing.process.id, at: now)
    }
    closings.removeAll { now - $0.at >= Bench.closingPatience }
  }

  /// A node that is given up may have answered, but for the end of the line.
  private func tellUnfinished() {
    for (id, process) in processes {
      guard let line = process.unfinishedLine else { continue }
      run.note(unfinished: line.beginning, ofBytes: line.bytes, from: id)
    }
  }

  private func start(_ id: NodeID) {
    guard failure == nil else { return }
    guard processes[id]?.hasExited ?? true else {
      waiting[id] = Waiting()
      return
    }
    do {
      let log = try processes[id]?.log ?? NodeLog(path: store.logPath(of: id.name))
      if let fleet {
        processes[id] = NodeProcess(
          id, on: fleet, keepsRecords: settings.scenario.keepsRecords, log: log, events)
      } else {
        processes[id] = try NodeProcess(
          id, loop, executable: settings.executable, arguments: settings.arguments, environment: environment,
          directory: settings.directory, log: log, events)
      }
      guard let done = waiting.removeValue(forKey: id) else { return }
      for line in done.lines { deliver(line, to: id) }
      if done.disk != .sound { setDisk(of: id, done.disk) }
      if done.isPaused { processes[id]!.pause() }
    } catch {
      failure = error as? BenchError ?? settings.failure(toStart: error)
      endNodes(loop.now)
    }
  }

  private func setDisk(of id: NodeID, _ condition: DiskCondition) {
    let path = "\(store.dataPath)/\(id.name)"
    processes[id]?.setDisk(condition, largestFileBytes: Bench.largestFileBytes(in: path))
  }

  /// The size of the largest file of a node's data directory; 0 where there is none.
  static func largestFileBytes(in directory: String) -> Int {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
    let sizes = names.map { name in
      let attributes = try? FileManager.default.attributesOfItem(atPath: "\(directory)/\(name)")
      return (attributes?[.size] as? NSNumber)?.intValue ?? 0
    }
    return sizes.max() ?? 0
  }

  /// Tells nodes that can keep something where to: a directory of this run's own, if they may be killed.
  private var environment: [String: String] {
    guard settings.scenario.keepsRecords else { return [:] }
    // SIGKILL takes nothing from the operating system.
    return ["GLOMERS_DATA_DIR": store.dataPath, "GLOMERS_SYNC": "write"]
  }

  private lazy var events = NodeProcess.Events(
    line: { [unowned self] process, line in
      guard patience == nil else { return }
      process.log.keep(line)
      run.receive(line: line, from: process.id, at: loop.now)
    },
    errorLine: { [unowned self] process, line in
      process.log.append(line)
      talkative.insert(process.id)
      if settings.scenario.logNodeErrors {
        console.say("\(process.id) │ \(String(decoding: line, as: UTF8.self))")
      }
    },
    oversized: { [unowned self] process, lineBytes in
      guard patience == nil else { return }
      run.receiveOversized(bytes: lineBytes, from: process.id, at: loop.now)
    },
    overflow: { [unowned self] process, bytes in
      if patience == nil { overflowing[process.id] = bytes }
    },
    closed: { [unowned self] process, stream in closings.append((process, stream, loop.now)) },
    exit: { [unowned self] process, status in
      process.log.flush()
      if patience == nil, waiting[process.id] != nil { start(process.id) }
      guard !process.isStopping, patience == nil else { return }
      run.exited(process.id, "\(status)", lastLines: process.log.lastLines, at: loop.now)
    })

  private func interrupt(_ signal: Int32) {
    guard interruption == nil else { return loop.stop() }
    interruption = signal
    run.abandon(
      "Interrupted: stopping the nodes. What was seen so far is still judged and stored.", as: "interrupted",
      severity: .unknown, at: loop.now)
  }

  private func endNodes(_ now: Instant) {
    guard patience == nil else { return }
    patience = now + Bench.exitPatience
    for process in processes.values { process.kill() }
  }

  private var nodesReport: EDN {
    let nodes = settings.scenario.nodes.compactMap { processes[$0] }
    return .map(nodes.map { .init(.string($0.id.name), $0.usage?.edn ?? [:]) })
  }
}
