import Foundation
import Testing

@testable import WorkbenchCommand

@Suite("An agent's sweeps") struct SweepAgentTests {
  private static func refusal(_ words: [String], program: String? = nil, arguments: [String] = []) -> String?
  {
    do {
      _ = try SweepAgent.command(words, program: program, arguments: arguments)
      return nil
    } catch {
      return "\(error)"
    }
  }

  @Test("nothing from the network names a file: not a program, a script or a store")
  func files() throws {
    #expect(Self.refusal(["-w", "echo", "--bin", "/bin/sh"])?.contains("this one has no --bin") == true)
    #expect(Self.refusal(["-w", "echo", "--bin=/bin/sh"])?.contains("this one has no --bin") == true)
    for words in [
      ["--script", "/etc/passwd"], ["--script=/etc/passwd"], ["--record", "--seeds", "1"], ["--shrink"],
      ["--trace", "--seeds", "1"], ["--json"], ["--nats", "nats://a"],
    ] {
      #expect(Self.refusal(["-w", "echo"] + words) != nil, "\(words)")
    }
    #expect(Self.refusal(["-w", "broadcast", "--nemesis", "partition", "--swarm"]) == nil)
    let own = try SweepAgent.command(
      ["-w", "echo", "--bin", "/theirs"], program: Launcher.glomer, arguments: [])
    #expect(own.bin == Launcher.glomer)
    #expect(
      Self.refusal(["-w", "echo", "--bin", "x", "--", "--rm"], program: Launcher.glomer)?.contains(
        "arguments")
        == true)
  }

  @Test("progress tells rate and rest, and when nothing comes who may be missing")
  func progress() throws {
    var merge = SweepMerge(wanted: 1...100)
    func add(_ seed: Int) throws {
      try merge.add(
        .init(
          #"{"seed": \#(seed), "verdict": "valid", "digest": "00000000000000a1", "messages": 1, "virtual-seconds": 1, "sweep": [], "version": "1"}"#
            .utf8), at: "here")
    }
    var progress = SweepProgress(count: 100)
    let start = ContinuousClock.now
    #expect(progress.lines(merge, at: start) == [])
    try add(1)
    #expect(progress.lines(merge, at: start + .seconds(1)) == [])
    for seed in 2...21 { try add(seed) }
    #expect(
      progress.lines(merge, at: start + .seconds(3)) == ["21 of 100 seeds, 0 invalid, 10/s, 8 s left"])
    let still = progress.lines(merge, at: start + .seconds(18))
    #expect(still.count == 1 && still[0].contains("nothing has come for 15 s"), "\(still)")
    #expect(still[0].contains("22..100"))
  }
}
