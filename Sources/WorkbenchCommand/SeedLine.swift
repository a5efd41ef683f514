import ArgumentParser
import Foundation
import Glomers
import Lab
import Simulator
import Wire
import Workbench
import History
import Checkers

/// One seed of a sweep as a line of JSON: all that the table of the whole sweep is made from, so that parts of a sweep
/// can run anywhere. `docs/hosts.md` explains each member.
struct SeedLine: Equatable, Sendable {
  /// Something that was found wrong, as a person is told of it.
  struct Finding: Equatable, Sendable, Decodable {
    let name: String
    let node: String?
    let detail: String
  }

  /// How long values took to be stable at all nodes, in milliseconds.
  struct StableLatency: Equatable, Sendable, Decodable {
    let median: Double?
    let max: Double?
    /// The limit that the sweep was given, if it was.
    let limit: Double?
  }

  let seed: UInt64
  let verdict: Verdict
  let digest: String
  /// Messages that the network carried.
  let messages: Int
  /// In seconds.
  let virtualTime: Double
  let serverMessagesPerOperation: Double?
  let stableLatency: StableLatency
  /// The first three.
  private(set) var anomalies: [Finding]
  /// What makes the run invalid beside its anomalies.
  private(set) var complaints: [String]
  /// The first twelve operations that show the anomalies, as in `history.edn`.
  private(set) var operations: [String]
  /// Of programs only.
  let fidelity: Fidelity?
  /// The words of the command line that is the same for every part of the sweep.
  private(set) var sweep: [String]
  /// Of the workbench.
  let version: String

  var isValid: Bool { verdict != .invalid }

  init(_ outcome: SeedOutcome, latencyLimit: Duration? = nil, sweep: [String] = []) {
    let latencies = outcome.results.workload.stableLatencies
    seed = outcome.seed
    verdict = outcome.results.verdict
    digest = "\(outcome.digest)"
    messages = outcome.messageCount
    virtualTime = outcome.virtualTime.seconds
    serverMessagesPerOperation = outcome.results.net?.serversPerOperation
    stableLatency = StableLatency(
      median: latencies?.median.milliseconds, max: latencies?.maximum.milliseconds,
      limit: latencyLimit?.milliseconds)
    anomalies = outcome.results.anomalies.prefix(3).map {
      Finding(name: $0.name, node: $0.node?.name, detail: $0.detail)
    }
    complaints = outcome.results.complaints
    operations = Array(outcome.excerpt.prefix(12))
    fidelity = outcome.fidelity
    self.sweep = sweep
    version = Version.text
  }

  /// The words of a `sim` command line that every part of one sweep shares: neither the program's path, nor the seeds,
  /// nor what changes only how seeds are gone through and shown.
  static func sweep(of arguments: [String]) -> [String] {
    var command = CommandWords(Array(arguments.dropFirst(2)))
    command.options.removeAll { ["--until-failure", "--check-seed", "--json"].contains($0) }
    for option in ["--seeds", "--nats", "--nats-creds", "--nats-ca", "--nats-cert", "--nats-key"] {
      command.remove(option)
    }
    return command.words
  }

  /// Without what only an invalid seed is shown with: a sweep may have millions of others.
  var forTable: SeedLine {
    guard isValid else { return self }
    var line = self
    (line.anomalies, line.complaints, line.operations, line.sweep) = ([], [], [], [])
    return line
  }

  /// The command that shows this seed again.
  var replay: String {
    var command = CommandWords(["bin/workbench", "sim"] + sweep)
    command.set("--seeds", "\(seed)")
    command.options.append("--trace")
    return command.shell
  }

  /// What was wrong with the seed, as lines for people.
  var shown: [String] {
    ["seed \(seed): \(verdict), digest \(digest)"]
      + anomalies.map { "  \($0.name)\($0.node.map { " at \($0)" } ?? ""): \($0.detail)" }
      + complaints.map { "  \($0)" } + operations.map { "    \($0)" }
      + (isValid ? [] : ["  replay: \(replay)"])
  }
}

// MARK: Writing

extension SeedLine {
  /// The line, without its newline.
  var json: String {
    var tree: EDN = [
      "seed": EDN(JSON(number: "\(seed)")),
      "verdict": .string("\(verdict)"), "digest": .string(digest),
      "messages": .integer(messages), "virtual-seconds": .real(virtualTime),
    ]
    tree["server-msgs-per-op"] = serverMessagesPerOperation.map { .fraction($0) }
    var latency: EDN = [:]
    latency["median"] = stableLatency.median.map { .real($0) }
    latency["max"] = stableLatency.max.map { .real($0) }
    latency["limit"] = stableLatency.limit.map { .real($0) }
    if latency != [:] { tree["stable-latency-ms"] = latency }
    if !anomalies.isEmpty {
      tree["anomalies"] = .vector(
        anomalies.map { finding in
          var edn: EDN = ["name": .string(finding.name)]
          edn["node"] = finding.node.map { .string($0) }
          edn["detail"] = .string(finding.detail)
          return edn
        })
    }
    if !complaints.isEmpty { tree["complaints"] = Self.strings(complaints) }
    if !operations.isEmpty { tree["operations"] = Self.strings(operations) }
    if let fidelity {
      var edn: EDN = [
        "doubts": Self.strings(fidelity.doubts), "refusals": Self.strings(fidelity.refusals),
        "stops": .integer(fidelity.stops), "polls": .integer(fidelity.polls),
        "delays": .integer(fidelity.delays),
      ]
      edn["failure"] = fidelity.failure.map { .string($0) }
      tree["fidelity"] = edn
    }
    tree["sweep"] = Self.strings(sweep)
    tree["version"] = .string(version)
    return tree.text(in: .json)
  }

