import Foundation
import Glomers
public import Lab
import History
import Checkers

/// Judges a history that is in a file, whoever has written it.
public struct HistoryCheck: Sendable {
  /// The workload, and what is demanded. Of the rest, only how clients were shared out among nodes counts.
  public var scenario: Scenario
  /// A file with operations as Jepsen writes them.
  public let path: String

  /// - Parameter nodeCount: how many nodes there were. If nobody knows, each process is taken to have had its own.
  public init(path: String, scenario: Scenario, nodeCount: Int?) {
    self.path = path
    self.scenario = scenario
    self.scenario.nodeCount = nodeCount ?? 0
  }

  /// Checks the history, and returns the exit status.
  public func runToExitStatus() -> Int32 {
    let console = Console()
    do throws(BenchError) {
      let history = try Waiting.tell(console, "reading \(path)") { () throws(BenchError) -> History in
        try self.history()
      }
      console.say("\(history.count) operations")
      let results = Waiting.tell(console, "checking \(history.count) operations") { check(history) }
      console.print(results.shown)
      let anomalies = Report.objections(results)
      if !anomalies.isEmpty { console.print(anomalies.joined(separator: "\n") + "\n") }
      console.print("\n" + Report.closingLine(results.verdict))
      return Report.exitStatus(results.verdict)
    } catch {
      console.say("workbench: \(error)")
      return Bench.failureStatus
    }
  }

  func check(_ history: History) -> Results {
    Results(
      of: history, workload: RelevanceChecker(scenario.workload, scenario.workload.checker(scenario)),
      availability: scenario.availability, demands: scenario.demands)
  }

  func history() throws(BenchError) -> History {
    var isDirectory: ObjCBool = false
    if unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), isDirectory.boolValue {
      let file = URL(fileURLWithPath: path, isDirectory: true).appendingPathComponent("history.edn").path
      throw BenchError("\(path) is a directory: give the file in it, like \(file)")
    }
    guard let file = FileHandle(forReadingAtPath: path) else {
      throw BenchError("can't read \(path): \(lastReason())")
    }
    var bytes: [UInt8] = []
    do {
      // Room for all of it at once, where that can be known: a long history is most of the memory that reading takes.
      if let size = try? file.seekToEnd() {
        bytes.reserveCapacity(Int(size))
        try file.seek(toOffset: 0)
      }
      while let chunk = try file.read(upToCount: 1 << 20), !chunk.isEmpty { bytes.append(contentsOf: chunk) }
    } catch {
      throw BenchError("can't read \(path): \(reason(of: error))")
    }
    do { return try History(readingEDN: bytes, scenario.workload, node: node(of:)) } catch {
      throw BenchError("\(path) is no history: \(error)")
    }
  }

  /// As Jepsen shares them out: worker i talks to node i, in turn, and a worker's processes are one concurrency apart.
  private func node(of process: Int) -> NodeID {
    // All that one process has seen is of one node, whichever.
    guard scenario.nodeCount > 0 else { return NodeID("the node of process \(process)") }
    return NodeID("n\(process % scenario.clientCount % scenario.nodeCount)")
  }
}

/// Says now and then that something long is still going on.
private enum Waiting {
  static func tell<Value, Failure: Error>(
    _ console: Console, _ what: String, _ work: () throws(Failure) -> Value
  ) throws(Failure) -> Value {
    let start = ContinuousClock.now
    let timer = DispatchSource.makeTimerSource(queue: DispatchQueue(label: "waiting"))
    let interval = console.progressInterval
    timer.schedule(deadline: .now() + 2, repeating: interval.seconds)
    timer.setEventHandler {
      console.progress("\(what): \(Int((ContinuousClock.now - start).seconds)) s")
    }
    timer.resume()
    defer {
      timer.cancel()
      console.clear()
    }
    return try work()
  }
}
