import Foundation
import Glomers
import Lab
import Simulator
import Testing

@testable import VirtualProcess

@Suite("Waits in virtual time", .enabled(if: Programs.areTraceable), .timeLimit(.minutes(2)))
struct WaitTests {
  @Test(
    "every way to wait takes as long as was asked for, in programs that are linked dynamically or statically",
    arguments: [false, true])
  func waits(isStatic: Bool) throws {
    guard let path = try Programs.compile("waits.c", isStatic: isStatic) else { return }
    let (lines, fidelity) = try Programs.lines(of: Programs.program(path), feeding: "go\n")
    #expect(fidelity.failure == nil)
    #expect(lines.count > 25)
    #expect(lines.last == "end 0 0")
    for line in lines {
      let words = line.split(separator: " ")
      let expected = try #require(Double(words[1]))
      let actual = try #require(Double(words[2]))
      // Yields take a millisecond in the end.
      #expect(abs(actual - expected) < 1.1, "\(line)")
    }
    let again = try Programs.lines(of: Programs.program(path), feeding: "go\n")
    #expect(again.lines == lines)
    let other = try Programs.lines(of: Programs.program(path), feeding: "go\n", seed: 2)
    #expect(other.lines != lines, "its random bytes are the seed's")
  }

  @Test("a delayed program is late, and says the same each time")
  func delays() throws {
    guard let path = try Programs.compile("waits.c", isStatic: false) else { return }
    let plain = try Programs.lines(of: Programs.program(path), feeding: "go\n")
    let first = try Programs.lines(of: Programs.program(path), feeding: "go\n", delays: true)
    let second = try Programs.lines(of: Programs.program(path), feeding: "go\n", delays: true)
    #expect(first.lines == second.lines)
    #expect(first.lines != plain.lines)
    #expect(first.fidelity.delays > 0)
  }

  @Test("a program that waits in a way that is not known ends the run with the name of the call")
  func unknownCall() throws {
    let program = Programs.program(
      "/usr/bin/env",
      ["python3", "-c", "import ctypes; ctypes.CDLL(None).syscall(455, 0, 0, 0, 0, 0, 0)"])
    let (_, fidelity) = try Programs.lines(of: program, feeding: "")
    #expect(fidelity.failure == "n0 made the system call futex_wait, which virtual time does not know")
  }

  @Test(
    "a full disk takes nothing beyond the ends of its files, one that fails takes nothing, and pipes go on")
  func disks() throws {
    let machine = try VirtualMachine(seed: 1, nodeCount: 1, delays: false, disks: true)
    try machine.start(0, Programs.program(Programs.fixture("disk.py")))
    func answer(_ condition: DiskCondition) -> String {
      machine.setDisk(0, condition)
      machine.feed(0, Array("go\n".utf8))
      #expect(machine.advance(limit: nil) == .quiet)
      var text = ""
      while machine.takeLine(
        0, .output,
        { line in text += line.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) } })
      {}
      return text
    }
    #expect(answer(.sound) == "append ok, overwrite ok, place ok, sync ok")
    #expect(answer(.full) == "append ENOSPC, overwrite ok, place ok, sync ok")
    #expect(answer(.failing) == "append EIO, overwrite EIO, place EIO, sync EIO")
    #expect(answer(.sound) == "append ok, overwrite ok, place ok, sync ok")
  }

  @Test("a program that polls without pause can be paused, and time then passes for the others")
  func pauses() throws {
    let machine = try VirtualMachine(seed: 1, nodeCount: 2, delays: false)
    let program = Programs.program(
      "/usr/bin/env", ["python3", "-c", "import os\nwhile True: os.sched_yield()"])
    for place in 0..<2 { try machine.start(place, program) }
    #expect(machine.advance(limit: Instant(nanoseconds: 5_000_000)) == .due)
    machine.pause(0)
    machine.pause(1)
    #expect(machine.advance(limit: Instant(nanoseconds: 10_000_000)) == .quiet)
    machine.resume(1)
    #expect(machine.advance(limit: Instant(nanoseconds: 10_000_000)) == .due)
  }

  @Test("a thread that computes for a second is interrupted, and others go on")
  func spins() throws {
    let text = "import sys\nwhile True: pass\n"
    let program = Programs.program("/usr/bin/env", ["python3", "-c", text])
    let (_, fidelity) = try Programs.lines(of: program, feeding: "")
    #expect(fidelity.doubts.contains { $0.hasPrefix("threads that computed for a second") })
  }
}
