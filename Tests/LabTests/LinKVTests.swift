import Glomers
import Testing

@testable import Lab
@testable import History

@Suite("The lin-kv workload")
struct LinKVTests {
  private func scenario(nodes: Int, clients: Int) -> Scenario {
    var scenario = Scenario(.linKV)
    scenario.nodeCount = nodes
    scenario.concurrency = .clients(clients)
    scenario.rate = 100
    scenario.timeLimit = .seconds(10)
    return scenario
  }

  private func draw(_ load: inout LinKVLoad, _ count: Int, _ workers: [Worker]) -> [(Worker, Invocation)] {
    (0..<count).map { step in
      let worker = workers[step % workers.count]
      return (worker, load.next(for: worker, at: .zero))
    }
  }

  @Test(
    "half of the first clients that share a key only read, all others write once for two compare-and-sets")
  func mix() {
    let scenario = scenario(nodes: 3, clients: 12)
    var load = LinKVLoad(scenario, random: Random(seed: 4))
    let drawn = draw(&load, 12_000, (0..<12).map { Worker(number: $0, node: "n0") })
    for (worker, invocation) in drawn {
      #expect(invocation.value.array?.first == .integer(worker.number / 6))
      #expect((invocation.function == "read") == (worker.number < 3))
    }
    let functions = Dictionary(grouping: drawn, by: \.1.function)
    #expect(abs(functions["write"]!.count - 3000) < 150)
    #expect(abs(functions["cas"]!.count - 6000) < 150)
    let written = Set(functions["write"]!.map { $0.1.value.array![1] })
    #expect(written == [0, 1, 2, 3, 4])
    #expect(Set(functions["cas"]!.map { $0.1.value.array![1] }).count == 25)
  }

  @Test("a key is left when 20 processes have used it")
  func keys() {
    var load = LinKVLoad(scenario(nodes: 2, clients: 4), random: Random(seed: 4))
    var worker = Worker(number: 1, node: "n1")
    var keys: [JSON] = []
    for _ in 0..<40 {
      let invocation = load.next(for: worker, at: .zero)
      keys.append(invocation.value.array![0])
      load.ended(
        Operation(
          time: .zero, kind: .info, process: .client(worker.process), function: invocation.function,
          value: invocation.value), by: worker)
      worker.process += 4
    }
    // Four processes at the start, and one more after each crash.
    #expect(keys.prefix(17).allSatisfy { $0 == 0 } && keys[17...33].allSatisfy { $0 == 1 } && keys[34] == 2)
  }

  @Test("a lone client reads as well as it writes")
  func alone() {
    var load = LinKVLoad(scenario(nodes: 1, clients: 1), random: Random(seed: 4))
    let functions = Set(draw(&load, 100, [Worker(number: 0, node: "n0")]).map(\.1.function))
    #expect(functions == ["read", "write", "cas"])
  }

  @Test("clients wait ten times the latency, but at least a second")
  func patience() {
    var scenario = scenario(nodes: 1, clients: 2)
    #expect(LinKVLoad(scenario, random: Random(seed: 1)).patience == .seconds(1))
    scenario.latency = .milliseconds(300)
    #expect(LinKVLoad(scenario, random: Random(seed: 1)).patience == .seconds(3))
  }

  @Test("values in the history are Jepsen's pairs of key and value")
  func forms() throws {
    let puppets = Puppets.run(scenario(nodes: 1, clients: 2)) { _, message in
      switch message.type {
      case "read": [message.reply(#""type":"read_ok","value":3"#)]
      case "write": [message.reply(#""type":"write_ok""#)]
      case "cas": [message.reply(#""type":"error","code":22,"text":"no""#)]
      default: [message.ordinaryReply]
      }
    }
    let history = puppets.test.history
    let read = try #require(history.operations.first { $0.function == "read" && $0.kind == .ok })
    #expect(read.value == [0, 3] && history.invocation(of: read.index)?.value == [0, .null])
    let write = try #require(history.operations.first { $0.function == "write" && $0.kind == .ok })
    #expect(write.value.array?.count == 2 && write.value == history.invocation(of: write.index)?.value)
    let cas = try #require(history.operations.first { $0.function == "cas" && $0.kind == .fail })
    #expect(cas.error == ["precondition-failed", "no"] && cas.value.array?[1].array?.count == 2)
    #expect(!history.operations.contains { $0.isFinal })
    #expect(puppets.test.anomalies.isEmpty)
  }
}
