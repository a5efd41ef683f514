public import Glomers
public import Lab
public import Simulator

/// A run that is played by hand: forward, back, to an instant, and from there on another way.
///
/// Going back restores the latest snapshot before that instant and runs on from there. Acts are done again at their
/// instants, so that the same instant always shows the same run. An act in the past begins another branch.
public struct Session {
  /// Something that was done to the run.
  public struct Deed: Equatable, Sendable {
    public let time: Instant
    public let act: Script.Act
    /// As a person would write it.
    public let words: String
  }

  /// A way that the run has taken, and was then left for another.
  public struct Branch: Sendable {
    public let deeds: [Deed]
    /// How far it was played.
    public let end: Instant
  }

  private struct Snapshot {
    let run: any PlayedRun
    let lineCount: Int
  }

  /// What a session keeps at most.
  public struct Bounds: Sendable {
    /// Lines of the record, of one branch; then the run goes no further.
    public var lineCount = 300_000
    /// Acts of one branch.
    public var deedCount = 2_000
    /// Branches that were left: of more, the oldest are forgotten.
    public var branchCount = 20
    /// Of more snapshots every second is dropped, and they are made half as often.
    public var snapshotCount = 400

    public init() {}
  }

  public private(set) var run: any PlayedRun
  /// The record of the branch, as far as it was played: one JSON object each (docs/FILES.md).
  private(set) var lines: [[UInt8]] = []
  /// How many of the lines have come to pass by now.
  public private(set) var lineCount = 0
  /// All of this branch, also those after the present.
  public private(set) var deeds: [Deed] = []
  public private(set) var branches: [Branch] = []
  /// The instants at which something could be seen, also those after the present.
  private var steps: [Instant] = []
  private var snapshots: [Snapshot] = []
  /// How many steps lie between two snapshots.
  private var spacing: Int
  private var stepsSinceSnapshot = 0
  private let bounds: Bounds

  /// - Parameters:
  ///   - run: of a scenario with a script, and with a record.
  ///   - spacing: how many steps lie between two snapshots, at first.
  public init(_ run: any PlayedRun, spacing: Int = 64, bounds: Bounds = Bounds()) {
    self.run = run
    self.bounds = bounds
    self.spacing = max(1, spacing)
    while let next = self.run.next, self.run.test.objectionToActs != nil { self.run.run(until: next) }
    self.run.run(until: self.run.now)
    collect()
    steps = [self.run.now]
    snapshots = [Snapshot(run: self.run, lineCount: lineCount)]
  }

  public var now: Instant { run.now }
  /// When requests begin: where the session begins.
  public var begin: Instant { snapshots[0].run.now }
  /// The latest instant that was seen of this branch.
  public var end: Instant { max(steps.last ?? now, now) }
  public var isFull: Bool { lineCount >= bounds.lineCount }

  /// The last lines that have come to pass, so many and so many bytes at most.
  public func lastLines(_ count: Int, bytesMax: Int) -> ArraySlice<[UInt8]> {
    var bytes = 0
    var first = lineCount
    while first > 0, lineCount - first < count {
      bytes += lines[first - 1].count
      if bytes > bytesMax { break }
      first -= 1
    }
    return lines[first..<lineCount]
  }

  // MARK: Time

  /// Goes on until something happens that can be seen.
  public mutating func step() {
    let before = lineCount
    let deed = nextDeed
    while lineCount == before, !isFull, let next = run.next {
      if let deed, deed.time <= next { return advance(to: deed.time) }
      run.run(until: next)
      collect()
    }
    if run.next == nil, !run.test.isFinished { return advance(to: now + .nanoseconds(1)) }
    // The whole of the instant.
    proceed(to: now)
  }

  /// Goes back to where something happened last, before the present.
  public mutating func stepBack() { go(to: steps[max(0, firstStep(notBefore: now) - 1)]) }

  /// Goes to an instant, forward or back; not before requests begin.
  public mutating func go(to instant: Instant) {
    guard instant < now else { return advance(to: instant) }
    let place = snapshots.lastIndex { $0.run.now <= instant } ?? 0
    run = snapshots[place].run
    lineCount = snapshots[place].lineCount
    stepsSinceSnapshot = 0
    advance(to: instant)
  }

