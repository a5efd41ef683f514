import ArgumentParser
import Foundation
import Glomers
import Lab

/// Nodes by name, as Jepsen's command line has them.
struct NodeOptions: ParsableArguments {
  @ArgumentParser.Option(
    name: [.customShort("n"), .customLong("node")],
    help: ArgumentHelp("The name of one node; give it again for each further one.", valueName: "name"))
  var node: [String] = []

  @ArgumentParser.Option(
    help: ArgumentHelp(
      "The names of nodes, separated by commas, like n1,n2,n3; --node-count replaces them.",
      valueName: "names"),
    transform: Parse.words)
  var nodes: [String]?

  @ArgumentParser.Option(
    help: ArgumentHelp("A file with the names of nodes, one a line.", valueName: "file"),
    transform: Parse.lines)
  var nodesFile: [String]?

  /// All names that were given, in Jepsen's order; empty if none was.
  var names: [String] { (nodesFile ?? []) + (nodes ?? []) + node }

  func validate() throws {
    if let problem = Self.problem(names) { throw ValidationError(problem) }
  }

  /// Names the nodes of a scenario, unless their number was given, which counts more in Maelstrom.
  func apply(to scenario: inout Scenario, nodeCount: Int?) {
    if nodeCount == nil, !names.isEmpty { scenario.nodes = names.map { NodeID($0) } }
  }

  /// What is wrong with names, in a sentence that says what would be right; nil if nothing is.
  static func problem(_ names: [String]) -> String? {
    var seen: Set<String> = []
    for name in names {
      if name.isEmpty || name.count > 100 || name.contains("/") || name.hasPrefix(".")
        || name.contains(where: { $0.isWhitespace || $0.asciiValue.map { $0 < 32 || $0 == 127 } ?? false })
      {
        return "'\(name)' can't be a node's name, which is also a file's: give letters, digits, - and _"
      }
      if name.hasPrefix("c") {
        return "'\(name)' can't be a node's name: what begins with c is a client to Maelstrom"
      }
      if Service.allCases.contains(where: { $0.rawValue == name }) {
        return "'\(name)' can't be a node's name: a service has it"
      }
      if !seen.insert(name).inserted { return "the node '\(name)' is named twice" }
    }
    return nil
  }
}
