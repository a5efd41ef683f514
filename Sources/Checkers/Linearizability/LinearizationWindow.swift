public import Glomers
public import History

/// Why a key's history is not linearizable, as little of it as shows that: the last operations up to the one that fits
/// nowhere, and the orders of them that go furthest (Horn and Kroening, *Faster linearizability checking via
/// P-compositionality*, FORTE 2015, draw such partial linearizations, and so do Knossos and Porcupine).
///
/// What came before the window counts as any value that there could have been, and an operation that began before it as
/// one that may have taken effect before, in it, or not at all. So the window alone proves that there is no order.
public struct LinearizationWindow: Equatable, Sendable {
  /// An operation of the key in the window.
  public struct Item: Equatable, Sendable {
    /// Indices of its two halves in the history; the end is nil if it was unknown, or came after the window.
    public let call: Int
    /// Where it ended.
    public let end: Int?
    /// `read 5`, `write 3`, `cas 3 → 4`.
    public let words: String
    /// Whether it began before the window.
    public let isEarlier: Bool
  }

  /// An order of some of the items, after which none goes on.
  public struct Attempt: Equatable, Sendable {
    /// What the key held before the first, in words; several that make no difference are one.
    public internal(set) var start: String
    /// Places in ``LinearizationWindow/items``, in order, and what the key holds after each.
    public let steps: [Step]
    /// The place of the item that has to come next, and does not fit.
    public let stuck: Int
    /// What the key holds then.
    public let value: String

    /// One item in its place.
    public struct Step: Equatable, Sendable {
      /// The item, by its place.
      public let item: Int
      /// What the key holds after it, in words.
      public let value: String
    }
  }

  /// Which key it is.
  public let key: JSON
  /// In the order of their calls.
  public let items: [Item]
  /// The place of the item that fits nowhere.
  public let stuck: Int
  /// Those that go furthest come first.
  public let attempts: [Attempt]
  /// Whether it begins with the test: then nothing is shown of what was before.
  public let isWhole: Bool

  private static let attemptsMax = 6
  /// The start of an attempt that any value leads to.
  public static let anything = "whatever it held"
  /// Values whose way is kept, of each start.
  fileprivate static let valuesMax = 4

  /// The windows of those anomalies that say that a key is not linearizable, by the index of the last of their operations.
  ///
  /// - Parameter effortMax: steps of the search for each; where they are not enough, the window is larger than need be.
  public static func windows(
    of anomalies: [Anomaly], in history: History, effortMax: Int = 2_000_000
  ) -> [Int: LinearizationWindow] {
    let wanted = anomalies.filter { Self.names.contains($0.name) && $0.operations.count >= 2 }
    guard !wanted.isEmpty else { return [:] }
    let registers = RegisterHistory(history)
    var places: [Int: (key: Int, place: Int)] = [:]
    for (number, key) in registers.keys.enumerated() {
      for (place, operation) in key.operations.enumerated() { places[operation.call] = (number, place) }
    }
    var windows: [Int: LinearizationWindow] = [:]
    for anomaly in wanted {
      let end = anomaly.operations.last!
      // What is read from a file may name anything.
      guard history.operations.indices.contains(end), let call = history.invocation(of: end)?.index,
        let found = places[call]
      else { continue }
      let key = registers.keys[found.key]
      let narrowing = Narrowing(
        key.operations, place: found.place, withErrors: anomaly.name == "impossible-error")
      windows[end] = narrowing?.window(effortMax, registers, key.key)
    }
    return windows
  }

  private static let names: Set = ["nonlinearizable", "impossible-error"]

  fileprivate init(
    _ key: JSON, _ operations: [RegisterOperation], ends: [Int: Int], from begin: Int, isWhole: Bool,
    _ failures: [Narrowing.Failure], stuck call: Int, _ registers: RegisterHistory
  ) {
    self.key = key
    self.isWhole = isWhole
    func name(_ value: Int) -> String {
      value == Narrowing.other ? "another value" : value == 0 ? "no value" : EDN(registers.value(value)).shown
    }
    items = operations.map {
      Item(
        call: $0.call, end: ends[$0.call], words: Self.words(of: $0.action, name),
        isEarlier: $0.call < begin)
    }
    stuck = operations.firstIndex { $0.call == call }!
    // The furthest first.
    let paths = failures.flatMap { failure in
      failure.obstacle.paths.map {
        (start: failure.start, stuck: failure.obstacle.operation, value: $0, path: $1)
      }
    }.sorted {
      let (a, b) = (operations[$0.stuck].end!, operations[$1.stuck].end!)
      return (-a, -$0.path.count, $0.start, $0.value) < (-b, -$1.path.count, $1.start, $1.value)
    }
    var found: [Attempt] = []
    var starts: [Int] = []
    for one in paths {
      var value = one.start
      let steps = one.path.map { place in
        value = operations[place].action.applied(to: value) ?? value
        return Attempt.Step(item: place, value: name(value))
      }
      if let same = found.firstIndex(where: { $0.steps == steps && $0.stuck == one.stuck }) {
        starts[same] += 1
        found[same].start =
          starts[same] == failures.count ? Self.anything : found[same].start + " or " + name(one.start)
        continue
      }
      guard found.count < Self.attemptsMax else { continue }
      found.append(Attempt(start: name(one.start), steps: steps, stuck: one.stuck, value: name(value)))
      starts.append(1)
    }
    attempts = found
  }

