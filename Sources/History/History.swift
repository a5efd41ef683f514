package import Glomers

/// Everything the clients and the nemesis did, in the order in which it was seen.
///
/// A process does one thing at a time, so a completion belongs to the last invocation of its process. The nemesis
/// has no kinds of its own: its first `info` begins, its second ends.
///
/// Kept in 40 bytes each beside its value, so that millions of operations find room; an ``Operation`` is put together when
/// it is asked for.
public struct History: Equatable, Sendable {
  /// An operation that is to be added.
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
    /// Where its value stands on the tape; below zero: which of the values it is that came as they are.
    var value = 0
  }

  private struct Marks: OptionSet {
    let rawValue: UInt8
    static let isFinal = Marks(rawValue: 1)
    static let hasError = Marks(rawValue: 2)
    static let hasNotes = Marks(rawValue: 4)
  }

  /// An operation as it is kept.
  private struct Packed: Sendable {
    /// Nanoseconds.
    let time: Int64
    /// Where its value stands on the tape; below zero: which of `contents` it is.
    let value: Int
    let process: Operation.Process
    let kind: Operation.Kind
    let marks: Marks
    /// The place of its name among `functions`, and of its node among `nodes`, or -1.
    let function: Int32
    let node: Int32
    /// The other half of its pair, or -1.
    var partner: Int32 = -1
  }

  private var packed: [Packed] = []
  private var functions = NameTable()
  private var nodes = NameTable()
  // What few operations have, by their indices.
  private var errors: [Int: JSON] = [:]
  private var notes: [Int: [String: JSON]] = [:]
  /// Values that were read from a text, which are many.
  var tape = JSONTape()
  /// Values that came as they are.
  private var contents: [Operation.Content] = []
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
    contents.append(operation.content)
    return append(
      Row(
        kind: operation.kind, process: operation.process, function: operation.function,
        time: operation.time.nanoseconds, node: operation.node, isFinal: operation.isFinal,
        error: operation.error, notes: operation.notes, value: ~(contents.count - 1)))
  }

  /// Adds an operation that a client begins, without notes. Returns its index.
  package mutating func begin(
    _ process: Operation.Process, _ function: String, _ value: Operation.Content, at time: Duration,
    node: NodeID?, isFinal: Bool
  ) -> Int {
    contents.append(value)
    return append(
      Row(
        kind: .invoke, process: process, function: function, time: time.nanoseconds, node: node,
        isFinal: isFinal, value: ~(contents.count - 1)))
  }

  /// Adds how an operation ended, without notes.
  ///
  /// - Parameters:
  ///   - begun: the index of its beginning.
  ///   - value: nil where it is as at the beginning.
  package mutating func end(
    _ begun: Int, _ kind: Operation.Kind, _ value: Operation.Content?, at time: Duration, error: JSON?
  ) {
    let one = packed[begun]
    var place = one.value
    if let value {
      contents.append(value)
      place = ~(contents.count - 1)
    }
    append(
      Row(
        kind: kind, process: one.process, function: function(of: begun), time: time.nanoseconds,
        node: node(of: begun), isFinal: isFinal(begun), error: error, value: place))
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
    let begun = open.end(row.process)
    packed.append(
      Packed(
        time: row.time, value: row.value, process: row.process, kind: row.kind, marks: marks,
        function: Int32(functions.place(of: row.function)),
        node: row.node.map { Int32(nodes.place(of: $0.name)) } ?? -1,
        partner: Int32(begun ?? -1)))
    if let begun {
      packed[begun].partner = Int32(index)
    } else {
      open.begin(row.process, at: index)
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
  func functionUnderWay(_ process: Operation.Process) -> String? { open[process].map { function(of: $0) } }

  /// What operations do, each once, in the order in which it turns up. Names are told apart by their bytes.
  package var functionNames: [String] { functions.names }

  /// How many operations there are.
  public var count: Int { packed.count }

  /// The operation with that index.
  public subscript(index: Int) -> Operation {
    let one = packed[index]
    return Operation(
      index: index, time: .nanoseconds(one.time), kind: one.kind, process: one.process,
      function: function(of: index), content: content(one.value), error: error(of: index),
      node: node(of: index), isFinal: isFinal(index), notes: notes(of: index))
  }

  private func content(_ value: Int) -> Operation.Content {
    value < 0 ? contents[~value] : .taped(tape, value)
  }

  /// How the operation that began at this index ended; nil if it has not, or if nothing began there.
  public func completion(of index: Int) -> Operation? { completionIndex(of: index).map { self[$0] } }

  /// Where the operation that ended at this index began; nil if nothing ended there.
  public func invocation(of index: Int) -> Operation? { invocationIndex(of: index).map { self[$0] } }

  package func completionIndex(of index: Int) -> Int? {
    let partner = Int(packed[index].partner)
    return partner > index ? partner : nil
  }

  package func invocationIndex(of index: Int) -> Int? {
    let partner = Int(packed[index].partner)
    return partner >= 0 && partner < index ? partner : nil
  }

  // What loops over all operations ask of each before they want the rest.
  package func process(of index: Int) -> Operation.Process { packed[index].process }
  package func isClient(_ index: Int) -> Bool { packed[index].process != .nemesis }
  package func kind(of index: Int) -> Operation.Kind { packed[index].kind }
  package func function(of index: Int) -> String { functions.names[functionNumber(of: index)] }
  /// Operations of one function have one number: its place in ``functionNames``.
  package func functionNumber(of index: Int) -> Int { Int(packed[index].function) }
  package func isFinal(_ index: Int) -> Bool { packed[index].marks.contains(.isFinal) }
  /// In nanoseconds.
  package func time(of index: Int) -> Int64 { packed[index].time }
  /// In nanoseconds; as much as 64 bits hold, since a history from elsewhere may have any times.
  package func duration(from begin: Int, to end: Int) -> Int64 {
    let (duration, overflow) = time(of: end).subtractingReportingOverflow(time(of: begin))
    return overflow ? (duration < 0 ? .max : .min) : duration
  }

  package func value(of index: Int) -> JSON { content(packed[index].value).value }
  package func error(of index: Int) -> JSON? {
    packed[index].marks.contains(.hasError) ? errors[index] : nil
  }

  package func node(of index: Int) -> NodeID? {
    let node = packed[index].node
    return node < 0 ? nil : NodeID(nodes.names[Int(node)])
  }

  /// The elements of an operation's value, if that is an array of nothing but integers.
  package func integers(of index: Int) -> [Int]? {
    let place = packed[index].value
    guard place < 0 else {
      var elements: [Int] = []
      var cursor = JSONTape.Cursor(tape, at: place)
      return cursor.integers(into: &elements) ? elements : nil
    }
    switch contents[~place] {
    case .integers(let elements): return elements
    case .tree(.array(let elements)):
      var integers: [Int] = []
      integers.reserveCapacity(elements.count)
      for element in elements {
        guard case .integer(let integer) = element else { return nil }
        integers.append(integer)
      }
      return integers
    case .tree, .taped: return nil
    }
  }

  /// An operation's value, if it is kept as it came.
  package func tree(of index: Int) -> JSON? {
    let place = packed[index].value
    return if place < 0, case .tree(let value) = contents[~place] { value } else { nil }
  }

  /// What else is known of an operation.
  package func notes(of index: Int) -> [String: JSON] {
    packed[index].marks.contains(.hasNotes) ? notes[index]! : [:]
  }

  /// A reader of an operation's value.
  ///
  /// - Parameter scratch: memory to use again and again, for values that are not on a tape yet.
  package func cursor(at index: Int, _ scratch: inout JSONTape) -> JSONTape.Cursor {
    let place = packed[index].value
    guard place < 0 else { return JSONTape.Cursor(tape, at: place) }
    scratch.removeAll()
    scratch.append(contents[~place].value)
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
