/// Finds, without a search, an operation that saw a value which the register can't have had: one that nobody had begun to
/// write, or one that was overwritten before the operation began and not written since. Both follow from the real-time
/// order of one value's writes alone (Gibbons, Korach: *Testing shared memories*, SIAM J. Comput. 26(4), 1997), in
/// O(n log n), where a search may have to go through every order of what was under way.
///
/// Sound and not complete: where it finds nothing, the history may still not be linearizable.
struct Refutation {
  enum Reason: Equatable {
    case neverWritten
    /// By the operation of that place, which had ended when the refuted one began.
    case overwritten(by: Int)
  }

  /// The writes of one value, in the order of their calls.
  private struct Writes {
    var calls: [Int] = []
    /// The last end of these and all before; `Int.max` once one of them has none.
    var lastEnds: [Int] = []

    mutating func append(_ call: Int, _ end: Int?) {
      calls.append(call)
      lastEnds.append(max(lastEnds.last ?? -1, end ?? .max))
    }

    /// When the last of those that were called before `instant` had ended; nil if there are none.
    func lastEnd(before instant: Int) -> Int? {
      var (low, high) = (0, calls.count)
      while low < high {
        let middle = (low + high) / 2
        if calls[middle] < instant { low = middle + 1 } else { high = middle }
      }
      return low == 0 ? nil : lastEnds[low - 1]
    }
  }

  /// A write that is known to have happened.
  private struct Overwrite {
    let call: Int
    let value: Int
    let place: Int
  }

  private let operations: [RegisterOperation]

  /// - Parameter operations: in the order of their calls.
  init(_ operations: [RegisterOperation]) { self.operations = operations }

  /// The refuted operation that ended first.
  func found() -> (operation: Int, reason: Reason)? {
    var writes: [Int: Writes] = [:]
    for operation in operations {
      guard let value = operation.action.left else { continue }
      writes[value, default: Writes()].append(operation.call, operation.end)
    }
    let ended = operations.indices.filter { operations[$0].end != nil && operations[$0].action.left != nil }
      .sorted { operations[$0].end! < operations[$1].end! }
    // Of all that had ended the one that was called last, and the one of another value that was called last.
    var (last, other): (Overwrite?, Overwrite?) = (nil, nil)
    var next = 0
    var found: (operation: Int, reason: Reason)?

    for (place, operation) in operations.enumerated() {
      guard let end = operation.end, let seen = operation.action.seen else { continue }
      while next < ended.count, operations[ended[next]].end! < operation.call {
        let write = operations[ended[next]]
        let overwrite = Overwrite(call: write.call, value: write.action.left!, place: ended[next])
        if let former = last, former.value != overwrite.value {
          if overwrite.call > former.call {
            (last, other) = (overwrite, former)
          } else if overwrite.call > other?.call ?? -1 {
            other = overwrite
          }
        } else if overwrite.call > last?.call ?? -1 {
          last = overwrite
        }
        next += 1
      }
      // A key that does not exist was never written, and is so from the start.
      guard let lastEnd = writes[seen]?.lastEnd(before: end) ?? (seen == 0 ? -1 : nil) else {
        found = earlier(found, (place, .neverWritten))
        continue
      }
      if let overwrite = last?.value == seen ? other : last, overwrite.call > lastEnd {
        found = earlier(found, (place, .overwritten(by: overwrite.place)))
      }
    }
    return found
  }

  private func earlier(
    _ found: (operation: Int, reason: Reason)?, _ new: (operation: Int, reason: Reason)
  ) -> (operation: Int, reason: Reason) {
    guard let found, operations[found.operation].end! <= operations[new.operation].end! else { return new }
    return found
  }
}

extension RegisterOperation.Action {
  /// The value that it leaves, if it changes any.
  fileprivate var left: Int? {
    switch self {
    case .write(let value), .compareAndSet(_, let value): value
    case .read, .refusal: nil
    }
  }

  /// The value that it must have found.
  fileprivate var seen: Int? {
    switch self {
    case .read(let value), .compareAndSet(let value, _): value
    case .write, .refusal: nil
    }
  }
}
