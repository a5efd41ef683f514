import Glomers
import History

/// A history of sends and polls with small numbers for keys and values, and flat, so that it can be gone through many
/// times.
struct KafkaHistory: Sendable {
  /// What one operation did to one key.
  struct Access: Sendable {
    let key: Int
    let isPoll: Bool
    /// In the order in which they were sent or shown: places in `offsets` and `values`.
    let messages: Range<Int>
  }

  /// An operation that has ended.
  struct Entry: Sendable {
    let index: Int
    let kind: Operation.Kind
    let process: Operation.Process
    /// Places in `accesses`.
    let accesses: Range<Int>
    /// The keys, if it is an assignment.
    let assigned: [Int]?
  }

  /// A key, and the values that have been sent to it or seen in it.
  struct Key: Sendable {
    let name: JSON
    fileprivate(set) var values: [JSON] = []
    private var integers = IntegerNumbers()
    private var others: [JSON: Int] = [:]
    /// By value: the end of the last attempt to send it, and of the first poll that succeeded and shows it, or -1.
    fileprivate(set) var writers: [Int] = []
    fileprivate(set) var readers: [Int] = []
    /// By value: whether an attempt to send it has certainly failed.
    fileprivate(set) var hasFailed: [Bool] = []

    fileprivate init(name: JSON) { self.name = name }

    /// The number of a value, which may be new.
    fileprivate mutating func number(of value: JSON) -> Int {
      let number: Int
      if case .integer(let integer) = value {
        number = integers.number(of: integer, orElse: values.count)
      } else if let known = others[value] {
        number = known
      } else {
        number = values.count
        others[value] = number
      }
      if number == values.count {
        values.append(value)
        writers.append(-1)
        readers.append(-1)
        hasFailed.append(false)
      }
      return number
    }
  }

  let history: History
  private(set) var keys: [Key] = []
  private(set) var entries: [Entry] = []
  private(set) var accesses: [Access] = []
  /// Nil where nobody was told.
  private(set) var offsets: [Int?] = []
  private(set) var values: [Int] = []
  /// The first operation with an offset beyond 64 bits, which counts as none.
  private(set) var oversized: Int?
  private var keyNumbers: [JSON: Int] = [:]

  init(_ history: History) {
    self.history = history
    for index in 0..<history.count where history.isClient(index) && history.kind(of: index) != .invoke {
      add(index)
    }
  }

  /// Sends, or polls, of an operation.
  func accesses(of entry: Entry, arePolls: Bool) -> [Access] {
    accesses[entry.accesses].filter { $0.isPoll == arePolls }
  }

  func value(_ key: Int, _ number: Int) -> JSON { keys[key].values[number] }

  /// Whether an operation, if it has sent anything, has certainly done so: it succeeded, or a poll shows some of it.
  func hasCommitted(_ entry: Entry) -> Bool {
    switch entry.kind {
    case .ok: true
    case .fail, .invoke: false
    case .info:
      accesses[entry.accesses].contains { access in
        !access.isPoll && access.messages.contains { keys[access.key].readers[values[$0]] >= 0 }
      }
    }
  }

  // MARK: Reading

  private mutating func add(_ index: Int) {
    let first = accesses.count
    let kind = history.kind(of: index)
    var assigned: [Int]?
    switch history.function(of: index) {
    case "send", "poll", "txn":
      guard case .array(let micros) = history.value(of: index) else { break }
      for micro in micros {
        guard case .array(let parts) = micro, case .string(let name)? = parts.first else { continue }
        switch (name, parts.count) {
        case ("send", 3): addSend(key: parts[1], parts[2], index, kind)
        case ("poll", 2):
          guard case .object(let messages) = parts[1], !messages.isEmpty else { continue }
          for (key, pairs) in messages.sorted(by: { $0.key < $1.key }) {
            addPoll(key: key.json, pairs.array ?? [], index, kind)
          }
        default: continue
        }
      }
    case "assign", "subscribe":
      assigned = (history.value(of: index).array ?? []).map { number(of: $0) }
    default: return
    }
    entries.append(
      Entry(
        index: index, kind: kind, process: history.process(of: index),
        accesses: first..<accesses.count, assigned: assigned))
  }

  /// A send that is done has offset and value where it had only the value.
  private mutating func addSend(key: JSON, _ sent: JSON, _ index: Int, _ kind: Operation.Kind) {
    let key = number(of: key)
    let start = values.count
    if let pair = sent.array, pair.count == 2, kind == .ok || pair[0].isInteger {
      add(key, offset(pair[0], of: index), pair[1])
    } else {
      add(key, nil, sent)
    }
    keys[key].writers[values[start]] = index
    if kind == .fail { keys[key].hasFailed[values[start]] = true }
    accesses.append(Access(key: key, isPoll: false, messages: start..<values.count))
  }

  private mutating func addPoll(key: JSON, _ pairs: [JSON], _ index: Int, _ kind: Operation.Kind) {
    let key = number(of: key)
    let start = values.count
    for pair in pairs {
      guard case .array(let parts) = pair, parts.count == 2 else { continue }
      add(key, offset(parts[0], of: index), parts[1])
      let value = values[values.count - 1]
      if kind == .ok, keys[key].readers[value] < 0 { keys[key].readers[value] = index }
    }
    accesses.append(Access(key: key, isPoll: true, messages: start..<values.count))
  }

  private mutating func offset(_ value: JSON, of index: Int) -> Int? {
    if case .integer(let offset) = value { return offset }
    if value.isInteger, oversized == nil { oversized = index }
    return nil
  }

  private mutating func add(_ key: Int, _ offset: Int?, _ value: JSON) {
    offsets.append(offset)
    values.append(keys[key].number(of: value))
  }

  /// Polls name keys in strings; where sends have integers, those are meant.
  private mutating func number(of name: JSON) -> Int {
    let name = name.integer.map { .string(String($0)) } ?? name
    if let number = keyNumbers[name] { return number }
    keyNumbers[name] = keys.count
    keys.append(Key(name: name))
    return keys.count - 1
  }
}