  private static func strings(_ strings: [String]) -> EDN { .vector(strings.map { .string($0) }) }
}

// MARK: Reading

extension SeedLine: Decodable {
  private enum Key: String, CodingKey {
    case seed, verdict, digest, messages, anomalies, complaints, operations, fidelity, sweep, version
    case virtualTime = "virtual-seconds"
    case serverMessages = "server-msgs-per-op"
    case stableLatency = "stable-latency-ms"
  }

  private struct FidelityMembers: Decodable {
    let failure: String?
    let doubts: [String]
    let refusals: [String]
    let stops: Int
    let polls: Int
    let delays: Int
  }

  /// Takes lines that have all members that the table needs, each in its bounds; members that are unknown are no
  /// offence.
  init(from decoder: any Decoder) throws {
    let members = try decoder.container(keyedBy: Key.self)
    func damaged(_ key: Key, _ reason: String) -> DecodingError {
      .dataCorruptedError(forKey: key, in: members, debugDescription: reason)
    }
    seed = try members.decode(UInt64.self, forKey: .seed)
    let word = try members.decode(String.self, forKey: .verdict)
    guard let verdict = [Verdict.valid, .unknown, .invalid].first(where: { "\($0)" == word }) else {
      throw damaged(.verdict, "valid, unknown or invalid")
    }
    self.verdict = verdict
    digest = try members.decode(String.self, forKey: .digest)
    guard digest.utf8.count == 16, UInt64(digest, radix: 16) != nil else {
      throw damaged(.digest, "16 hexadecimal digits")
    }
    messages = try members.decode(Int.self, forKey: .messages)
    guard 0...(1 << 36) ~= messages else { throw damaged(.messages, "a count") }
    virtualTime = try members.decode(Double.self, forKey: .virtualTime)
    guard 0...1e9 ~= virtualTime else { throw damaged(.virtualTime, "seconds, 0 or more") }
    serverMessagesPerOperation = try members.decodeIfPresent(Double.self, forKey: .serverMessages)
    stableLatency =
      try members.decodeIfPresent(StableLatency.self, forKey: .stableLatency)
      ?? StableLatency(median: nil, max: nil, limit: nil)
    anomalies = try members.decodeIfPresent([Finding].self, forKey: .anomalies) ?? []
    complaints = try members.decodeIfPresent([String].self, forKey: .complaints) ?? []
    operations = try members.decodeIfPresent([String].self, forKey: .operations) ?? []
    fidelity = try members.decodeIfPresent(FidelityMembers.self, forKey: .fidelity).map { seen in
      var fidelity = Fidelity()
      fidelity.failure = seen.failure
      fidelity.doubts = seen.doubts
      fidelity.refusals = seen.refusals
      fidelity.stops = seen.stops
      fidelity.polls = seen.polls
      fidelity.delays = seen.delays
      return fidelity
    }
    sweep = try members.decode([String].self, forKey: .sweep)
    version = try members.decode(String.self, forKey: .version)
  }

  /// - Parameter bytes: a line without its newline. Throws what a person can be told.
  init(json bytes: Data) throws { self = try JSONDecoder().decode(SeedLine.self, from: bytes) }
}

extension SimCommand {
  /// Runs the seeds and writes a line for each to stdout, whole, as soon as it has ended; people are told on stderr.
  func writeLines(_ carryOut: @escaping @Sendable (Scenario, SimulatedNode.Trace?) -> SeedOutcome)
    async throws -> Never
  {
    let words = SeedLine.sweep(of: CommandLine.arguments)
    var report = SweepReport(count: seeds.count, latencyLimit: latencyLimit)
    var fidelity = FidelityReport()
    var failure: (any Error)?
    let sweep = Sweep(
      seeds, concurrency: ProcessInfo.processInfo.activeProcessorCount, stopsAtFailure: untilFailure
    ) { carryOut(scenario($0), nil) }
    await sweep.outcomes { outcome in
      let line = SeedLine(outcome, latencyLimit: latencyLimit, sweep: words)
      do {
        if failure == nil { try FileHandle.standardOutput.write(contentsOf: Data((line.json + "\n").utf8)) }
      } catch {
        failure = error
      }
      report.add(line)
      report.showProgress()
      if let seen = outcome.fidelity { fidelity.add(seen, seed: outcome.seed) }
    }
    var last = report.summary
    if bin != nil { last += "\n" + (try fidelity.text()) }
    tell(last)
    if let failure {
      tell("sim: lines were lost: can't write to stdout: \(failure.localizedDescription)")
      throw ExitCode(Bench.failureStatus)
    }
    throw ExitCode(report.invalidCount == 0 ? 0 : 1)
  }
}
