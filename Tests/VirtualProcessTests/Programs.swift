import Foundation
import Glomers
import Lab
import Simulator

@testable import VirtualProcess

/// Programs for tests: compiled, written or found, in a directory that goes with the tests' process.
enum Programs {
  static let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("Fixtures")

  /// Where the build has put the programs: beside the tests.
  private static let products: URL = {
    let itself = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    guard let itself else { return Bundle.main.bundleURL.deletingLastPathComponent() }
    return URL(fileURLWithPath: itself).deletingLastPathComponent()
  }()

  static let scratch: URL = {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent(
      "virtual-tests-\(UUID().uuidString)")
    try? FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    _ = atexit { try? FileManager.default.removeItem(at: Programs.scratch) }
    return directory
  }()

  /// Our own node of a kind: a node takes its kind from its file's name.
  static func glomer(_ kind: String) throws -> String {
    let path = scratch.appendingPathComponent("\(UUID().uuidString)/maelstrom-\(kind)")
    try FileManager.default.createDirectory(
      at: path.deletingLastPathComponent(), withIntermediateDirectories: true)
    let glomer = products.appendingPathComponent("glomer")
    do {
      try FileManager.default.linkItem(at: glomer, to: path)
    } catch {
      try FileManager.default.copyItem(at: glomer, to: path)
    }
    return path.path
  }

  static func fixture(_ name: String) -> String { fixtures.appendingPathComponent(name).path }

  /// A node of the guide.
  static func example(_ name: String) -> String {
    fixtures.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Examples/python/\(name)").path
  }

  /// A node of the workbench's tests.
  static func benchFixture(_ name: String) -> String {
    fixtures.deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("WorkbenchTests/Fixtures/\(name)").path
  }

  /// A script with this text; executable.
  ///
  /// Another process writes it. Were it written here, a child that another test forks meanwhile would hold the file open for
  /// writing until it runs a program of its own, and until then the script could not be run ("Text file busy").
  static func script(_ text: String) throws -> String {
    let path = scratch.appendingPathComponent("\(UUID().uuidString).sh").path
    let writer = Process()
    writer.executableURL = URL(fileURLWithPath: "/bin/sh")
    writer.arguments = ["-c", "printf %s \"$0\" > \"$1\" && chmod +x \"$1\"", text, path]
    try writer.run()
    writer.waitUntilExit()
    guard writer.terminationStatus == 0 else { throw CocoaError(.fileWriteUnknown) }
    return path
  }

  /// Compiles a fixture. Nil where there is no compiler, or no static C library.
  static func compile(_ name: String, isStatic: Bool) throws -> String? {
    let path = scratch.appendingPathComponent("\(UUID().uuidString)").path
    let compiler = Process()
    compiler.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    compiler.arguments =
      ["cc", "-O1", "-o", path, fixture(name), "-pthread"] + (isStatic ? ["-static"] : [])
    compiler.standardError = FileHandle.nullDevice
    try compiler.run()
    compiler.waitUntilExit()
    return compiler.terminationStatus == 0 ? path : nil
  }

  static func program(_ executable: String, _ arguments: [String] = []) -> Program {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
    return Program(
      executable: executable, arguments: arguments,
      environment: ["PATH=\(path)", "HOME=/", "LANG=C.UTF-8", "TMPDIR=\(scratch.path)"], directory: "/")
  }

  /// Whether this system lets programs run in virtual time: containers may forbid ptrace.
  static let areTraceable: Bool = {
    guard let machine = try? VirtualMachine(seed: 1, nodeCount: 1, delays: false) else { return false }
    do {
      try machine.start(0, program("/bin/true"))
      return true
    } catch {
      return false
    }
  }()

  /// Runs one program alone, with lines as its input, until it has ended or the time is up.
  static func lines(
    of program: Program, feeding input: String, seed: UInt64 = 1, delays: Bool = false
  ) throws -> (lines: [String], fidelity: Fidelity) {
    let machine = try VirtualMachine(seed: seed, nodeCount: 1, delays: delays)
    try machine.start(0, program)
    machine.feed(0, Array(input.utf8))
    var lines: [String] = []
    while true {
      let state = machine.advance(limit: Instant(nanoseconds: 60_000_000_000))
      while machine.takeLine(
        0, .output,
        { line in
          lines.append("\(line.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) })")
        })
      {}
      guard case .quiet = state, machine.takeEnd(0) == nil, let next = machine.deadline else { break }
      machine.pass(to: next)
    }
    return (lines, machine.fidelity)
  }

  /// The processes whose command line has a word in it.
  static func processes(with mark: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: "/proc").filter { Int($0) != nil }.filter { number in
      let words = (try? Data(contentsOf: URL(fileURLWithPath: "/proc/\(number)/cmdline"))) ?? Data()
      return String(decoding: words, as: UTF8.self).contains(mark)
    }
  }
}
