/// Everything the clients and the nemesis did, in the order in which it was seen.
///
/// A process does one thing at a time, so a completion belongs to the last invocation of its process. The nemesis
/// has no kinds of its own: its first `info` begins, its second ends.
public struct History: Equatable, Sendable {
  /// All operations so far, beginnings and ends alike.
  public private(set) var operations: [Operation] = []
  /// For each operation the other half of its pair, or -1.
  private var partners: [Int] = []
  private var open: [Operation.Process: Int] = [:]

  /// A history of nothing.
  public init() {}

  /// Adds an operation, gives it its index, and pairs it. Returns the index.
  ///
  /// It is the bench's own mistake if a process begins while it is busy, or ends what it has not begun.
  /// See ``objection(to:)``.
  @discardableResult
  public mutating func append(_ operation: Operation) -> Int {
    if let objection = objection(to: operation) { preconditionFailure(objection) }
    let index = operations.count
    var operation = operation
    operation.index = index
    operations.append(operation)
    let begun = open[operation.process]
    let begins = operation.isClient ? operation.kind == .invoke : begun == nil
    if begins {
      open[operation.process] = index
      partners.append(-1)
    } else {
      let begun = begun!
      open[operation.process] = nil
      partners.append(begun)
      partners[begun] = index
    }
    return index
  }

  /// Why an operation can't come next: a process does one thing after the other. Nil if it can.
  public func objection(to operation: Operation) -> String? {
    guard case .client(let number) = operation.process else { return nil }
    let isBusy = open[operation.process] != nil
    if operation.kind == .invoke {
      return isBusy ? "process \(number) begins \(operation.function) while it is busy" : nil
    }
    return isBusy ? nil : "process \(number) ends \(operation.function), which it has not begun"
  }

  /// How many operations there are.
  public var count: Int { operations.count }
  /// The operation with that index.
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
