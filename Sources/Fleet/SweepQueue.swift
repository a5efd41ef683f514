internal import CFleet
public import Foundation

/// Parts of a sweep, and the lines that came of them, in two streams that a NATS server stores.
///
/// 1. The coordinator stores the sweep's description as the first message of `lines`, and its parts in `parts`, in order, so many
///    at a time that ``partsWaitingMax`` wait. The number of the last message of `parts` says how many were stored: a
///    coordinator that is started again goes on there.
/// 2. An agent takes a part, stores the lines of its seeds in `lines`, and only then says that the part is finished. A part
///    that nobody finishes or goes on with for 10 s is given to another agent.
/// 3. The coordinator reads `lines` from the beginning, and counts a seed once. At the end it deletes both streams; agents see
///    that and stop.
///
/// Calls wait for the server. Threads may share a queue.
public final class SweepQueue: @unchecked Sendable {
  /// What is to run; equal descriptions are one sweep.
  public struct Description: Codable, Equatable, Sendable {
    /// The words of `workbench sim`, without seeds.
    public let words: [String]
    /// Of the workbench: only agents of the same one take part.
    public let version: String
    public let first: UInt64
    public let last: UInt64
    /// How many seeds are a part.
    public let partSeeds: UInt64

    public init(words: [String], version: String, seeds: ClosedRange<UInt64>) {
      self.words = words
      self.version = version
      (first, last) = (seeds.lowerBound, seeds.upperBound)
      partSeeds = min(1000, max(10, (last - first) / 500))
    }

    /// A fingerprint: FNV-1a, 64 bits.
    public var id: String {
      let encoder = JSONEncoder()
      encoder.outputFormatting = .sortedKeys
      let bytes = (try? encoder.encode(self)) ?? Data()
      let hash = bytes.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
      return String(repeating: "0", count: hash.leadingZeroBitCount / 4) + String(hash, radix: 16)
    }

    /// The seeds of a part, counted from 0; nil after the last.
    func part(_ number: UInt64) -> ClosedRange<UInt64>? {
      guard number <= (last - first) / partSeeds else { return nil }
      let begin = first + number * partSeeds
      return begin...(last - begin < partSeeds ? last : begin + partSeeds - 1)
    }
  }

  /// So many parts wait for agents at most.
  static let partsWaitingMax: UInt64 = 1000
  /// How long a coordinator waits for a server that is away.
  private static let patience: Duration = .seconds(60)
  private static let linesPrefix = "GLOMERS_LINES_"

  let pointer: OpaquePointer
  private let address: ServerAddress

  /// Connects.
  public init(_ address: ServerAddress, name: String) throws(FleetError) {
    self.address = address
    pointer = try address.connect(name) { options, outcome, reason in
      fleet_queue_open(options, outcome, reason)
    }
  }

  deinit { fleet_queue_close(pointer) }

  static func lines(_ id: String) -> (stream: String, subject: String) {
    (linesPrefix + id, "glomers.sweep.\(id).lines")
  }

  static func parts(_ id: String) -> (stream: String, subject: String) {
    ("GLOMERS_PARTS_\(id)", "glomers.sweep.\(id).parts")
  }

  typealias Reason = UnsafeMutablePointer<CChar>

