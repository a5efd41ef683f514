import Foundation
import Testing

/// The rules of the house that a text search can check.
@Suite struct HouseRulesTests {
  private struct Source {
    let path: String
    let lines: [Substring]
    var module: String { String(path.split(separator: "/")[1]) }
    var imports: [String] {
      lines.compactMap { line in
        let words = line.split(separator: " ")
        guard let index = words.firstIndex(of: "import"), index <= 1, words.count > index + 1 else {
          return nil
        }
        return String(words[index + 1])
      }
    }
  }

  private static let root = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  private static func sources(under folder: String, suffixes: [String] = [".swift"]) throws -> [Source] {
    let paths = try FileManager.default.subpathsOfDirectory(atPath: root.appending(path: folder).path)
    return try paths.sorted().filter { path in suffixes.contains { path.hasSuffix($0) } }.map { path in
      let text = try String(contentsOf: root.appending(path: folder).appending(path: path), encoding: .utf8)
      return Source(
        path: "\(folder)/\(path)", lines: text.split(separator: "\n", omittingEmptySubsequences: false))
    }
  }

  /// What each module may import of ours: the arrows of the house's map.
  private static let arrows: [String: Set<String>] = [
    "Glomers": [],
    "Wire": ["Glomers", "CGlomers", "CJansson"],
    "Workloads": ["Glomers", "Wire"],
    "Replication": ["Glomers", "Wire"],
    "Raft": ["Glomers", "Wire"],
    "Nodes": ["Glomers", "Wire", "Workloads", "Services", "Replication", "Raft"],
    "Storage": ["Glomers"],
    "GlomersRuntime": ["Glomers", "Wire", "Storage", "CGlomers", "CUV"],
    "Services": ["Glomers", "Wire", "Workloads"],
    "History": ["Glomers", "Wire"],
    "Checkers": ["Glomers", "Wire", "Workloads", "History"],
    "Lab": ["Glomers", "Wire", "Workloads", "Services", "History", "Checkers"],
    "Simulator": ["Glomers", "Wire", "History", "Checkers", "Lab", "Storage"],
    "GlomersTesting": ["Glomers", "Wire", "History", "Checkers", "Lab", "Simulator"],
    "VirtualProcess": ["Glomers", "History", "Checkers", "Lab", "Simulator", "CVirtual"],
    "Mutants": [
      "Glomers", "Wire", "Workloads", "Services", "Replication", "Raft", "Nodes", "History", "Checkers",
      "Lab",
      "Simulator", "Report",
    ],
    "Fleet": ["Glomers", "Wire", "GlomersRuntime", "CFleet"],
    "Report": ["Glomers", "Wire", "History", "Checkers", "Lab"],
    "Play": ["Glomers", "Wire", "History", "Checkers", "Lab", "Simulator", "Report"],
    "Workbench": ["Glomers", "Wire", "GlomersRuntime", "History", "Checkers", "Lab", "Fleet", "Report"],
    "glomer": ["Glomers", "Wire", "Workloads", "GlomersRuntime", "Nodes"],
    "WorkbenchCommand": [
      "Glomers", "Wire", "Workloads", "GlomersRuntime", "History", "Checkers", "Lab", "Simulator",
      "VirtualProcess", "Workbench",
      "Fleet", "Report", "Play",
      "Nodes", "Mutants",
    ],
  ]

  @Test("modules import only what the map of the house allows")
  func arrowsPointOneWay() throws {
    let ours = Set(Self.arrows.keys).union(["CGlomers", "CUV", "CJansson", "CVirtual", "CFleet", "CNATS"])
    let sources = try Self.sources(under: "Sources")
    #expect(Set(sources.map(\.module)) == Set(Self.arrows.keys))
    for source in sources {
      let allowed = try #require(Self.arrows[source.module])
      let wrong = source.imports.filter { ours.contains($0) && !allowed.contains($0) }
      #expect(wrong.isEmpty, "\(source.path) imports \(wrong)")
    }
  }

