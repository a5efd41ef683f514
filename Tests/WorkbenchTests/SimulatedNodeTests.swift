import Glomers
import Lab
import Testing

@testable import WorkbenchCommand

@Suite struct SimulatedNodeTests {
  @Test(
    "what is played is of the type that the options ask for, as what is simulated is",
    arguments: [
      ("g-counter", "", "", "CounterNode<GrowOnly>"),
      ("g-counter", "store", "seq-kv", "CounterOnSeqKVNode<GrowOnly>"),
      ("pn-counter", "store", "seq-kv", "CounterOnSeqKVNode<PositiveNegative>"),
      ("kafka", "store", "lin-kv", "KafkaOnLinKVNode"),
      ("txn-rw-register", "isolation", "strict-serializable", "RaftNode<Registers>"),
      ("txn-list-append", "", "", "RaftNode<Lists>"),
      ("txn-list-append", "store", "lin-kv", "ListsOnLinKVNode"),
    ])
  func types(_ name: String, _ option: String, _ value: String, _ type: String) throws {
    let node = try #require(SimulatedNode.named(name))
    let chosen = node.options.first { $0.name == option }
    let options = chosen.map { [$0.name: $0.value(parsing: value)!] } ?? [:]
    let run = try #require(node.begin(.init(node.workloads[0]), options))
    #expect("\(Swift.type(of: run))" == "Simulation<\(type)>")
  }

  @Test("every node but flood can be played")
  func played() {
    for node in SimulatedNode.all where node.name != "flood" {
      #expect(node.begin(.init(node.workloads[0]), [:]) != nil, "\(node.name)")
    }
  }
}
