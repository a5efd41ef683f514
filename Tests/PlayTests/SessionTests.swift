import History
import Checkers
import Glomers
import Lab
import Nodes
import Simulator
import Testing

@testable import Play

/// Five broadcast nodes, 100 ms apart, and a client of n0 that broadcasts from the first second on.
private func scenario(_ arrange: (inout Scenario) -> Void = { _ in }) -> Scenario {
  var scenario = Scenario(.broadcast)
  scenario.latency = .milliseconds(100)
  scenario.delivery = .independent
  scenario.faults = [.kill]
  scenario.seed = 3
  scenario.recordBytesMax = 1 << 30
  scenario.probeInterval = nil
  var script = Script()
  script.clients = scenario.nodes
  script.requests = (0..<40).map { number in
    .init(at: .milliseconds(1000 + 250 * number), client: 0, "broadcast", .integer(100 + number))
  }
  script.end = .seconds(20)
  scenario.script = script
  arrange(&scenario)
  return scenario
}

private func session(spacing: Int = 16, _ arrange: (inout Scenario) -> Void = { _ in }) -> Session {
  Session(Simulation<BroadcastNode>(scenario(arrange)), spacing: spacing)
}

private func after(_ duration: Duration, of session: Session) -> Instant {
  session.run.test.origin + duration
}

