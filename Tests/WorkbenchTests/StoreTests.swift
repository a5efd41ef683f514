import Foundation
import Testing

@testable import Workbench

@Suite("The store", .timeLimit(.minutes(3)))
struct StoreTests {
  @Test(
    "a run's directory is named by its start in UTC, so that names sort by time",
    arguments: [
      (0, "19700101T000000.000Z"), (951_782_400_001, "20000229T000000.001Z"),
      (1_709_251_199_999, "20240229T235959.999Z"), (1_795_260_895_012, "20261121T113455.012Z"),
      (4_102_444_800_000, "21000101T000000.000Z"),
    ])
  func names(_ milliseconds: Int64, _ name: String) {
    #expect(Store.name(milliseconds) == name)
  }

  @Test("runs that start in the same millisecond get directories of their own")
  func collisions() throws {
    let root = try Launcher.freshDirectory().path
    let start = Date(timeIntervalSince1970: 1_700_000_000)
    let runs = try (0..<3).map { _ in try Store(root: root, workload: "echo", start: start) }
    #expect(Set(runs.map(\.directory)).count == 3)
    for run in runs { #expect(FileManager.default.fileExists(atPath: run.directory + "/node-logs")) }
  }

  @Test("current leads to the run that began last, latest to the one that was completed last")
  func links() throws {
    let root = try Launcher.freshDirectory().path
    let first = try Store(root: root, workload: "echo")
    try first.linkLatest()
    let second = try Store(root: root, workload: "unique-ids")
    func target(_ link: String) -> String {
      URL(fileURLWithPath: "\(root)/\(link)").resolvingSymlinksInPath().lastPathComponent
    }
    #expect(target("latest") == URL(fileURLWithPath: first.directory).lastPathComponent)
    #expect(target("echo/latest") == URL(fileURLWithPath: first.directory).lastPathComponent)
    #expect(target("current") == URL(fileURLWithPath: second.directory).lastPathComponent)
    try second.linkLatest()
    #expect(target("latest") == URL(fileURLWithPath: second.directory).lastPathComponent)
  }

  @Test("a directory that can't be made is told with its path and the reason")
  func unwritable() throws {
    let file = try Launcher.freshDirectory().appendingPathComponent("file")
    try Data().write(to: file)
    let error = #expect(throws: BenchError.self) { try Store(root: file.path, workload: "echo") }
    #expect(error?.description.contains(file.path) == true)
    #expect(
      error?.description.contains("Not a directory") == true)
  }

  @Test("a file written in pieces is whole")
  func pieces() throws {
    let store = try Store(root: try Launcher.freshDirectory().path, workload: "echo")
    try store.write("parts.txt") { write in
      for part in ["one\n", "two\n"] { write(Array(part.utf8)) }
    }
    #expect(try String(contentsOfFile: store.directory + "/parts.txt", encoding: .utf8) == "one\ntwo\n")
  }

  @Test("a run leaves results, history and logs where they are looked for")
  func layout() async throws {
    let run = try await Launcher.test([
      "-w", "echo", "--bin", Launcher.fixture("echo.py"), "--rate", "20", "--time-limit", "1", "--node-count",
      "2",
      "--seed", "3",
    ])
    #expect(run.status == 0, "\(run.errors)\(run.output)")
    let edn = try run.file("results.edn")
    #expect(edn.contains(":valid? true") && edn.contains(":msgs-per-op"))
    let history = try run.file("history.edn").split(separator: "\n")
    #expect(history.count > 1)
    #expect(history.allSatisfy { $0.hasPrefix("{:type :") && $0.hasSuffix("}") })
    #expect(try run.file("history.txt").contains(":invoke\t:echo\t"))
    #expect(try run.file("node-logs/n0.log").contains("echoing"))
    #expect(try run.file("node-logs/n1.log").contains("echoing"))
    let workloads = try FileManager.default.contentsOfDirectory(atPath: run.store.path).sorted()
    #expect(workloads == ["current", "echo", "latest"])

    let nodes = try #require(try run.result("workbench", "nodes") as? [String: [String: Any]])
    #expect(Set(nodes.keys) == ["n0", "n1"])
    #if os(Linux)
      #expect(try #require(nodes["n0"]?["peak-resident-kib"] as? Int) > 1000)
      #expect(try #require(nodes["n0"]?["cpu-ms"] as? Double) > 0)
    #endif
    let lag = try #require(try run.result("workbench", "schedule-lag") as? [String: Any])
    #expect(try #require(lag["count"] as? Int) > 0)
  }
}
