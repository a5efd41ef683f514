package import Glomers

/// Everything the clients and the nemesis did, in the order in which it was seen.
///
/// A process does one thing at a time, so a completion belongs to the last invocation of its process. The nemesis
/// has no kinds of its own: its first `info` begins, its second ends.
///
/// Kept in columns, so that millions of operations find room; an ``Operation`` is put together when it is asked for.
public struct History: Equatable, Sendable {
  /// An operation as it is kept.
  struct Row {
    var kind: Operation.Kind
    let process: Operation.Process
    let function: String
    /// Nanoseconds.
    let time: Int64
    var node: NodeID?
    var isFinal = false
    var error: JSON?
    var notes: [String: JSON] = [:]
    /// Where its value stands on the tape; below zero: which of the trees it is.
    var value = 0
  }

  private struct Marks: OptionSet {
    let rawValue: UInt8
    static let isFinal = Marks(rawValue: 1)
    static let hasError = Marks(rawValue: 2)
    static let hasNotes = Marks(rawValue: 4)
  }

  // Columns: an element an operation.
  private var kinds: [Operation.Kind] = []
  private var processes: [Operation.Process] = []
  private var functions: [String] = []
  private var times: [Int64] = []
  private var nodes: [NodeID?] = []
  private var marks: [Marks] = []
  private var values: [Int] = []
  /// For each operation the other half of its pair, or -1.
  private var partners: [Int32] = []
  // What few operations have, by their indices.
  private var errors: [Int: JSON] = [:]
  private var notes: [Int: [String: JSON]] = [:]
  /// Values that were read from a text, which are many.
  var tape = JSONTape()
  /// Values that came as they are.
  private var trees: [JSON] = []
  private var open = OpenOperations()

  /// A history of nothing.
  public init() {}

  /// Whether two histories have the same operations.
  public static func == (a: History, b: History) -> Bool { a.operations.elementsEqual(b.operations) }

  /// Adds an operation, gives it its index, and pairs it. Returns the index.
  ///
  /// It is the bench's own mistake if a process begins while it is busy, or ends what it has not begun.
  /// See ``objection(to:)``.
  @discardableResult
  public mutating func append(_ operation: Operation) -> Int {
    trees.append(operation.value)
    return append(
      Row(
        kind: operation.kind, process: operation.process, function: operation.function,
        time: operation.time.nanoseconds, node: operation.node, isFinal: operation.isFinal,
        error: operation.error, notes: operation.notes, value: ~(trees.count - 1)))
  }

  /// The same for one whose value has its place already.
  @discardableResult
  mutating func append(_ row: Row) -> Int {
    if let objection = objection(to: row) { preconditionFailure(objection) }
    let index = count
    var marks: Marks = row.isFinal ? .isFinal : []
    if let error = row.error {
      marks.insert(.hasError)
      errors[index] = error
    }
    if !row.notes.isEmpty {
      marks.insert(.hasNotes)
      notes[index] = row.notes
    }
    kinds.append(row.kind)
    processes.append(row.process)
    functions.append(row.function)
    times.append(row.time)
    nodes.append(row.node)
    self.marks.append(marks)
    values.append(row.value)
    if let begun = open.end(row.process) {
      partners.append(Int32(begun))
      partners[begun] = Int32(index)
    } else {
      open.begin(row.process, at: index)
      partners.append(-1)
    }
    return index
  }

  /// Why an operation can't come next: a process does one thing after the other. Nil if it can.
  public func objection(to operation: Operation) -> String? {
    objection(operation.process, operation.kind, operation.function)
  }

  func objection(to row: Row) -> String? { objection(row.process, row.kind, row.function) }

  private func objection(_ process: Operation.Process, _ kind: Operation.Kind, _ function: String) -> String?
  {
    guard case .client(let number) = process else { return nil }
    let isBusy = open[process] != nil
    guard isBusy == (kind == .invoke) else { return nil }
    return isBusy
      ? "process \(number) begins \(function) while it is busy"
      : "process \(number) ends \(function), which it has not begun"
  }

  /// What a client does that has begun something and not ended it.
  func functionUnderWay(_ process: Operation.Process) -> String? { open[process].map { functions[$0] } }

