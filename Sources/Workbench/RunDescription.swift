import Checkers
import Fleet
import Foundation
import Glomers
import Lab
import History

/// What a run was: enough to do it again, and to know what it was done with and on.
struct RunDescription {
  let edn: EDN
  /// The command line that runs it again.
  let command: String
  /// When it was started, by ISO 8601.
  let started: String

  /// - Parameter directory: of the run's results.
  init(_ settings: BenchSettings, start: Date = Date()) {
    let scenario = settings.scenario
    command = settings.repeatableCommand.shell
    started = start.ISO8601Format()
    edn = [
      "command": .string(command),
      "directory": .string(FileManager.default.currentDirectoryPath),
      "started": .string(started),
      "program": settings.hosts.map {
        ["agents": .integer($0.agentCount), "nats": .string($0.address.shown)]
      }
        ?? Self.program(settings.executable),
      "arguments": .vector(settings.arguments.map { .string($0) }),
      "options": Self.options(scenario),
      "versions": [
        "workbench": .string(Version.number), "commit": Version.commit.map { .string($0) } ?? .null,
      ],
      "host": Self.host,
    ]
  }

  private static func program(_ path: String) -> EDN {
    let facts = try? FileManager.default.attributesOfItem(
      atPath: URL(filePath: path).resolvingSymlinksInPath().path)
    return [
      "path": .string(path),
      "bytes": (facts?[.size] as? Int).map { .integer($0) } ?? .null,
      "modified": (facts?[.modificationDate] as? Date).map { .string($0.ISO8601Format()) } ?? .null,
    ]
  }

  /// By the names of the command line; times in its units.
  private static func options(_ scenario: Scenario) -> EDN {
    let availability: EDN =
      switch scenario.availability {
      case .total: .keyword("total")
      case .fraction(let share): .real(share)
      case nil: .null
      }
    return [
      "workload": .keyword(scenario.workload.rawValue),
      "nodes": .vector(scenario.nodes.map { .string($0.name) }),
      "node-count": .integer(scenario.nodeCount),
      "concurrency": .integer(scenario.clientCount),
      "rate": .real(scenario.rate),
      "time-limit": .real(scenario.timeLimit.seconds),
      "latency": .real(scenario.latency.milliseconds),
      "latency-dist": .keyword(scenario.latencyDistribution.rawValue),
      "delivery": .keyword(scenario.delivery.rawValue),
      "nemesis": .vector(scenario.faults.map(\.rawValue).sorted().map { .keyword($0) }),
      "nemesis-interval": .real(scenario.nemesisInterval.seconds),
      "topology": .keyword(scenario.topology.rawValue),
      "availability": availability,
      "consistency-models": .vector(scenario.consistencyModels.map { .keyword($0) }),
      "also": .vector(scenario.demands.map(\.rawValue).sorted().map { .keyword($0) }),
      "late-replies": .keyword(scenario.lateReplies.rawValue),
      "max-lag": scenario.lagMax.map { .real($0.seconds) } ?? .null,
      "max-msgs-per-op": scenario.messagesPerOperationMax.map { .real($0) } ?? .null,
      "key-count": scenario.keyCount.map { .integer($0) } ?? .null,
      "key-dist": .keyword(scenario.keyDistribution.rawValue),
      "max-txn-length": .integer(scenario.maxTransactionLength),
      "max-writes-per-key": .integer(scenario.maxWritesPerKey),
      "seed": Int(exactly: scenario.seed).map { .integer($0) } ?? .string("\(scenario.seed)"),
    ]
  }

  /// The machine, and how busy it was: runnable tasks in the last minute, five and fifteen minutes.
  private static var host: EDN {
    let process = ProcessInfo.processInfo
    var names = utsname()
    unsafe uname(&names)
    var loads = [Double](repeating: 0, count: 3)
    let loadCount = unsafe getloadavg(&loads, 3)
    return [
      "system": .string(process.operatingSystemVersionString),
      "kernel": .string("\(text(names.sysname)) \(text(names.release))"),
      "architecture": .string(text(names.machine)),
      "processor": processor.map { .string($0) } ?? .null,
      "processors": .integer(process.activeProcessorCount),
      "memory-mib": .integer(Int(process.physicalMemory >> 20)),
      "load-average": .vector(loads.prefix(max(0, Int(loadCount))).map { .real(($0 * 100).rounded() / 100) }),
    ]
  }

  /// The processor's name, where the system has it in a file.
  private static var processor: String? {
    guard let text = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8) else { return nil }
    return text.split(separator: "\n").first { $0.hasPrefix("model name") }?
      .split(separator: ":", maxSplits: 1).last?.trimmingCharacters(in: .whitespaces)
  }

  /// A field of `uname`: bytes up to the first that is zero.
  private static func text<Field>(_ field: Field) -> String {
    unsafe withUnsafeBytes(of: field) { unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }
}
