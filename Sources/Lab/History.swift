/// Everything the clients and the nemesis did, in the order in which it was seen.
///
/// A process does one thing at a time, so a completion belongs to the last invocation of its process. The nemesis
/// has no kinds of its own: its first `info` begins, its second ends.
public struct History: Equatable, Sendable {
  public private(set) var operations: [Operation] = []
  /// For each operation the other half of its pair, or -1.
  private var partners: [Int] = []
  private var open: [Operation.Process: Int] = [:]

  public init() {}

  /// Adds an operation, gives it its index, and pairs it. Returns the index.
  ///
  /// It is the bench's own mistake if a process begins while it is busy, or ends what it has not begun.
  @discardableResult
  public mutating func append(_ operation: Operation) -> Int {
    let index = operations.count
    var operation = operation
    operation.index = index
    operations.append(operation)
    let begun = open[operation.process]
    let begins = operation.isClient ? operation.kind == .invoke : begun == nil
    if begins {
      precondition(begun == nil, "\(operation.process) begins \(operation.function) while it is busy")
      open[operation.process] = index
      partners.append(-1)
    } else {
      guard let begun else { preconditionFailure("\(operation.process) ends what it has not begun") }
      open[operation.process] = nil
      partners.append(begun)
      partners[begun] = index
    }
    return index
  }

  public var count: Int { operations.count }
  public subscript(index: Int) -> Operation { operations[index] }

  /// How the operation that began at this index ended; nil if it has not, or if nothing began there.
  public func completion(of index: Int) -> Operation? {
    partners[index] > index ? operations[partners[index]] : nil
  }

  /// Where the operation that ended at this index began; nil if nothing ended there.
  public func invocation(of index: Int) -> Operation? {
    partners[index] >= 0 && partners[index] < index ? operations[partners[index]] : nil
  }
}