  private static func words(of action: RegisterOperation.Action, _ name: (Int) -> String) -> String {
    switch action {
    case .read(0): "found no key"
    case .read(let value): "read \(name(value))"
    case .write(let value): "write \(name(value))"
    case .compareAndSet(let from, let to): "cas \(name(from)) → \(name(to))"
    case .refusal(let from): "cas from \(name(from)) refused"
    }
  }
}

/// The search for the smallest window that ends with one operation.
private struct Narrowing {
  /// What a start leads to.
  struct Failure {
    let start: Int
    let obstacle: LinearizationSearch.Obstacle
  }

  /// A value that no operation knows.
  static let other = Int.max

  /// What had begun when the operation that fits nowhere ended, in the order of calls.
  private let operations: [RegisterOperation]
  private let stuck: RegisterOperation
  /// When operations were called: where a window can begin. The last is the call of the one that fits nowhere.
  private let begins: [Int]

  private var ends: [Int: Int] {
    Dictionary(operations.compactMap { one in one.end.map { (one.call, $0) } }) { first, _ in first }
  }

  init?(_ all: [RegisterOperation], place: Int, withErrors: Bool) {
    stuck = all[place]
    guard let end = stuck.end else { return nil }
    operations = all.compactMap { operation in
      guard operation.call < end, withErrors || !operation.isFromError else { return nil }
      if let own = operation.end, own <= end { return operation }
      return operation.action.isObservation ? nil : operation.unended
    }
    begins = operations.map(\.call).filter { [stuck] in $0 <= stuck.call }
    guard begins.last == stuck.call else { return nil }
  }

  func window(_ effortMax: Int, _ registers: RegisterHistory, _ key: JSON) -> LinearizationWindow? {
    var effort = effortMax
    // A window that fails fails with all that came before, too: look back in growing steps, then halve.
    var passing = begins.count
    var step = 0
    var found: (place: Int, failures: [Failure])?
    while found == nil {
      let place = max(0, begins.count - 1 - step)
      if let failures = place == 0 ? wholeFailure(effortMax) : failures(from: place, &effort) {
        found = (place, failures)
      } else {
        guard place > 0 else { return nil }
        passing = place
        step = max(1, 2 * step)
      }
    }
    guard var failing = found else { return nil }
    while passing - failing.place > 1 {
      let middle = (passing + failing.place) / 2
      if let failures = failures(from: middle, &effort) {
        failing = (middle, failures)
      } else {
        passing = middle
      }
    }
    let isWhole = failing.place == 0
    return LinearizationWindow(
      key, isWhole ? operations : within(begins[failing.place]), ends: ends, from: begins[failing.place],
      isWhole: isWhole, failing.failures, stuck: stuck.call, registers)
  }

  /// From the test's start, when there was no value.
  private func wholeFailure(_ effortMax: Int) -> [Failure]? {
    var effort = effortMax
    var search = LinearizationSearch(operations, keptPathsMax: LinearizationWindow.valuesMax)
    guard case .stuck(let obstacle) = search.run(effort: &effort) else { return nil }
    return [Failure(start: 0, obstacle: obstacle)]
  }

  /// What happens from a moment on. What had begun before may be left out; what it has seen may have been before.
  private func within(_ begin: Int) -> [RegisterOperation] {
    operations.compactMap { operation in
      if operation.call >= begin { return operation }
      guard operation.end ?? .max > begin, !operation.action.isObservation else { return nil }
      return operation.unended
    }
  }

  /// What every value leads to that there could have been; nil if one explains all, or the effort does not suffice.
  private func failures(from place: Int, _ effort: inout Int) -> [Failure]? {
    let operations = within(begins[place])
    var starts: Set<Int> = [Self.other]
    for operation in operations {
      switch operation.action {
      case .read(let value), .compareAndSet(let value, _), .refusal(let value): starts.insert(value)
      case .write: break
      }
    }
    var failures: [Failure] = []
    for start in starts.sorted() {
      effort -= operations.count
      guard effort > 0 else { return nil }
      var search = LinearizationSearch(
        operations, initial: start, keptPathsMax: LinearizationWindow.valuesMax)
      guard case .stuck(let obstacle) = search.run(effort: &effort) else { return nil }
      failures.append(Failure(start: start, obstacle: obstacle))
    }
    return failures
  }
}

extension RegisterOperation {
  /// The same as one that may take effect at any later time, or never.
  fileprivate var unended: RegisterOperation {
    RegisterOperation(action: action, call: call, end: nil, isFromError: isFromError)
  }
}