@Suite("A run that is played")
struct SessionTests {
  @Test("a step shows something new, and a step back shows what was before, to the byte")
  func backAndForth() {
    var session = session()
    var seen: [(now: Instant, digest: Digest, lineCount: Int)] = []
    for _ in 0..<60 {
      seen.append((session.now, session.run.digest, session.lineCount))
      session.step()
      #expect(session.lineCount > seen.last!.lineCount)
    }
    for known in seen.reversed() {
      session.stepBack()
      #expect(
        session.now == known.now && session.run.digest == known.digest && session.lineCount == known.lineCount
      )
    }
    session.stepBack()
    #expect(session.now == session.begin)
  }

  @Test("an instant is the same, from wherever it is gone to")
  func jumps() {
    var one = session()
    var other = session(spacing: 3)
    one.go(to: after(.seconds(3), of: one))
    other.go(to: after(.seconds(9), of: other))
    other.go(to: after(.seconds(3), of: other))
    #expect(one.run.digest == other.run.digest && one.lineCount == other.lineCount)
  }

  /// Does one thing of each kind; returns the session, at its end.
  private func played() throws -> Session {
    var session = session()
    session.go(to: after(.milliseconds(500), of: session))
    try session.act(.begin(.cut(Grudge(["n4": ["n0", "n1", "n2", "n3"]]), isOneWay: false)), words: "")
    session.go(to: after(.milliseconds(1500), of: session))
    try session.act(.request(.init(at: .zero, client: 1, "broadcast", 8)), words: "")
    while session.run.test.flights.allSatisfy({ $0.message == nil }) { session.step() }
    try session.act(.strike(.init(session.run.test.flights.compactMap(\.message)[0], .lost)), words: "")
    session.step()
    while session.run.test.flights.allSatisfy({ $0.message == nil }) { session.step() }
    let flights = session.run.test.flights.filter { $0.message != nil }
    try session.act(.deliver(flights.last!.message!), words: "")
    try session.act(.begin(.kill(["n2"])), words: "")
    try session.act(.begin(.pause(["n3"])), words: "")
    session.go(to: session.now + .seconds(2))
    while let fault = session.run.test.activeFaults.first { try session.act(.end(fault), words: "") }
    session.go(to: session.now + .seconds(1))
    return session
  }

  @Test("the script of a played run makes the same run, as text too")
  func scripts() throws {
    var session = try played()
    let text = ScriptFile(.node("broadcast"), arguments: [], session.scenario).text
    session.go(to: after(.seconds(100), of: session))
    #expect(session.run.test.isFinished)
    var again = Simulation<BroadcastNode>(try ScriptFile(text: text).scenario)
    again.finish()
    #expect(again.digest == session.run.digest)
    #expect(again.test.history.count == session.run.test.history.count)
  }

  @Test("acts are done again when time comes back to them")
  func again() throws {
    var session = try played()
    let (now, digest) = (session.now, session.run.digest)
    session.go(to: session.begin)
    #expect(session.run.test.activeFaults.isEmpty && session.deeds.count >= 9)
    session.go(to: now)
    #expect(session.run.digest == digest)
  }

  @Test("an act in the past begins a branch, and the other is kept")
  func branches() throws {
    var session = try played()
    let (digest, now, count) = (session.run.digest, session.now, session.deeds.count)
    session.go(to: after(.milliseconds(700), of: session))
    try session.act(.begin(.kill(["n0"])), words: "kill n0")
    #expect(session.deeds.count == 2 && session.branches.count == 1 && session.end == session.now)
    session.resume(branch: 0)
    #expect(session.deeds.count == count && session.branches.count == 1)
    session.go(to: now)
    #expect(session.run.digest == digest)
    session.go(to: Instant(nanoseconds: .max))
    #expect(session.run.test.isFinished && session.end < after(.seconds(60), of: session))
    session.resume(branch: 7)
    #expect(session.branches.count == 1)
  }

  @Test("a value is late at a node that is cut off, and comes when the link is healed")
  func partition() throws {
    var session = session()
    try session.act(
      .begin(.cut(Grudge(groups: [["n0", "n1", "n2", "n3"], ["n4"]]), isOneWay: false)), words: "")
    session.go(to: after(.seconds(5), of: session))
    let cutOff = Inspection.text(of: session.run.state(ofNodeAt: 4)!, at: session.run.clock(ofNodeAt: 4))
    try session.act(.end(0), words: "")
    session.go(to: after(.seconds(12), of: session))
    let healed = Inspection.text(of: session.run.state(ofNodeAt: 4)!, at: session.run.clock(ofNodeAt: 4))
    #expect(cutOff != healed)
    session.go(to: after(.seconds(100), of: session))
    #expect(session.run.test.results().verdict == .valid)
  }

  @Test("what can't be done is refused, and changes nothing")
  func refusals() throws {
    var session = session()
    session.go(to: after(.seconds(1), of: session))
    let digest = session.run.digest
    let message = Script.MessageID(.init(from: "n0", to: "n1"), 900)
    let acts: [Script.Act] = [
      .begin(.kill(["n9"])), .begin(.kill([])), .end(0), .request(.init(at: .zero, client: 9, "read")),
      .request(.init(at: .zero, client: 0, "dance")), .strike(.init(message, .lost)), .deliver(message),
    ]
    for act in acts { #expect(throws: ScriptError.self) { try session.act(act, words: "") } }
    #expect(session.run.digest == digest && session.deeds.isEmpty)
    session.go(to: after(.seconds(100), of: session))
    #expect(throws: ScriptError.self) { try session.act(.begin(.kill(["n0"])), words: "") }
  }

  @Test("acts, lines, branches and snapshots have bounds")
  func bounds() throws {
    var bounds = Session.Bounds()
    (bounds.lineCount, bounds.deedCount, bounds.branchCount, bounds.snapshotCount) = (300, 5, 2, 4)
    var session = Session(Simulation<BroadcastNode>(scenario()), spacing: 2, bounds: bounds)
    let read = Script.Act.request(.init(at: .zero, client: 0, "read"))
    for _ in 0..<5 { try session.act(read, words: "") }
    #expect(throws: ScriptError.self) { try session.act(read, words: "") }
    for _ in 0..<4 {
      session.go(to: session.begin)
      try session.act(read, words: "")
      session.step()
      try session.act(read, words: "")
    }
    #expect(session.branches.count == 2)
    session.go(to: after(.seconds(100), of: session))
    #expect(session.isFull && !session.run.test.isFinished)
    #expect(throws: ScriptError.self) { try session.act(read, words: "") }
    // Few snapshots are left, and each instant is still the same.
    let digest = session.run.digest
    let end = session.now
    session.stepBack()
    session.go(to: end)
    #expect(session.run.digest == digest)
  }
}