  private var nextDeed: Deed? { deeds.first { $0.time > now } }

  private mutating func advance(to target: Instant) {
    while now < target, !run.test.isFinished, !isFull {
      if run.next == nil, nextDeed == nil {
        run.finish()
        return collect()
      }
      guard let deed = nextDeed, deed.time <= target else { return proceed(to: target) }
      proceed(to: deed.time - .nanoseconds(1))
      guard !isFull else { return }
      // It could be done when it was new, and the run has come here the same way.
      try? run.add(deed.act, at: deed.time)
      proceed(to: deed.time)
    }
  }

  private mutating func proceed(to instant: Instant) {
    while !isFull, let next = run.next, next <= instant {
      run.run(until: next)
      collect()
    }
    // Of a run that is over, and of one that is kept no further, no time passes.
    if !isFull, !run.test.isFinished { run.run(until: instant) }
  }

  /// Takes what has been recorded, and keeps what is new.
  private mutating func collect() {
    let record = run.takeRecord()
    guard !record.isEmpty else { return }
    for line in record.split(separator: UInt8(ascii: "\n")) {
      if lineCount == lines.count { lines.append(Array(line)) }
      lineCount += 1
    }
    stepsSinceSnapshot += 1
    guard !snapshots.isEmpty else { return }
    if now > steps.last! { steps.append(now) }
    if stepsSinceSnapshot >= spacing, now > snapshots.last!.run.now { keep() }
  }

  private mutating func keep() {
    stepsSinceSnapshot = 0
    snapshots.append(Snapshot(run: run, lineCount: lineCount))
    guard snapshots.count > bounds.snapshotCount else { return }
    snapshots = snapshots.indices.filter { $0 % 2 == 0 }.map { snapshots[$0] }
    spacing *= 2
  }

  private func firstStep(notBefore instant: Instant) -> Int {
    var low = 0
    var high = steps.count
    while low < high {
      let middle = (low + high) / 2
      if steps[middle] < instant { low = middle + 1 } else { high = middle }
    }
    return low
  }

  // MARK: Acts

  /// Does something to the run now. What had come to pass after now is left, for a branch to go back to.
  ///
  /// - Throws: in words, why it can't be done.
  public mutating func act(_ act: Script.Act, words: String) throws(ScriptError) {
    guard !isFull else { throw ScriptError("the run has as many events as are kept: go back first") }
    guard deeds.count(where: { $0.time <= now }) < bounds.deedCount else {
      throw ScriptError("the run has as many acts as are kept: save the script, and play that")
    }
    let due = now + .nanoseconds(1)
    var trial = run
    try trial.add(act, at: due)
    leaveFuture()
    deeds.append(Deed(time: due, act: act, words: words))
    advance(to: due)
  }

  /// Goes on with a branch that was left, from where it parts from this one.
  public mutating func resume(branch place: Int) {
    guard branches.indices.contains(place) else { return }
    let branch = branches.remove(at: place)
    let common = zip(deeds, branch.deeds).prefix { $0 == $1 }.count
    let parting = [deeds, branch.deeds].compactMap { $0.dropFirst(common).first?.time }.min()
    go(to: min(parting.map { $0 - .nanoseconds(1) } ?? now, now))
    leaveFuture()
    deeds = branch.deeds
    advance(to: branch.deeds.dropFirst(common).first?.time ?? now)
  }

  private mutating func leaveFuture() {
    let now = now
    if deeds.last.map({ $0.time > now }) ?? false {
      branches.append(Branch(deeds: deeds, end: end))
      if branches.count > bounds.branchCount { branches.removeFirst() }
    }
    deeds.removeAll { $0.time > now }
    lines.removeLast(lines.count - lineCount)
    steps.removeLast(steps.count - firstStep(notBefore: now + .nanoseconds(1)))
    snapshots.removeAll { $0.run.now > now }
  }

  /// The run as a scenario with a script, with all acts of this branch.
  public var scenario: Scenario {
    var last = self
    last.go(to: max(now, deeds.last?.time ?? now))
    var scenario = last.run.test.scenario
    scenario.script = last.run.test.script
    scenario.recordBytesMax = 0
    return scenario
  }
}