  func call(_ body: (Reason) -> fleet_result) -> (result: fleet_result, reason: String) {
    var reason = [CChar](repeating: 0, count: 256)
    let result = reason.withUnsafeMutableBufferPointer { body($0.baseAddress!) }
    return (result, String(decoding: reason.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
  }

  // MARK: The coordinator's side

  /// Calls until the server has answered one of `results`, for a minute at most.
  private func persist(_ results: Set<UInt32>, _ body: (Reason) -> fleet_result) throws(FleetError)
    -> fleet_result
  {
    let deadline = ContinuousClock.now + Self.patience
    while true {
      let (result, reason) = call(body)
      if results.contains(result.rawValue) { return result }
      switch result {
      case FLEET_ABSENT:
        throw FleetError(
          "the sweep's streams have gone: another coordinator has ended it, or somebody has deleted them")
      case FLEET_CONFLICT:
        throw FleetError("the sweep's streams are not as this workbench makes them: \(reason)")
      default: break
      }
      guard ContinuousClock.now < deadline else {
        throw FleetError(
          "the NATS server at \(address.shown) does not answer: \(reason). Run the same command again to go on"
        )
      }
      Thread.sleep(forTimeInterval: 0.25)
    }
  }

  /// Makes the sweep's streams. Returns whether the sweep is new; false if it goes on.
  public func begin(_ sweep: Description) throws(FleetError) -> Bool {
    let (parts, lines) = (Self.parts(sweep.id), Self.lines(sweep.id))
    let deadline = ContinuousClock.now + .seconds(5)
    while true {
      let (result, reason) = call { fleet_stream_create(pointer, parts.stream, parts.subject, true, $0) }
      if result == FLEET_DONE { break }
      guard ContinuousClock.now < deadline else {
        throw FleetError(
          result == FLEET_NO_STREAMS
            ? "the NATS server at \(address.shown) stores nothing: start it with --jetstream, as make nats does"
            : "the NATS server at \(address.shown) makes no stream: \(reason)")
      }
      Thread.sleep(forTimeInterval: 0.25)
    }
    _ = try persist([FLEET_DONE.rawValue]) {
      fleet_stream_create(pointer, lines.stream, lines.subject, false, $0)
    }
    let bytes = sweep.bytes
    // An answer that was lost makes the second try a conflict.
    let result = try persist([FLEET_DONE.rawValue, FLEET_CONFLICT.rawValue]) {
      fleet_stream_publish(pointer, lines.subject, bytes, bytes.count, 0, true, $0)
    }
    return result == FLEET_DONE
  }

  /// Stores parts until enough of them wait.
  public func fill(_ sweep: Description) throws(FleetError) {
    let parts = Self.parts(sweep.id)
    var last: UInt64 = 0
    var count: UInt64 = 0
    _ = try persist([FLEET_DONE.rawValue]) { fleet_stream_state(pointer, parts.stream, &last, &count, $0) }
    while count < Self.partsWaitingMax, let seeds = sweep.part(last) {
      let text = "\(seeds.lowerBound)..\(seeds.upperBound)"
      let result = try persist([FLEET_DONE.rawValue, FLEET_CONFLICT.rawValue]) {
        fleet_stream_publish(pointer, parts.subject, text, text.utf8.count, last, last == 0, $0)
      }
      // It is stored already, by a try whose answer was lost or by another coordinator: the next call sees it.
      if result == FLEET_CONFLICT { return }
      last += 1
      count += 1
    }
  }

  /// Reads the messages of lines after so many. Returns how many there are now.
  public func read(_ sweep: Description, after read: UInt64, _ each: (Data) -> Void) throws(FleetError)
    -> UInt64
  {
    let lines = Self.lines(sweep.id)
    var last: UInt64 = 0
    var count: UInt64 = 0
    _ = try persist([FLEET_DONE.rawValue]) { fleet_stream_state(pointer, lines.stream, &last, &count, $0) }
    guard last > read else { return read }
    for number in (read + 1)...last {
      var bytes = Data()
      _ = try persist([FLEET_DONE.rawValue]) { reason in self.read(lines.stream, number, into: &bytes, reason)
      }
      // The first is the description.
      if number > 1 { each(bytes) }
    }
    return last
  }

  private func read(_ stream: String, _ number: UInt64, into bytes: inout Data, _ reason: Reason)
    -> fleet_result
  {
    withUnsafeMutablePointer(to: &bytes) { place in
      fleet_stream_read(pointer, stream, number, takeBytes, place, reason)
    }
  }

  /// Deletes the sweep's streams; agents stop.
  public func end(_ sweep: Description) {
    for stream in [Self.parts(sweep.id).stream, Self.lines(sweep.id).stream] {
      _ = call { fleet_stream_delete(pointer, stream, $0) }
    }
  }

  // MARK: The agent's side

  /// The sweeps that the server has, by their ids.
  public func sweeps() -> [Description] {
    var names: [String] = []
    _ = withUnsafeMutablePointer(to: &names) { place in
      call { reason in
        fleet_stream_names(
          pointer,
          { context, name in
            context!.assumingMemoryBound(to: [String].self).pointee.append(String(cString: name))
          }, place, reason)
      }
    }
    return names.filter { $0.hasPrefix(Self.linesPrefix) }.sorted().compactMap { name in
      var bytes = Data()
      _ = call { self.read(name, 1, into: &bytes, $0) }
      // A description that does not belong to its name is nobody's.
      guard let sweep = Description(bytes: Array(bytes)), Self.lines(sweep.id).stream == name,
        sweep.partSeeds > 0,
        sweep.first <= sweep.last
      else { return nil }
      return sweep
    }
  }

  /// Takes parts of one sweep, for one thread.
  public final class Worker {
    public enum Work: Equatable {
      case part(ClosedRange<UInt64>)
      /// There is none at present, or the server is away.
      case none
      /// The sweep has ended.
      case over
    }

    private let queue: SweepQueue
    private let sweep: Description
    private let pointer: OpaquePointer

    /// Nil if the sweep has ended, or the server is away.
    public init?(_ queue: SweepQueue, _ sweep: Description) {
      var result = FLEET_DONE
      var reason = [CChar](repeating: 0, count: 256)
      guard
        let pointer = fleet_worker_open(queue.pointer, SweepQueue.parts(sweep.id).stream, &result, &reason)
      else {
        return nil
      }
      self.queue = queue
      self.sweep = sweep
      self.pointer = pointer
    }

    deinit { fleet_worker_close(pointer) }

    /// The next part; waits up to so long.
    public func take(milliseconds: Int32) -> Work {
      var bytes = Data()
      let (result, _) = withUnsafeMutablePointer(to: &bytes) { place in
        queue.call { fleet_worker_take(pointer, milliseconds, takeBytes, place, $0) }
      }
      if result == FLEET_ABSENT { return .over }
      guard result == FLEET_DONE else { return isOver ? .over : .none }
      let ends = String(decoding: bytes, as: UTF8.self).split(separator: "..", maxSplits: 1).map {
        UInt64($0)
      }
      guard ends.count == 2, let first = ends[0], let last = ends[1], first <= last, sweep.first <= first,
        last <= sweep.last, last - first < sweep.partSeeds
      else {
        // What is no part of this sweep is taken out of the way.
        _ = finish()
        return .none
      }
      return .part(first...last)
    }

    /// Whether the sweep's streams have gone.
    private var isOver: Bool {
      var last: UInt64 = 0
      var count: UInt64 = 0
      return queue.call {
        fleet_stream_state(queue.pointer, SweepQueue.lines(sweep.id).stream, &last, &count, $0)
      }.result
        == FLEET_ABSENT
    }

    /// Says that the part in hand goes on.
    public func goOn() { fleet_worker_go_on(pointer) }

    /// Stores lines, however long the server is away. Returns false if the sweep has ended.
    public func store(_ lines: [UInt8]) -> Bool {
      let subject = SweepQueue.lines(sweep.id).subject
      while true {
        let (result, _) = queue.call {
          fleet_stream_publish(queue.pointer, subject, lines, lines.count, 0, false, $0)
        }
        if result == FLEET_DONE { return true }
        if isOver { return false }
        Thread.sleep(forTimeInterval: 0.25)
      }
    }

    /// Says that the part is finished: its lines are stored. If the server does not hear it, the part runs once more.
    @discardableResult
    public func finish() -> Bool { queue.call { fleet_worker_finish(pointer, $0) }.result == FLEET_DONE }
  }
}

/// Takes bytes into the `Data` that the context points to.
private let takeBytes: @convention(c) (UnsafeMutableRawPointer?, UnsafeRawPointer, Int) -> Void = {
  context, bytes, count in
  context!.assumingMemoryBound(to: Data.self).pointee = Data(bytes: bytes, count: count)
}
