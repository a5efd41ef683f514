import Checkers
import Foundation
import Glomers
import Lab
import Simulator
import Testing

@testable import VirtualProcess
@testable import History

@Suite("Programs in the simulator", .enabled(if: Programs.areTraceable), .timeLimit(.minutes(2)))
struct ProcessSimulationTests {
  private static let faults: Set<Scenario.Fault> = [
    .partition, .oneWay, .kill, .pause, .loss, .duplicate, .reorder, .slow, .skew, .disk,
  ]

  private static func scenario(_ workload: Workload, nodes: Int = 3, seed: UInt64 = 1) -> Scenario {
    var scenario = Scenario(workload)
    scenario.nodeCount = nodes
    scenario.rate = 20
    scenario.timeLimit = .seconds(5)
    scenario.latency = .milliseconds(10)
    scenario.latencyDistribution = .uniform
    scenario.probeInterval = nil
    scenario.seed = seed
    return scenario
  }

  @Test("one seed gives one run of our own node, whatever is done to it")
  func ourNode() throws {
    let program = Programs.program(try Programs.glomer("broadcast"))
    var scenario = Self.scenario(.broadcast)
    let calm = ProcessSimulation.outcome(scenario, program)
    #expect(calm.results.verdict == .valid, "\(calm.results.anomalies)")
    scenario.faults = Self.faults
    scenario.nemesisInterval = .seconds(1)
    let first = ProcessSimulation.outcome(scenario, program, delays: true)
    let second = ProcessSimulation.outcome(scenario, program, delays: true)
    #expect(first.digest == second.digest)
    #expect(first.fidelity?.failure == nil)
    scenario.seed = 2
    #expect(ProcessSimulation.outcome(scenario, program, delays: true).digest != first.digest)
  }

  @Test("one seed gives one run of a Python node that is killed and paused, and it does right")
  func pythonNode() throws {
    let program = Programs.program(Programs.benchFixture("broadcast.py"))
    let calm = ProcessSimulation.outcome(Self.scenario(.broadcast), program)
    #expect(calm.results.verdict == .valid, "\(calm.results.anomalies)")
    var scenario = Self.scenario(.broadcast)
    scenario.faults = [.kill, .pause, .partition]
    scenario.nemesisInterval = .seconds(1)
    let first = ProcessSimulation.outcome(scenario, program)
    #expect(ProcessSimulation.outcome(scenario, program).digest == first.digest)
  }

  @Test("a race inside a node shows when its threads are delayed, and shows again")
  func race() throws {
    let program = Programs.program(Programs.example("racy_counter.py"))
    var scenario = Self.scenario(.gCounter, nodes: 1)
    scenario.rate = 500
    scenario.concurrency = .perNode(10)
    scenario.timeLimit = .seconds(2)
    #expect(ProcessSimulation.outcome(scenario, program).isValid, "without delays no two requests overlap")
    let found = ProcessSimulation.outcome(scenario, program, delays: true)
    #expect(found.results.anomalies.map(\.name) == ["wrong-total"])
    #expect(ProcessSimulation.outcome(scenario, program, delays: true).digest == found.digest)
  }

  private static let answersInit = """
    exec python3 -c 'import json, os, time
    m = json.loads(input())
    body = {"type": "init_ok", "in_reply_to": m["body"]["msg_id"]}
    print(json.dumps({"src": m["dest"], "dest": m["src"], "body": body}), flush=True)

    """

  @Test(
    "bad programs are told what is wrong with them, and end",
    arguments: [
      ("exit 3\n", "node-died", "status 3"),
      ("kill -9 $$\n", "node-died", "signal 9"),
      ("echo last words >&2; exit 1\n", "node-died", "last words"),
      ("sleep 1000 & exec sleep 1001\n", nil, "did not answer"),
      ("exec >&-; read line; sleep 1000\n", nil, "did not answer"),
      ("trap '' TERM; while read line; do :; done\n", nil, "did not answer"),
      ("echo nonsense; read line; sleep 1000\n", "not-json", "nonsense"),
      ("printf '{\"src\"'; read line; sleep 1000\n", nil, "6 bytes to stdout without ending the line"),
      (answersInit + "os.close(0); time.sleep(1000)'\n", "closed-stream", "has closed its stdin"),
      (answersInit + "os.close(1); time.sleep(1000)'\n", "closed-stream", "has closed its stdout"),
    ])
  func badPrograms(_ text: String, _ anomaly: String?, _ expected: String) throws {
    let mark = UUID().uuidString
    let path = try Programs.script("#!/bin/sh\n" + text)
    let outcome = ProcessSimulation.outcome(
      Self.scenario(.echo, nodes: 2), Programs.program(path, [mark]))
    let anomalies = outcome.results.anomalies
    if let anomaly { #expect(anomalies.contains { $0.name == anomaly }, "\(anomalies)") }
    #expect(anomalies.contains { $0.detail.contains(expected) }, "\(anomalies)")
    #expect(outcome.fidelity?.failure == nil)
    #expect(try Programs.processes(with: mark).isEmpty)
  }

  @Test("a program that one of its threads ends is dead at once, each time")
  func endedByAThread() throws {
    let path = try Programs.script(
      """
      #!/usr/bin/env python3
      import json, os, sys, threading, time
      def serve():
          for count, line in enumerate(sys.stdin):
              if count == 2:
                  os._exit(3)
              message = json.loads(line)
              body = {"type": message["body"]["type"] + "_ok", "in_reply_to": message["body"]["msg_id"]}
              if count > 0:
                  body["echo"] = message["body"]["echo"]
              print(json.dumps({"src": message["dest"], "dest": message["src"], "body": body}), flush=True)
      for _ in range(20):
          threading.Thread(target=time.sleep, args=(1000,)).start()
      threading.Thread(target=serve).start()
      time.sleep(1000)
      """)
    for _ in 0..<5 {
      let outcome = ProcessSimulation.outcome(Self.scenario(.echo, nodes: 1), Programs.program(path))
      #expect(outcome.results.anomalies.contains { $0.name == "node-died" }, "\(outcome.results.anomalies)")
      #expect(outcome.fidelity?.failure == nil)
    }
  }

  @Test("what is no program, and what writes without end, ends the run with a reason")
  func hopelessPrograms() throws {
    let text = ProcessSimulation.outcome(
      Self.scenario(.echo, nodes: 1), Programs.program(try Programs.script("no first line\n")))
    #expect(text.fidelity?.failure?.contains("#!") == true, "\(text.fidelity as Any)")
    let whole = try Data(contentsOf: URL(fileURLWithPath: Programs.glomer("echo")))
    let cut = Programs.scratch.appendingPathComponent("\(UUID().uuidString)").path
    try whole.prefix(4096).write(to: URL(fileURLWithPath: cut))
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: cut)
    let damaged = ProcessSimulation.outcome(Self.scenario(.echo, nodes: 1), Programs.program(cut))
    #expect(
      damaged.fidelity?.failure?.contains("the file is cut short, or damaged") == true,
      "\(damaged.fidelity as Any)")
    let flood = ProcessSimulation.outcome(
      Self.scenario(.echo, nodes: 1), Programs.program(try Programs.script("#!/bin/sh\nexec cat /dev/zero\n"))
    )
    #expect(flood.fidelity?.failure == "n0 wrote more than 64 MiB at once")
  }
}
