// Every node in one binary: `glomer <node> [options]`. Linked hard under the name `maelstrom-<node>`, it is that
// node. (Maelstrom resolves symbolic links before it starts a node, so those would lose the name.)

import GlomersRuntime
import Nodes

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

struct Entry {
  let name: String
  let summary: String
  let run: (_ arguments: [String], _ program: String) -> Never
}

let entries = [
  Entry(name: "echo", summary: "answers with what it was sent") {
    run(EchoNode.self, arguments: $0, program: $1)
  },
  Entry(name: "unique-ids", summary: "hands out ids that no other node hands out, without asking anyone") {
    run(UniqueIDNode.self, arguments: $0, program: $1)
  },
  Entry(name: "broadcast", summary: "spreads values to every node with few messages") {
    run(BroadcastNode.self, arguments: $0, program: $1)
  },
]

let program = programName()
var arguments = Array(CommandLine.arguments.dropFirst())

if program.hasPrefix("maelstrom-"), let entry = entries.first(where: { "maelstrom-\($0.name)" == program }) {
  entry.run(arguments, program)
}

let list = entries.map { entry in
  "  \(entry.name)\(String(repeating: " ", count: 12 - entry.name.count))\(entry.summary)"
}.joined(separator: "\n")

switch arguments.first {
case "--help", "-h":
  print(
    """
    Usage: \(program) <node> [options]
           \(program) <node> --help
           \(program) --list

    Runs a node for Maelstrom, which talks to it over stdin and stdout.

    Nodes:
    \(list)
    """)
case "--list":
  for entry in entries { print(entry.name) }
case let name:
  if let entry = entries.first(where: { $0.name == name }) {
    arguments.removeFirst()
    entry.run(arguments, "\(program) \(entry.name)")
  }
  logLine(name.map { "\(program): there is no node '\($0)'. Nodes:" } ?? "\(program): which node? Nodes:")
  logLine(list)
  logLine("Try '\(program) <node> --help'.")
  exit(2)
}
