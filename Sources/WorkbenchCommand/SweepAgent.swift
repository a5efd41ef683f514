import ArgumentParser
import Fleet
import Foundation
import Simulator
import Workbench

/// Runs parts of sweeps, each thread one at a time, until the process ends.
///
/// What comes over the network are options of `workbench sim` alone: none that names a file is taken, and a program is only
/// ever the agent's own.
final class SweepAgent: @unchecked Sendable {
  /// How a sweep's seeds are run here.
  private struct Runner: Sendable {
    let command: SimCommand
    let run: SimCommand.Runner
  }

  /// Lines are stored once a second, or when so many bytes have come together.
  private static let storedBytes = 128 << 10
  private static let interval: Duration = .seconds(1)
  /// Well below the time after which a part is given to another agent.
  private static let pulseSeconds = 3.0

  private let queue: SweepQueue
  private let program: String?
  private let arguments: [String]
  private let say: @Sendable (String) -> Void
  private let lock = NSLock()
  /// By the sweeps' ids; nil for those that are not for this agent.
  private var runners: [String: Runner?] = [:]
  private var workers: [ObjectIdentifier: SweepQueue.Worker] = [:]

  init(
    _ queue: SweepQueue, program: String?, arguments: [String], say: @escaping @Sendable (String) -> Void
  ) {
    self.queue = queue
    self.program = program
    self.arguments = arguments
    self.say = say
  }

  /// Does not return; the process ends by a signal. What is unfinished then is given to others.
  func serve(threads: Int) -> Never {
    for _ in 0..<threads { Thread.detachNewThread { self.work() } }
    while true {
      Thread.sleep(forTimeInterval: Self.pulseSeconds)
      for worker in lock.withLock({ Array(workers.values) }) { worker.goOn() }
    }
  }

  private func work() {
    var mine: [String: SweepQueue.Worker] = [:]
    while true {
      let sweeps = queue.sweeps()
      var hasWorked = false
      for sweep in sweeps {
        guard let runner = runner(of: sweep) else { continue }
        guard let worker = mine[sweep.id] ?? SweepQueue.Worker(queue, sweep) else { continue }
        mine[sweep.id] = worker
        let key = ObjectIdentifier(worker)
        lock.withLock { workers[key] = worker }
        defer { _ = lock.withLock { workers.removeValue(forKey: key) } }
        // Other sweeps have their turn once this one has no part that waits.
        while case .part(let seeds) = worker.take(milliseconds: 500) {
          hasWorked = true
          guard run(seeds, of: sweep, runner, worker) else { break }
        }
      }
      let ids = Set(sweeps.map(\.id))
      mine = mine.filter { ids.contains($0.key) }
      if !hasWorked { Thread.sleep(forTimeInterval: 0.5) }
    }
  }

  /// Runs the seeds and stores their lines. Returns false if the sweep has ended.
  private func run(
    _ seeds: ClosedRange<UInt64>, of sweep: SweepQueue.Description, _ runner: Runner,
    _ worker: SweepQueue.Worker
  ) -> Bool {
    var lines: [UInt8] = []
    var stored = ContinuousClock.now
    for seed in seeds {
      let outcome = runner.run(runner.command.scenario(seed), nil)
      let line = SeedLine(outcome, latencyLimit: runner.command.latencyLimit, sweep: sweep.words)
      lines += Array((line.json + "\n").utf8)
      let now = ContinuousClock.now
      if lines.count >= Self.storedBytes || now - stored >= Self.interval || !line.isValid
        || seed == seeds.upperBound
      {
        guard worker.store(lines) else { return false }
        lines.removeAll(keepingCapacity: true)
        stored = now
      }
    }
    worker.finish()
    return true
  }

  private func runner(of sweep: SweepQueue.Description) -> Runner? {
    lock.withLock {
      if let known = runners[sweep.id] { return known }
      // So many sweeps are remembered.
      if runners.count >= 1000 { runners.removeAll() }
      let made: Runner?
      do {
        made = try makeRunner(sweep)
        say(
          "sweep \(sweep.id): sim \(sweep.words.joined(separator: " ")), seeds \(sweep.first)..\(sweep.last)")
      } catch {
        made = nil
        say("sweep \(sweep.id) is left to others: \(error)")
      }
      runners[sweep.id] = .some(made)
      return made
    }
  }

  /// Why a sweep is not for this agent.
  private struct Refusal: Error, CustomStringConvertible {
    let description: String
  }

  private func makeRunner(_ sweep: SweepQueue.Description) throws -> Runner {
    guard sweep.version == Version.text else {
      throw Refusal(description: "it is of workbench \(sweep.version), and this one is \(Version.text)")
    }
    var command: SimCommand
    do {
      command = try Self.command(sweep.words, program: program, arguments: arguments)
    } catch let error as Refusal {
      throw error
    } catch {
      throw Refusal(description: SimCommand.message(for: error))
    }
    command.seeds = sweep.first...sweep.last
    return Runner(command: command, run: try command.runner())
  }

  /// The command of a sweep's words, with this agent's program in place of any that they name.
  static func command(_ words: [String], program: String?, arguments: [String]) throws -> SimCommand {
    var words = CommandWords(words)
    if words.options.contains(where: { $0 == "--bin" || $0.hasPrefix("--bin=") }) {
      guard let program else {
        throw Refusal(description: "it runs a program; an agent runs only its own, and this one has no --bin")
      }
      guard (words.nodeArguments ?? []) == arguments else {
        throw Refusal(description: "its nodes have other arguments than this agent was given after --")
      }
      words.set("--bin", program)
    }
    let command = try SimCommand.parse(words.words)
    guard command.script == nil, !command.record, !command.trace, !command.shrink, !command.checkSeed,
      !command.json,
      command.hosts.nats == nil
    else { throw Refusal(description: "it has options that are not for agents") }
    return command
  }
}
