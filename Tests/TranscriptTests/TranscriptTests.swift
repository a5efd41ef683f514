import Foundation
import Glomers
import GlomersRuntime
import History
import Lab
import Mutants
import Simulator
import Testing
import Wire

@testable import WorkbenchCommand

/// Each file in `transcripts` is a script, and below it what the nodes then said, as a story of messages.
/// `REWRITE=1` writes the stories anew: read the difference.
@Suite("Transcripts")
struct TranscriptTests {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(
    path: "transcripts")
  private static let separator = "\n---\n"

  /// Paths below the folder, in order.
  private static func paths() throws -> [String] {
    try FileManager.default.subpathsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".txt") }.sorted()
  }

  private static func parts(of path: String) throws -> (script: String, story: String) {
    let text = try String(contentsOf: folder.appending(path: path), encoding: .utf8)
    let parts = text.split(separator: separator, maxSplits: 1, omittingEmptySubsequences: false)
    return (String(parts[0]), parts.count == 2 ? String(parts[1]) : "")
  }

  @Test("nodes say what their transcripts say", arguments: try paths())
  func story(_ path: String) throws {
    let (script, expected) = try Self.parts(of: path)
    let story = try Story(of: script).text
    if ProcessInfo.processInfo.environment["REWRITE"] != nil {
      try (script + Self.separator + story)
        .write(to: Self.folder.appending(path: path), atomically: true, encoding: .utf8)
      return
    }
    #expect(story == expected, "\(path) differs: REWRITE=1 writes it anew")
  }

  @Test("what a script loses is said on the way, and is lost", arguments: try paths())
  func losses(_ path: String) throws {
    let (script, story) = try Self.parts(of: path)
    let asked = script.split(separator: "\n").count { $0.hasPrefix("message ") && $0.hasSuffix(" lost") }
    #expect(story.components(separatedBy: "(lost: script)").count - 1 == asked, "\(path)")
  }

  @Test("every node has at least five transcripts")
  func five() throws {
    let folders = Dictionary(grouping: try Self.paths()) { $0.prefix { $0 != "/" } }
    for (node, paths) in folders { #expect(paths.count >= 5, "\(node)") }
    let names = Set(folders.keys.map { String($0) })
    for node in SimulatedNode.all where node.name != "flood" {
      #expect(names.contains(node.name), "\(node.name)")
    }
  }

  @Test(
    "a node that stores nothing says something else",
    arguments: ["broadcast", "g-set", "g-counter", "pn-counter", "kafka", "txn-rw-register", "lin-kv"])
  func mutants(_ node: String) throws {
    let paths = try Self.paths().filter { $0.hasPrefix(node + "/") }
    let differs = try paths.contains { path in
      let (script, expected) = try Self.parts(of: path)
      return try Story(of: script, node: "\(node)/forgets-everything").text != expected
    }
    #expect(differs)
  }
}

/// What nodes and clients said in a run of a script from its first event to its end, one message a line, in the
/// order in which they said it.
private struct Story {
  private(set) var text = ""

  init(of script: String, node name: String? = nil) throws {
    let file = try ScriptFile(text: script)
    guard case .node(let own) = file.subject else { throw ScriptError("the script names no node") }
    let node = try #require(SimulatedNode.named(name ?? own))
    var options: SimulatedNode.Options = [:]
    if name == nil, case .values(let values) = try Arguments(file.arguments, options: node.options) {
      options = values
    }
    var scenario = file.scenario
    scenario.recordBytesMax = 1 << 20
    let recording = try #require(node.run(scenario, options).recording)
    let script = try #require(scenario.script)
    let start = (script.requests.map(\.time) + script.faults.map(\.start)).min() ?? .zero
    let record = try recording.messages.split(separator: UInt8(ascii: "\n")).map { line in
      Self.members(of: try JSONDocument().parseValue(Array(line).span).value)
    }
    var losses: [Int: String] = [:]
    for line in record {
      if let lost = line["lost"]?.integer { losses[lost] = line["why"]?.string }
    }
    let origin = try #require(record.first { $0["origin"] != nil }?["t"]?.integer)
    for line in record {
      guard let time = line["t"]?.integer.map({ $0 - origin }),
        Int(start.nanoseconds)..<Int(script.end.nanoseconds) ~= time
      else {
        continue
      }
      let ms = String(format: "%8.1f ms  ", Double(time) / 1e6)
      if let sent = line["sent"] {
        let message = Self.members(of: sent)
        let loss = message["id"]?.integer.flatMap { losses[$0] }.map { "   (lost: \($0))" } ?? ""
        let body = message["body"] ?? .null
        text +=
          ms
          + "\(message["src"]?.string ?? "?") → \(message["dest"]?.string ?? "?")  \(Self.words(body))\(loss)\n"
      } else if line["process"] == "nemesis", let function = line["f"]?.string {
        text += ms + "\(function) \(line["value"].map(Self.text) ?? "")\n"
      }
    }
  }

  private static func text(_ value: JSON) -> String {
    var bytes: [UInt8] = []
    EDN(value).write(in: .json, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func members(of value: JSON) -> [JSONName: JSON] {
    guard case .object(let members) = value else { return [:] }
    return members
  }

  /// The type, and what else the body says, in the order of the names.
  private static func words(_ body: JSON) -> String {
    let members = members(of: body)
    let rest = members.filter { !["type", "msg_id", "in_reply_to"].contains($0.key) }.sorted {
      $0.key < $1.key
    }
    return ([members["type"]?.string ?? "?"] + rest.map { "\($0.key)=\(Self.text($0.value))" }).joined(
      separator: " ")
  }
}
