internal import Glomers

/// Looks for an order of a register's operations that explains what each has seen, and in which no operation comes
/// before one that had ended when it began.
///
/// The depth-first search of Wing & Gong (*Testing and verifying concurrent objects*, JPDC 1993) over the list of
/// calls and returns, with Lowe's memory of the configurations that led nowhere (*Testing for linearizability*, CCPE
/// 2017): a configuration is the set of operations that have been placed, and the value. Of that set a random
/// fingerprint of 128 bits is kept (Wolper & Leroy's hash compaction, CAV 1993), which makes it small whatever its
/// size. Five things keep the search narrow. Reads that fit are placed at once, since nothing is gained by waiting. Then the
/// operation that ends first is tried. Those that may never have happened are tried last, and of those that do the
/// same only the first; and such a one is placed only where something needs the value that it leaves, and is placed
/// next: an order in which nothing does is an order without it, too.
struct LinearizationSearch {
  enum Outcome: Equatable {
    case linearizable
    case stuck(Obstacle)
    /// The effort was not enough to say. All that had ended before that place of the history can be explained.
    case exhausted(explainedTo: Int)
  }

  /// Why there is no such order: everything that ended before `operation` did can be explained, but not that.
  struct Obstacle: Equatable {
    /// The place of the operation that fits nowhere.
    var operation: Int
    /// The values that there could be, with the place of the operation that put each there; nil for the first value.
    var values: [Int: Int?] = [:]
    /// For a value an order of operations that leads to it, and then no further; only where paths are kept.
    var paths: [Int: [Int]] = [:]
    /// Nil where it was a search that found it.
    var reason: Refutation.Reason?
  }

  private struct Fingerprint: Hashable {
    var low: UInt64 = 0
    var high: UInt64 = 0

    /// Of one member of a set; those of a set are combined by exclusive or (Zobrist's hashing, 1970).
    init(of member: Int) {
      var random = Random(seed: UInt64(truncatingIfNeeded: member) &* 0xD134_2543_DE82_EF95)
      low = random.next()
      high = random.next()
    }

    static func ^ (a: Self, b: Self) -> Self {
      var both = a
      both.low ^= b.low
      both.high ^= b.high
      return both
    }
  }

  /// Which operation comes next: what there is to try, in this order.
  private enum Choice {
    /// The one that ends first.
    case blocker
    /// That one, by its call in the list, or one that was called later.
    case call(Int)
    /// The next of a class of unfinished ones, or of a later class.
    case unfinished(Int)
  }

  /// An operation that was placed, and what there was before.
  private struct Frame {
    let choice: Choice
    let operation: Int
    /// The operation that ended first; nil for an observation, which was no choice.
    let blocker: Int?
    let value: Int
    let author: Int?
    let placed: Fingerprint
    let isOwed: Bool
  }

  private let operations: [RegisterOperation]
  /// Calls and returns as a circular list: `2i` is the call of operation `i`, `2i + 1` its return.
  private var next: [Int]
  private var previous: [Int]
  private let head: Int
  private let fingerprints: [Fingerprint]
  /// Unfinished operations that do the same, in the order of their calls, and how many of them are placed.
  private var unfinished: [[Int]] = []
  private var placedCounts: [Int] = []

  private var value: Int
  /// The operation that has put the value there.
  private var author: Int?
  private var placed = Fingerprint(of: -1)
  /// Whether an operation that may never have happened has left the value, and nothing has needed it yet.
  private var isOwed = false
  private static let owed = Fingerprint(of: .min)
  private var stack: [Frame] = []
  private var seen: Set<Fingerprint> = []
  private var obstacle: Obstacle?
  private let keptPathsMax: Int

  /// - Parameters:
  ///   - operations: in the order of their calls.
  ///   - initial: the value before them all.
  ///   - keptPathsMax: of so many values an obstacle says how they came about.
  init(_ operations: [RegisterOperation], initial: Int = 0, keptPathsMax: Int = 0) {
    self.operations = operations
    self.keptPathsMax = keptPathsMax
    value = initial
    fingerprints = operations.indices.map { Fingerprint(of: $0) }
    head = 2 * operations.count
    next = Array(repeating: head, count: head + 1)
    previous = next

    var events: [(at: Int, entry: Int)] = []
    var classes: [RegisterOperation.Action: Int] = [:]
    for (place, operation) in operations.enumerated() {
      if let end = operation.end {
        events += [(operation.call, 2 * place), (end, 2 * place + 1)]
      } else {
        let kind = classes[operation.action] ?? unfinished.count
        if kind == unfinished.count {
          classes[operation.action] = kind
          unfinished.append([])
        }
        unfinished[kind].append(place)
      }
    }
    placedCounts = unfinished.map { _ in 0 }
    events.sort { $0.at < $1.at }
    var last = head
    for event in events {
      next[last] = event.entry
      previous[event.entry] = last
      last = event.entry
    }
    next[last] = head
    previous[head] = last
  }

  /// Searches; one that was exhausted goes on where it stopped.
  ///
  /// - Parameter effort: how many steps the search may take; what it takes is subtracted.
  mutating func run(effort: inout Int) -> Outcome {
    while effort >= 0 {
      guard var blocker = placeObservations(effort: &effort) else { return .linearizable }
      var choice = Choice.blocker
      while !placeChoice(from: choice, blocker, effort: &effort) {
        note(obstacleAt: blocker)
        guard let (untried, blocked) = backtrack() else { return .stuck(obstacle!) }
        choice = untried
        blocker = blocked
      }
    }
    return .exhausted(explainedTo: obstacle.map { operations[$0.operation].end! } ?? 0)
  }

