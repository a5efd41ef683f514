import Foundation
import Testing

/// A finished run of the workbench as a process.
struct FinishedRun {
  let status: Int32
  let output: String
  let errors: String
  /// The directory given as `--store`, there until the test's process ends.
  let store: URL

  /// The last line of stdout.
  var lastLine: String { output.split(separator: "\n").last.map(String.init) ?? "" }

  /// A file of the run, by its path in the run's directory.
  func file(_ path: String) throws -> String {
    try String(contentsOf: store.appendingPathComponent("latest/\(path)"), encoding: .utf8)
  }

  func results() throws -> [String: Any] {
    let bytes = try Data(contentsOf: store.appendingPathComponent("latest/results.json"))
    return try #require(try JSONSerialization.jsonObject(with: bytes) as? [String: Any])
  }

  /// What stands at a path of keys in `results.json`.
  func result(_ keys: String...) throws -> Any? {
    var place: Any? = try results()
    for key in keys { place = (place as? [String: Any])?[key] }
    return place
  }

  /// The anomalies in `results.json`.
  func anomalies() throws -> [[String: Any]] {
    try #require(try result("workbench", "anomalies") as? [[String: Any]])
  }

  /// The names of the anomalies.
  func anomalyNames() throws -> Set<String> { Set(try anomalies().compactMap { $0["name"] as? String }) }
}

enum Launcher {
  static let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
    "Fixtures")

  /// Where the build has put the programs: beside the tests.
  static let products: URL = {
    let itself = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
    guard let itself else { return Bundle.main.bundleURL.deletingLastPathComponent() }
    return URL(fileURLWithPath: itself).deletingLastPathComponent()
  }()

  static var glomer: String { products.appendingPathComponent("glomer").path }
  static func fixture(_ name: String) -> String { fixtures.appendingPathComponent(name).path }

  /// Holds whatever these tests write, and goes with them.
  private static let scratch: URL = {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent(
      "workbench-tests-\(UUID().uuidString)")
    _ = atexit { try? FileManager.default.removeItem(at: Launcher.scratch) }
    return directory
  }()

  /// A directory of its own.
  static func freshDirectory() throws -> URL {
    let directory = scratch.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    return directory
  }

  /// Runs `workbench test` with a store of its own and waits for its end.
  ///
  /// - Parameter meanwhile: looks at or signals the running process.
  static func test(
    _ arguments: [String], node: [String] = [], meanwhile: ((Process, URL) async throws -> Void)? = nil
  ) async throws -> FinishedRun {
    let store = try freshDirectory()
    let all = ["test", "--store", store.path] + arguments + (node.isEmpty ? [] : ["--"] + node)
    return try await run(all, store: store, meanwhile: meanwhile)
  }

  /// - Parameters:
  ///   - directory: where it runs; nil for where the tests do.
  ///   - executable: what is run in place of the workbench.
  static func run(
    _ arguments: [String], store: URL? = nil, in directory: URL? = nil, executable: String? = nil,
    meanwhile: ((Process, URL) async throws -> Void)? = nil
  ) async throws -> FinishedRun {
    try await slots.take()
    defer { Task { await slots.give() } }
    let scratch = try freshDirectory()
    let output = scratch.appendingPathComponent("output")
    let errors = scratch.appendingPathComponent("errors")
    let process = Process()
    process.executableURL =
      executable.map { URL(fileURLWithPath: $0) } ?? products.appendingPathComponent("workbench")
    process.arguments = arguments
    if let directory { process.currentDirectoryURL = directory }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try empty(output)
    process.standardError = try empty(errors)
    let (exits, exit) = AsyncStream.makeStream(of: Int32.self)
    process.terminationHandler = { ended in
      exit.yield(ended.terminationStatus)
      exit.finish()
    }
    try process.run()
    try await meanwhile?(process, store ?? scratch)
    var status: Int32 = -1
    for await ended in exits { status = ended }
    return FinishedRun(
      status: status, output: try String(contentsOf: output, encoding: .utf8),
      errors: try String(contentsOf: errors, encoding: .utf8), store: store ?? scratch)
  }

  private static func empty(_ file: URL) throws -> FileHandle {
    _ = FileManager.default.createFile(atPath: file.path, contents: nil)
    return try FileHandle(forWritingTo: file)
  }

  /// So many runs at once: interpreters are slow to start, and a node has 10 s to answer `init`.
  private static let slots = Slots(4)
}

/// A counting semaphore for tasks.
actor Slots {
  private var free: Int
  private var waiting: [CheckedContinuation<Void, Never>] = []

  init(_ count: Int) { free = count }

  func take() async throws {
    if free > 0 {
      free -= 1
    } else {
      await withCheckedContinuation { waiting.append($0) }
    }
  }

  func give() {
    if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
  }
}
