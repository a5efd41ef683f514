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

/// Whether arguments give an option this value: for nodes of two kinds under one name.
func sets(_ option: String, to value: String, _ arguments: [String]) -> Bool {
  let words = zip(arguments, arguments.dropFirst() + [""])
  return words.contains { $0 == "--\(option)=\(value)" || $0 == "--\(option)" && $1 == value }
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
  Entry(name: "g-set", summary: "a set that only grows, the same at every node in the end") {
    run(GSetNode.self, arguments: $0, program: $1)
  },
  Entry(name: "g-counter", summary: "a counter that only grows, the same at every node in the end") {
    if sets("store", to: "seq-kv", $0) { run(CounterOnSeqKVNode<GrowOnly>.self, arguments: $0, program: $1) }
    run(GCounterNode.self, arguments: $0, program: $1)
  },
  Entry(name: "pn-counter", summary: "a counter that goes up and down, the same at every node in the end") {
    if sets("store", to: "seq-kv", $0) {
      run(CounterOnSeqKVNode<PositiveNegative>.self, arguments: $0, program: $1)
    }
    run(PNCounterNode.self, arguments: $0, program: $1)
  },
  Entry(name: "kafka", summary: "a log for each key, to which every node appends without asking anyone") {
    if sets("store", to: "lin-kv", $0) { run(KafkaOnLinKVNode.self, arguments: $0, program: $1) }
    run(KafkaNode.self, arguments: $0, program: $1)
  },
  Entry(
    name: "txn-rw-register",
    summary: "transactions on registers, without asking other nodes (or, if asked to, by Raft)"
  ) {
    if sets("isolation", to: "strict-serializable", $0) {
      run(StrictTransactionNode.self, arguments: $0, program: $1)
    }
    run(TransactionNode.self, arguments: $0, program: $1)
  },
  Entry(name: "txn-list-append", summary: "strict-serializable transactions on lists, by Raft") {
    if sets("store", to: "lin-kv", $0) { run(ListsOnLinKVNode.self, arguments: $0, program: $1) }
    run(ListTransactionNode.self, arguments: $0, program: $1)
  },
  Entry(name: "lin-kv", summary: "a linearizable key-value store, by Raft") {
    run(LinKVNode.self, arguments: $0, program: $1)
  },
  Entry(name: "lin-kv-single", summary: "a linearizable key-value store, kept by the first node") {
    run(LinKVSingleNode.self, arguments: $0, program: $1)
  },
  Entry(name: "seq-kv", summary: "Maelstrom's sequentially consistent key-value store as a node") {
    run(SeqKVNode.self, arguments: $0, program: $1)
  },
  Entry(name: "lww-kv", summary: "Maelstrom's last-write-wins key-value store as a node") {
    run(LWWKVNode.self, arguments: $0, program: $1)
  },
  Entry(name: "lin-tso", summary: "Maelstrom's source of timestamps as a node") {
    run(LinTSONode.self, arguments: $0, program: $1)
  },
]

let program = programName()
var arguments = Array(CommandLine.arguments.dropFirst())

if program.hasPrefix("maelstrom-"), let entry = entries.first(where: { "maelstrom-\($0.name)" == program }) {
  entry.run(arguments, program)
}

let nameWidth = entries.map(\.name.count).max() ?? 0
let list = entries.map { entry in
  "  \(entry.name)\(String(repeating: " ", count: nameWidth + 2 - entry.name.count))\(entry.summary)"
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