  /// How many operations there are.
  public var count: Int { kinds.count }

  /// The operation with that index.
  public subscript(index: Int) -> Operation {
    Operation(
      index: index, time: .nanoseconds(times[index]), kind: kinds[index], process: processes[index],
      function: functions[index], content: content(of: index), error: error(of: index), node: nodes[index],
      isFinal: isFinal(index), notes: marks[index].contains(.hasNotes) ? notes[index]! : [:])
  }

  private func content(of index: Int) -> Operation.Content {
    values[index] < 0 ? .tree(trees[~values[index]]) : .taped(tape, values[index])
  }

  /// How the operation that began at this index ended; nil if it has not, or if nothing began there.
  public func completion(of index: Int) -> Operation? { completionIndex(of: index).map { self[$0] } }

  /// Where the operation that ended at this index began; nil if nothing ended there.
  public func invocation(of index: Int) -> Operation? { invocationIndex(of: index).map { self[$0] } }

  package func completionIndex(of index: Int) -> Int? {
    partners[index] > index ? Int(partners[index]) : nil
  }

  package func invocationIndex(of index: Int) -> Int? {
    partners[index] >= 0 && partners[index] < index ? Int(partners[index]) : nil
  }

  // What loops over all operations ask of each before they want the rest.
  package func process(of index: Int) -> Operation.Process { processes[index] }
  package func isClient(_ index: Int) -> Bool { processes[index] != .nemesis }
  package func kind(of index: Int) -> Operation.Kind { kinds[index] }
  package func function(of index: Int) -> String { functions[index] }
  package func isFinal(_ index: Int) -> Bool { marks[index].contains(.isFinal) }
  /// In nanoseconds.
  package func time(of index: Int) -> Int64 { times[index] }

  package func value(of index: Int) -> JSON { content(of: index).value }
  package func error(of index: Int) -> JSON? { marks[index].contains(.hasError) ? errors[index] : nil }
  package func node(of index: Int) -> NodeID? { nodes[index] }
  package func notes(of index: Int) -> [String: JSON] {
    marks[index].contains(.hasNotes) ? notes[index]! : [:]
  }

  /// A reader of an operation's value.
  ///
  /// - Parameter scratch: memory to use again and again, for values that are not on a tape yet.
  package func cursor(at index: Int, _ scratch: inout JSONTape) -> JSONTape.Cursor {
    guard values[index] < 0 else { return JSONTape.Cursor(tape, at: values[index]) }
    scratch.removeAll()
    scratch.append(trees[~values[index]])
    return JSONTape.Cursor(scratch)
  }
}

extension History {
  /// The operations of a history, in order.
  public struct Operations: RandomAccessCollection, Sendable {
    fileprivate let history: History

    /// The index of the first operation.
    public var startIndex: Int { 0 }
    /// How many operations there are.
    public var endIndex: Int { history.count }
    /// The operation with that index.
    public subscript(index: Int) -> Operation { history[index] }
  }

  /// All operations so far, beginnings and ends alike.
  public var operations: Operations { Operations(history: self) }
}

/// Which operation each process has begun and not ended.
private struct OpenOperations: Sendable {
  /// By process: -1 for none. Most processes have small numbers.
  private var clients: [Int32] = []
  private var others: [Operation.Process: Int] = [:]

  private static let clientsMax = 1 << 16

  subscript(process: Operation.Process) -> Int? {
    guard let place = Self.place(process) else { return others[process] }
    return place < clients.count && clients[place] >= 0 ? Int(clients[place]) : nil
  }

  mutating func begin(_ process: Operation.Process, at index: Int) {
    guard let place = Self.place(process) else {
      others[process] = index
      return
    }
    while clients.count <= place { clients.append(-1) }
    clients[place] = Int32(index)
  }

  /// Returns what the process had begun.
  mutating func end(_ process: Operation.Process) -> Int? {
    guard let place = Self.place(process) else { return others.removeValue(forKey: process) }
    guard place < clients.count, clients[place] >= 0 else { return nil }
    defer { clients[place] = -1 }
    return Int(clients[place])
  }

  private static func place(_ process: Operation.Process) -> Int? {
    if case .client(let number) = process, 0..<clientsMax ~= number { number } else { nil }
  }
}
