import History
import Checkers
import ArgumentParser
import Foundation
import Glomers
import Lab
import Simulator
import Workbench

/// Scripts: runs that are written down, event by event.
extension SimCommand {
  func validateScript() throws {
    guard load.givenWorkload == nil, !swarm, network.nemesis.isEmpty, !checkSeed else {
      throw ValidationError("a script says itself what happens: leave workload, faults and swarm out")
    }
    guard !(node != nil && bin != nil) else {
      throw ValidationError("give either --bin, a program, or --node, a state machine")
    }
    if let bin { try validate(program: bin) }
    if let node, SimulatedNode.named(node) == nil { throw ValidationError(SimulatedNode.unknown(node)) }
    _ = try runner(of: try read(script!))
  }

  /// Runs a script, and shrinks it further where that is asked.
  func run(script path: String) throws {
    let file = try read(path)
    let carryOut = try runner(of: file)
    var scenario = file.scenario
    if shrink { return try shrink(scenario, file, carryOut) }
    scenario.isRecorded = true
    let outcome = carryOut(scenario, trace ? { print($0) } : nil)
    print("\(path): \(outcome.results.verdict), digest \(outcome.digest)")
    showFailure(of: outcome)
    if !trace { showHistory(outcome) }
    if let anomaly = file.anomaly {
      let isThere = outcome.failures.contains { $0.name == anomaly }
      print("\(anomaly) is \(isThere ? "still there" : "gone")")
    }
    if let fidelity = outcome.fidelity { try FidelityReport(fidelity, seed: outcome.seed).show() }
    throw ExitCode(outcome.isValid ? 0 : 1)
  }

  private func read(_ path: String) throws -> ScriptFile {
    var file = try ScriptFile(at: path)
    if let node { file.subject = .node(node) }
    if let bin { file.subject = .program(bin) }
    if !nodeArguments.isEmpty { file.arguments = nodeArguments }
    return file
  }

  private func runner(of file: ScriptFile) throws -> Runner {
    switch file.subject {
    case .program(let path):
      if let problem = BenchSettings.problem(withExecutable: path) { throw ValidationError(problem) }
      let settings = BenchSettings(scenario: file.scenario, executable: path, arguments: file.arguments)
      let program = SimulatedProgram(
        executable: settings.executable, arguments: file.arguments, delays: file.delaysThreads)
      return { scenario, trace in program.run(scenario, trace: trace) }
    case .node(let name):
      guard let node = SimulatedNode.named(name) else { throw ValidationError(SimulatedNode.unknown(name)) }
      let options = try options(of: node, file.arguments)
      return { scenario, trace in node.run(scenario, options, trace: trace) }
    }
  }

  /// What a script of these nodes says beside the scenario.
  func file(_ scenario: Scenario) -> ScriptFile {
    let subject: ScriptFile.Subject =
      bin.map { .program($0) } ?? .node(node ?? SimulatedNode.serving(scenario.workload)?.name ?? "")
    var file = ScriptFile(subject, arguments: nodeArguments, scenario)
    file.delaysThreads = bin != nil && (delays || swarm)
    return file
  }

  // MARK: Shrinking

  /// Shrinks a run that fails, shows what is left of it, and writes it down.
  func shrink(_ scenario: Scenario, _ file: ScriptFile, _ carryOut: @escaping Runner) throws {
    var recorded = scenario
    recorded.isRecorded = true
    let outcome = carryOut(recorded, nil)
    guard let failure = outcome.failures.first(where: { file.anomaly == nil || $0.name == file.anomaly })
    else {
      print("the run is \(outcome.results.verdict): there is nothing to shrink")
      throw ExitCode(0)
    }
    let start = ContinuousClock.now
    let limit = shrinkLimit
    var shown = start
    let script = outcome.scripted!.scenario.script!
    tell(
      "shrinking \(failure.name): \(script.requests.count) requests, "
        + "\(script.faults.count + script.strikes.count) faults, \(script.delays.count) delays")
    var shrinker = Shrinker(
      outcome, shows: failure.name, isOver: { ContinuousClock.now - start > limit },
      progress: { progress in
        guard ContinuousClock.now - shown > .milliseconds(500) else { return }
        shown = .now
        tell(progress.words)
      },
      run: { carryOut($0, nil) })
    shrinker.shrink()
    let last = shrinker.outcome
    var file = file
    file.scenario = shrinker.scenario
    file.anomaly = failure.name
    let path = try write(file, seed: outcome.seed)
    tell(String(format: "%d runs, %.1f s", shrinker.runCount, (ContinuousClock.now - start).seconds))
    print("shrunk to \(Shrinker.Progress(shrinker).words), digest \(last.digest)")
    showFailure(of: last)
    showHistory(last)
    var command = CommandWords([CommandLine.arguments[0], "sim"])
    command.set("--script", path)
    print("  replay: \(command.shell)")
    throw ExitCode(1)
  }

  private func showHistory(_ outcome: SeedOutcome) {
    guard let recording = outcome.scripted else { return }
    for line in HistoryTable(recording).lines { print("  \(line)") }
  }

  private func write(_ file: ScriptFile, seed: UInt64) throws -> String {
    let name = "\(file.scenario.workload.rawValue)-\(file.anomaly ?? "run")-\(seed).script"
    let path = URL(filePath: scripts).appending(path: name)
    do {
      try FileManager.default.createDirectory(atPath: scripts, withIntermediateDirectories: true)
      try Data(file.text.utf8).write(to: path)
    } catch {
      throw ValidationError("can't write \(scripts)/\(name): \(error.localizedDescription)")
    }
    return "\(scripts)/\(name)"
  }
}

extension ScriptFile {
  /// Reads a file; what is wrong with it is said as what is wrong with a command line.
  init(at path: String) throws {
    guard let size = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int,
      let text = try? String(contentsOfFile: path, encoding: .utf8)
    else { throw ValidationError("there is no file \(path) that can be read as text") }
    guard size <= Self.bytesMax else {
      throw ValidationError("\(path) has \(size) bytes; a script has \(Self.bytesMax) at most")
    }
    do { try self.init(text: text) } catch { throw ValidationError("\(path), \(error)") }
  }
}