  @Test("the README draws the arrows, but for those that others make needless")
  func map() throws {
    let ours = Set(Self.arrows.keys)
    func reached(from module: String) -> Set<String> {
      let next = Self.arrows[module]!.intersection(ours)
      return next.reduce(next) { $0.union(reached(from: $1)) }
    }
    var expected: Set<String> = []
    for module in ours {
      let next = Self.arrows[module]!.intersection(ours)
      for target in next where !next.contains(where: { reached(from: $0).contains(target) }) {
        expected.insert("\(module) --> \(target)")
      }
    }
    let readme = try String(contentsOf: Self.root.appending(path: "README.md"), encoding: .utf8)
    var drawn: Set<String> = []
    for line in readme.matches(of: /(?m)^  (\w+) --> (.+)$/) {
      for target in line.2.split(separator: " & ") { drawn.insert("\(line.1) --> \(target)") }
    }
    #expect(drawn.subtracting(expected).isEmpty && expected.subtracting(drawn).isEmpty)
  }

  @Test("the core imports nothing at all")
  func coreStandsAlone() throws {
    for source in try Self.sources(under: "Sources/Glomers") {
      #expect(source.imports.isEmpty, "\(source.path) imports \(source.imports)")
    }
  }

  /// One `package import` of a module, in any file, and no function of the importing module that names one of its types
  /// can be specialized elsewhere: an echo then costs half as much again (`make instructions`).
  @Test("nothing that a node links imports a module for its package alone")
  func importsForCrossModuleOptimization() throws {
    for module in ["Glomers", "Wire", "Workloads", "Services", "Replication", "Nodes", "Storage"] {
      for source in try Self.sources(under: "Sources/\(module)") {
        #expect(!source.lines.contains { $0.hasPrefix("package import") }, "\(source.path)")
      }
    }
  }

  @Test("Foundation stays out of everything that a node links, and out of the pure half of the bench")
  func noFoundation() throws {
    for module in [
      "Glomers", "Wire", "Workloads", "Replication", "Raft", "Nodes", "Storage", "GlomersRuntime", "glomer",
      "Services", "History", "Checkers", "Lab", "Simulator", "GlomersTesting", "VirtualProcess", "Mutants",
      "Report",
    ] {
      for source in try Self.sources(under: "Sources/\(module)") {
        #expect(!source.imports.contains { $0.hasPrefix("Foundation") }, "\(source.path)")
      }
    }
  }

  @Test("no ambient time and no ambient dice in what is to be pure")
  func pure() throws {
    let ambient = [
      "ContinuousClock", "SuspendingClock", "SystemRandomNumberGenerator", "clock_gettime", "gettimeofday",
      "uv_hrtime", "Date()", "shuffled()", "randomElement()", "shuffle()", "getrandom", "arc4random",
    ]
    for module in [
      "Glomers", "Wire", "Workloads", "Replication", "Raft", "Nodes", "Storage", "Services", "History",
      "Checkers", "Lab", "Simulator", "GlomersTesting", "Mutants", "Report",
    ] {
      for source in try Self.sources(under: "Sources/\(module)") {
        for line in source.lines {
          let code = line.components(separatedBy: "//")[0]
          #expect(!ambient.contains { code.contains($0) }, "\(source.path): \(line)")
          if code.contains(".random(in") { #expect(code.contains("using:"), "\(source.path): \(line)") }
        }
      }
    }
  }

  @Test("no file is so long that a stranger loses the way")
  func lengths() throws {
    let sources =
      try Self.sources(under: "Sources") + Self.sources(under: "Tests")
      + Self.sources(under: "CSupport", suffixes: [".c", ".h"])
    for source in sources {
      #expect(source.lines.count <= 500, "\(source.path): \(source.lines.count) lines")
    }
    for source in sources where source.path.hasPrefix("Sources/Nodes/") {
      #expect(source.lines.count <= 400, "\(source.path): \(source.lines.count) lines")
    }
  }
}
