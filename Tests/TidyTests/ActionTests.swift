import Foundation
import Testing

/// `.github/action.sh` as it stands, outside of GitHub.
@Suite("The action for GitHub") struct ActionTests {
  private static let root = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
  private static let workbench = root.appending(path: "Tests/TidyTests/Fixtures/workbench").path
  private static let hasCurl = ["/usr/bin/curl", "/bin/curl"].contains {
    FileManager.default.isExecutableFile(atPath: $0)
  }

  private struct Ended {
    let status: Int32
    let errors: String
    /// The words that the workbench was given.
    let words: [String]
    /// What later steps of a workflow can read.
    let outputs: String
    let summary: String
  }

  /// A folder for one test.
  private let folder = FileManager.default.temporaryDirectory.appending(path: "action-\(UUID().uuidString)")

  init() throws { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }

  private func text(_ name: String) -> String {
    (try? String(contentsOf: folder.appending(path: name), encoding: .utf8)) ?? ""
  }

  private func bash(_ arguments: [String], _ environment: [String: String] = [:]) throws -> (Int32, String) {
    let process = Process()
    process.executableURL = URL(filePath: "/bin/bash")
    process.arguments = arguments
    process.currentDirectoryURL = Self.root
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let errors = Pipe()
    process.standardError = errors
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationStatus, text)
  }

  private func action(_ inputs: [String: String], workbenchEnds status: Int32 = 0) throws -> Ended {
    let (ended, errors) = try bash(
      [Self.root.appending(path: ".github/action.sh").path],
      [
        "INPUT_BIN": "Examples/python/echo.py", "INPUT_WORKLOAD": "echo", "RUNNER_TEMP": folder.path,
        "GITHUB_OUTPUT": folder.appending(path: "outputs").path,
        "GITHUB_STEP_SUMMARY": folder.appending(path: "summary").path,
        "TOLD": folder.appending(path: "told").path, "STATUS": "\(status)",
      ].merging(inputs) { $1 })
    return Ended(
      status: ended, errors: errors, words: text("told").split(separator: "\n").map(String.init),
      outputs: text("outputs"), summary: text("summary"))
  }

  @Test(
    "options become words as a shell has them, and the verdict reaches later steps",
    arguments: [
      (0, "valid"), (1, "invalid"), (2, "unknown"),
    ])
  func words(status: Int32, verdict: String) throws {
    let ended = try action(
      [
        "INPUT_WORKBENCH": Self.workbench,
        "INPUT_OPTIONS": "--rate 10 --nemesis 'partition kill'\n-- $HOME \"a b\"",
      ], workbenchEnds: status)
    #expect(
      ended.words == [
        "test", "-w", "echo", "--bin", "Examples/python/echo.py", "--store", "\(folder.path)/workbench-store",
        "--rate", "10", "--nemesis", "partition kill", "--", "$HOME", "a b",
      ])
    #expect(ended.status == status)
    #expect(ended.outputs.hasPrefix("verdict=\(verdict)\nstore=/"))
    #expect(ended.summary.contains("### echo: \(verdict)") && ended.summary.contains("a run"))
  }

  @Test("options with a quote that does not end, and a node that is not there, are refused with a word")
  func refused() throws {
    let quote = try action(["INPUT_WORKBENCH": Self.workbench, "INPUT_OPTIONS": "--rate '10"])
    #expect(quote.status == 2 && quote.errors.contains("a quote without its end"))
    let absent = try action(["INPUT_WORKBENCH": Self.workbench, "INPUT_BIN": "no-such-node"])
    #expect(absent.status == 2 && absent.errors.contains("build your node in a step before"))
    let unreleased = try action(["INPUT_OPTIONS": "", "GITHUB_ACTION_PATH": "/runner/checkout"])
    #expect(unreleased.status == 2 && unreleased.errors.contains("say which workbench to use"))
    #expect(text("told").isEmpty)
  }

  @Test(
    "a release's workbench is downloaded, compared with its checksum, and used",
    .enabled(if: hasCurl, "curl is not installed"))
  func download() throws {
    // GitHub's paths, as files.
    let (made, errors) = try bash([
      "-ec",
      """
      name=glomers-$(uname -s | tr '[:upper:]' '[:lower:]')-$(uname -m)
      releases=\(folder.path)/someone/glomers/releases/download/v1.2.3
      mkdir -p $releases $releases/$name/bin
      cp \(Self.workbench) $releases/$name/bin/workbench
      cd $releases && tar -czf $name.tar.gz $name && sha256sum $name.tar.gz >SHA256SUMS
      """,
    ])
    #expect(made == 0, "\(errors)")
    let release = [
      "GITHUB_SERVER_URL": "file://\(folder.path)",
      "GITHUB_ACTION_PATH": "/runner/_actions/someone/glomers/v1.2.3",
    ]
    let ended = try action(release)
    #expect(ended.status == 0, "\(ended.errors)")
    #expect(ended.words.first == "test")

    let (changed, _) = try bash(["-c", "echo >>\(folder.path)/someone/glomers/releases/download/v1.2.3/*.gz"])
    #expect(changed == 0)
    let refused = try action(release)
    #expect(refused.status == 2 && refused.errors.contains("checksum"))
    let other = try action(release.merging(["INPUT_VERSION": "v1.2.4"]) { $1 })
    #expect(other.status == 2 && other.errors.contains("build the workbench yourself"))
  }

  @Test("every input that the action declares reaches the script")
  func inputs() throws {
    let action = try String(contentsOf: Self.root.appending(path: "action.yml"), encoding: .utf8)
    let script = try String(contentsOf: Self.root.appending(path: ".github/action.sh"), encoding: .utf8)
    let declared = action.components(separatedBy: "\noutputs:")[0].matches(of: /\n  (\w+):\n/).map {
      String($0.1)
    }
    #expect(declared == ["bin", "workload", "options", "version", "workbench", "report"])
    for name in declared where name != "report" {
      #expect(action.contains("INPUT_\(name.uppercased()): ${{ inputs.\(name) }}"), "\(name)")
      #expect(script.contains("INPUT_\(name.uppercased())"), "\(name)")
    }
  }
}