  // MARK: Placing

  /// Places every observation that the value allows. Returns the operation that ends before all others that are not
  /// placed, nil if there is none: nothing that began after that end can come next.
  private mutating func placeObservations(effort: inout Int) -> Int? {
    var entry = next[head]
    while entry.isMultiple(of: 2), entry != head {
      effort -= 1
      let action = operations[entry / 2].action
      guard action.isObservation, action.applied(to: value) != nil else {
        entry = next[entry]
        continue
      }
      let before = previous[entry]
      push(.call(entry), entry / 2, nil, value: value, placed ^ fingerprints[entry / 2])
      isOwed = false
      remove(entry / 2)
      entry = next[before]
    }
    return entry == head ? nil : entry / 2
  }

  /// Places the first of the choices from that one on that can come next.
  private mutating func placeChoice(from first: Choice, _ blocker: Int, effort: inout Int) -> Bool {
    var choice = first
    if case .blocker = choice {
      if place(blocker, as: .blocker, blocker, effort: &effort) { return true }
      choice = .call(next[head])
    }
    if case .call(var entry) = choice {
      while entry.isMultiple(of: 2) {
        if place(entry / 2, as: .call(entry), blocker, effort: &effort) { return true }
        entry = next[entry]
      }
      choice = .unfinished(0)
    }
    guard case .unfinished(let start) = choice else { return false }
    for kind in start..<unfinished.count where placedCounts[kind] < unfinished[kind].count {
      let operation = unfinished[kind][placedCounts[kind]]
      guard operations[operation].call < operations[blocker].end!,
        isNeeded(operations[operation].action, before: blocker, effort: &effort)
      else { continue }
      if place(operation, as: .unfinished(kind), blocker, effort: &effort) { return true }
    }
    return false
  }

  /// Whether something that could be placed right after this could not be placed now.
  private func isNeeded(_ action: RegisterOperation.Action, before blocker: Int, effort: inout Int) -> Bool {
    guard let after = action.applied(to: value) else { return false }
    func needs(_ other: RegisterOperation.Action) -> Bool {
      switch other {
      case .read(let expected), .compareAndSet(let expected, _): expected == after
      case .refusal(let refused): refused == value && refused != after
      case .write: false
      }
    }
    var entry = next[head]
    while entry.isMultiple(of: 2), entry != head {
      effort -= 1
      if needs(operations[entry / 2].action) { return true }
      entry = next[entry]
    }
    return unfinished.indices.contains { kind in
      effort -= 1
      guard placedCounts[kind] < unfinished[kind].count else { return false }
      let other = unfinished[kind][placedCounts[kind]]
      return operations[other].call < operations[blocker].end! && needs(operations[other].action)
    }
  }

  /// Places an operation next, unless the value forbids it or it is known to lead nowhere.
  private mutating func place(
    _ operation: Int, as choice: Choice, _ blocker: Int, effort: inout Int
  ) -> Bool {
    effort -= 1
    let action = operations[operation].action
    guard let after = action.applied(to: value) else { return false }
    if isOwed, case .write = action { return false }
    let isUnfinished = operations[operation].end == nil
    let configuration = placed ^ fingerprints[operation]
    var known = configuration ^ Fingerprint(of: ~after &- 1)
    if isUnfinished { known = known ^ Self.owed }
    guard seen.insert(known).inserted else { return false }
    // Memory counts as effort, so that it has a limit, too.
    effort -= 10
    push(choice, operation, blocker, value: after, configuration)
    author = operation
    isOwed = isUnfinished
    if case .unfinished(let kind) = choice {
      placedCounts[kind] += 1
    } else {
      remove(operation)
    }
    return true
  }

  private mutating func push(
    _ choice: Choice, _ operation: Int, _ blocker: Int?, value after: Int, _ configuration: Fingerprint
  ) {
    stack.append(
      Frame(
        choice: choice, operation: operation, blocker: blocker, value: value, author: author, placed: placed,
        isOwed: isOwed))
    value = after
    placed = configuration
  }

  private mutating func remove(_ operation: Int) {
    for entry in [2 * operation, 2 * operation + 1] {
      next[previous[entry]] = next[entry]
      previous[next[entry]] = previous[entry]
    }
  }

  // MARK: Going back

  /// Takes back the last placement that was a choice. Returns the next choice in its place; nil if nothing is left.
  private mutating func backtrack() -> (choice: Choice, blocker: Int)? {
    while let frame = stack.popLast() {
      value = frame.value
      author = frame.author
      placed = frame.placed
      isOwed = frame.isOwed
      if case .unfinished(let kind) = frame.choice {
        placedCounts[kind] -= 1
        return (.unfinished(kind + 1), frame.blocker!)
      }
      for entry in [2 * frame.operation + 1, 2 * frame.operation] {
        next[previous[entry]] = entry
        previous[next[entry]] = entry
      }
      guard let blocker = frame.blocker else { continue }
      if case .call(let entry) = frame.choice { return (.call(next[entry]), blocker) }
      return (.call(next[head]), blocker)
    }
    return nil
  }

  /// The furthest obstacle counts: what had ended before it has been explained.
  private mutating func note(obstacleAt place: Int) {
    let end = operations[place].end!
    if let obstacle, operations[obstacle.operation].end! > end { return }
    if obstacle?.operation != place { obstacle = Obstacle(operation: place) }
    guard obstacle!.values[value] == nil else { return }
    obstacle!.values[value] = .some(author)
    if obstacle!.values.count <= keptPathsMax { obstacle!.paths[value] = stack.map(\.operation) }
  }
}
