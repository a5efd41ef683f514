public import Glomers
public import Lab

/// A run that goes on event by event, whatever kind of node it is of. A value: a copy is a snapshot.
public protocol PlayedRun {
  /// The test, as it is now.
  var test: TestRun { get }
  /// The virtual time.
  var now: Instant { get }
  /// The run's fingerprint so far.
  var digest: Digest { get }
  /// When something happens next; nil when nothing is left to happen.
  var next: Instant? { get }

  /// Runs until an instant, or to the end of the test.
  mutating func run(until instant: Instant)
  /// Runs to the end of the test.
  mutating func finish()
  /// Does something to the run: see `TestRun.add(_:at:)`.
  mutating func add(_ act: Script.Act, at due: Instant) throws(ScriptError)
  /// Takes what the record of messages has got: see `TestRun.drainRecord(atLeast:_:)`.
  mutating func takeRecord() -> [UInt8]
  /// The state of a node, by its place; nil for one that does not run or is not initialized.
  func state(ofNodeAt place: Int) -> Any?
  /// What a node's clock shows, by its place.
  func clock(ofNodeAt place: Int) -> Instant
}

extension Simulation: PlayedRun {
  /// A run to be played, from code that all kinds of node share: see ``outcomeByCommonCode(_:options:trace:)``.
  @_semantics("optimize.no.crossmodule") @inline(never)
  public static func playedByCommonCode(
    _ scenario: Scenario, options: [String: Option.Value] = [:]
  ) -> any PlayedRun {
    Simulation(scenario, options: options)
  }

  /// When something happens next; nil at the end of the test.
  public var next: Instant? { stage.isFinished ? nil : stage.next }

  /// Does something to the run: see `TestRun.add(_:at:)`.
  public mutating func add(_ act: Script.Act, at due: Instant) throws(ScriptError) {
    try stage.add(act, at: due)
  }

  /// Takes what the record of messages has got.
  public mutating func takeRecord() -> [UInt8] { stage.takeRecord() }

  /// The state of a node, by its place; nil for one that does not run.
  public func state(ofNodeAt place: Int) -> Any? {
    members[place].isRunning ? members[place].host.state : nil
  }

  /// What a node's clock shows, by its place.
  public func clock(ofNodeAt place: Int) -> Instant { members[place].clock(at: now) }
}
