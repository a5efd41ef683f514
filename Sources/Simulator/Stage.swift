public import Glomers
public import Lab

/// What in a simulation does not depend on the kind of node: the test, the time, and whose turn it is.
///
/// Apart from ``Simulation``, because what reaches C can't be specialized in another module, and need not be.
@usableFromInline
package struct Stage {
  package private(set) var test: TestRun
  @usableFromInline package private(set) var now: Instant = .zero
  package private(set) var digest = Digest()
  /// What nodes wrote to their logs; of programs, to stderr. Of more than that only the beginning.
  package private(set) var log: [LogLine] = []
  private var logBytesLeft = 16 << 20
  /// When nodes are next to do something by themselves.
  @usableFromInline var timetable: Timetable

  /// What is to be done, and how far that is.
  private var actions: [TestRun.Action] = []
  private var nextAction = 0
  private var stepsAtNow = 0
  /// When each member's timer reaches it, where the machine is late with one.
  private var wakes: [Instant?]
  private let trace: ((String) -> Void)?

  /// Nodes take no time: two that answer each other for ever, or one whose timer is always due, would never
  /// let it pass.
  private var stepsPerInstantMax: Int { 20_000 + 100 * test.nodes.count }

  @usableFromInline
  package init(_ test: TestRun, trace: ((String) -> Void)?) {
    self.trace = trace
    self.test = test
    timetable = Timetable(count: test.nodes.count)
    wakes = Array(repeating: nil, count: test.nodes.count)
    self.test.begin(at: now)
  }

  @usableFromInline package var isFinished: Bool { test.isFinished }

  /// When something happens next.
  @usableFromInline package var next: Instant? {
    guard !timetable.hasReady else { return now }
    guard let due = timetable.earliest else { return test.deadline }
    return test.deadline.map { min($0, due) } ?? due
  }

  /// Lets time pass, and the test do what is due.
  @usableFromInline
  package mutating func advance(to instant: Instant) {
    if instant > now { stepsAtNow = 0 }
    _ = hasStepLeft()
    pass(to: instant)
    test.advance(to: now)
  }

  /// Counts a step of the test or of a node at this instant. False once there were too many: the test is then
  /// over.
  @usableFromInline
  mutating func hasStepLeft() -> Bool {
    stepsAtNow += 1
    if stepsAtNow > stepsPerInstantMax {
      test.abandon("nodes talk or set timers without end, and no time passes", as: "endless-talk", at: now)
    }
    return !test.isFinished
  }

  /// Lets time pass in which nothing happens.
  @usableFromInline
  package mutating func pass(to instant: Instant) { now = max(now, instant) }

  /// Puts a member's turn where it has something to do, or where the machine gets to it.
  @usableFromInline
  mutating func schedule(_ place: Int, at deadline: Instant?) {
    if let wake = wakes[place] {
      if let deadline, deadline <= now { return timetable.set(place, to: wake, now: now) }
      wakes[place] = nil
    }
    timetable.set(place, to: deadline, now: now)
  }

  /// Whether a member whose turn has come may act now. If the machine is late, its turn comes later.
  @usableFromInline
  mutating func mayAct(_ place: Int) -> Bool {
    guard test.scenario.machine != .ideal else { return true }
    let wake = wakes[place] ?? test.turn(ofNodeAt: place, due: now)
    guard wake > now else {
      wakes[place] = nil
      return true
    }
    wakes[place] = wake
    timetable.set(place, to: wake, now: now)
    return false
  }

  /// Ends a test in which nothing can happen any more.
  @usableFromInline
  package mutating func abandonIdle() {
    if !test.isFinished { test.abandon("nothing is left to happen", at: now) }
  }

  /// Takes out what the test wants done next, and the place of the node that it is about.
  @usableFromInline
  package mutating func takeAction() -> (action: TestRun.Action, place: Int)? {
    while true {
      if nextAction == actions.count {
        nextAction = 0
        actions.removeAll(keepingCapacity: true)
        test.drain(into: &actions)
        if actions.isEmpty { return nil }
      }
      let action = actions[nextAction]
      nextAction += 1
      guard let name = action.node else { continue }
      if case .deliver(let line, _) = action {
        digest.add(line.span)
        digest.add(now)
        note(line.span.extracting(droppingLast: 1))
      }
      return (action, test.place(of: name)!)
    }
  }

  /// A node has printed a message.
  @usableFromInline
  mutating func receive(_ message: Span<UInt8>, from node: NodeID, to destination: NodeID) {
    digest.add(message)
    note(message)
    test.receive(message: message, from: node, to: destination, at: now)
  }

  /// A program has printed a line: anything at all, without its newline.
  package mutating func receive(line: Span<UInt8>, from node: NodeID) {
    digest.add(line)
    digest.add(now)
    note(line)
    test.receive(line: line, from: node, at: now)
  }

  /// A program has begun to print a line.
  package mutating func note(unfinished bytes: [UInt8], ofBytes count: Int, from node: NodeID) {
    test.note(unfinished: bytes, ofBytes: count, from: node)
  }

  /// A program has closed a stream, and goes on.
  package mutating func closed(_ stream: TestRun.NodeStream, of node: NodeID) {
    test.closed(stream, of: node, at: now)
  }

  /// A program has ended by itself.
  package mutating func exited(_ node: NodeID, _ how: String, lastLines: [String]) {
    test.exited(node, how, lastLines: lastLines, at: now)
  }

  /// Ends a test that can't be carried on.
  package mutating func abandon(_ reason: String) { test.abandon(reason, at: now) }

  /// Ends a test in which an invariant does not hold.
  @usableFromInline
  mutating func end(_ breach: Breach) { test.abandon(breach.detail, as: breach.name, at: now) }

  /// Does something to a run that is played: see `TestRun.add(_:at:)`.
  mutating func add(_ act: Script.Act, at due: Instant) throws(ScriptError) { try test.add(act, at: due) }

  /// Takes what the record of messages has got.
  mutating func takeRecord() -> [UInt8] {
    var record: [UInt8] = []
    test.drainRecord { record += $0 }
    return record
  }

  /// A node has written to its log.
  @usableFromInline
  package mutating func log(_ text: String, by node: NodeID) {
    tell("\(node) logs: \(text)")
    logBytesLeft -= text.utf8.count
    if logBytesLeft >= 0 { log.append(LogLine(node: node, text: text)) }
  }

  /// A node could not be started.
  @usableFromInline
  mutating func failed(_ place: Int, _ problem: String) {
    test.exited(test.nodes[place], "a log that can't be read", lastLines: [problem], at: now)
  }

  private func note(_ line: Span<UInt8>) {
    guard trace != nil else { return }
    tell(unsafe line.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) })
  }

  private func tell(_ text: @autoclosure () -> String) { trace?("\(now.nanoseconds / 1000) µs \(text())") }
}

extension TestRun.Action {
  /// The node that it is about, if it is about one.
  fileprivate var node: NodeID? {
    switch self {
    case .start(let node), .deliver(_, let node), .kill(let node), .stop(let node), .pause(let node),
      .resume(let node), .setDisk(let node, _), .skew(let node, _):
      node
    case .note: nil
    }
  }
}
