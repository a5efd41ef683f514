internal import Glomers
import History

/// The record of a run: what became of each message, and what clients and the nemesis did meanwhile, as JSON lines in
/// the order in which it happened. `docs/FILES.md` explains each kind of line.
///
/// Text for a file that the driver writes while the run goes on: see ``TestRun/drainRecord(atLeast:_:)``. A file that
/// ends anywhere can be read up to there. Probes go past the network, and are not recorded.
struct MessageRecord: Sendable {
  /// Of a longer message only the beginning is recorded, and how long it was.
  static let messageBytesMax = 8 << 10
  /// Beginnings are this long.
  private static let beginningBytes = 1 << 10

  /// What was recorded and not yet taken.
  private var bytes: [UInt8] = []
  /// Bytes that may still be recorded.
  private var room: Int
  /// The bound was reached: the last line says so, and nothing follows.
  private(set) var isFull = false
  private var begin = Instant.zero

  /// - Parameter limit: of the whole record, in bytes; the line that says that it was reached comes on top.
  init(limit: Int) { room = limit }

  var pendingBytes: Int { bytes.count }

  mutating func take() -> [UInt8] {
    defer { bytes = [] }
    return bytes
  }

  // MARK: Lines

  /// The first line. All times count from here.
  mutating func begin(_ scenario: Scenario, at now: Instant) {
    begin = now
    let header: EDN = [
      "format": "glomers-messages", "version": 1, "workload": .string(scenario.workload.rawValue),
      "nodes": .vector(scenario.nodes.map { .string($0.name) }), "seed": .string("\(scenario.seed)"),
    ]
    header.write(in: .json, to: &bytes)
    bytes.append(UInt8(ascii: "\n"))
  }

  /// Every node is initialized: times in the history count from here.
  mutating func origin(at now: Instant) { line(at: now) { $0 += ",\"origin\":true".utf8 } }

  /// A message went into the network.
  ///
  /// - Parameters:
  ///   - message: one JSON object with the network's number, with or without a newline.
  ///   - operation: the operation that it belongs to, by the index of its invocation.
  mutating func sent(
    _ message: [UInt8], _ number: Int, from source: NodeID, to destination: NodeID, operation: Int?,
    at now: Instant
  ) {
    let count = message.last == UInt8(ascii: "\n") ? message.count - 1 : message.count
    line(at: now) { bytes in
      bytes += ",\"sent\":".utf8
      if count <= Self.messageBytesMax {
        bytes += message[..<count]
      } else {
        bytes += "{\"id\":".utf8
        bytes.append(digits: number)
        bytes += ",\"src\":".utf8
        EDN.string(source.name).write(in: .json, to: &bytes)
        bytes += ",\"dest\":".utf8
        EDN.string(destination.name).write(in: .json, to: &bytes)
        bytes += "},\"bytes\":".utf8
        bytes.append(digits: count)
        bytes += ",\"beginning\":".utf8
        let beginning = String(decoding: message.prefix(Self.beginningBytes), as: UTF8.self)
        EDN.string(beginning).write(in: .json, to: &bytes)
      }
      if let operation {
        bytes += ",\"op\":".utf8
        bytes.append(digits: operation)
      }
    }
  }

  /// A message reached its receiver.
  mutating func delivered(_ number: Int, at now: Instant) {
    line(at: now) { bytes in
      bytes += ",\"delivered\":".utf8
      bytes.append(digits: number)
    }
  }

  /// A fault, by its name, or a receiver that is down, kept a message from arriving as it should have.
  mutating func mishap(_ mishap: Network.Mishap, at now: Instant) {
    line(at: now) { bytes in
      bytes += ",\"\(mishap.kind.rawValue)\":".utf8
      bytes.append(digits: mishap.message)
      bytes += ",\"why\":".utf8
      EDN.string(mishap.cause).write(in: .json, to: &bytes)
    }
  }

  /// A client or the nemesis has begun or ended something. What clients say is in their messages; what the nemesis does
  /// is only here.
  mutating func operation(_ operation: Operation, index: Int, at now: Instant) {
    line(at: now) { bytes in
      bytes += ",\"op\":".utf8
      bytes.append(digits: index)
      bytes += ",\"type\":\"\(operation.kind.rawValue)\",\"f\":".utf8
      EDN.string(operation.function).write(in: .json, to: &bytes)
      bytes += ",\"process\":".utf8
      operation.process.edn.write(in: .json, to: &bytes)
      guard !operation.isClient else { return }
      bytes += ",\"value\":".utf8
      EDN(operation.value).write(in: .json, to: &bytes)
    }
  }

  /// A node has ended by itself.
  mutating func died(_ node: NodeID, _ how: String, at now: Instant) {
    line(at: now) { bytes in
      bytes += ",\"died\":".utf8
      EDN.string(node.name).write(in: .json, to: &bytes)
      bytes += ",\"how\":".utf8
      EDN.string(how).write(in: .json, to: &bytes)
    }
  }

  /// The run is over, and nothing follows. Of messages whose end is not told, none is known: they were under way.
  mutating func end(at now: Instant) { line(at: now) { $0 += ",\"end\":true".utf8 } }

  private mutating func line(at now: Instant, _ write: (inout [UInt8]) -> Void) {
    guard !isFull else { return }
    let start = bytes.count
    bytes += "{\"t\":".utf8
    bytes.append(digits: Int(clamping: (now - begin).nanoseconds))
    write(&bytes)
    bytes += "}\n".utf8
    room -= bytes.count - start
    guard room < 0 else { return }
    bytes.removeLast(bytes.count - start)
    isFull = true
    bytes += "{\"t\":".utf8
    bytes.append(digits: Int(clamping: (now - begin).nanoseconds))
    bytes += ",\"full\":true}\n".utf8
  }
}

extension TestRun {
  /// Hands out what the record has got since the last time, if that is at least so many bytes. There is none unless
  /// ``Scenario/recordBytesMax`` asks for it.
  public mutating func drainRecord(atLeast count: Int = 1, _ write: ([UInt8]) -> Void) {
    guard let pending = record?.pendingBytes, pending >= max(1, count) else { return }
    write(record!.take())
    guard record!.isFull else { return }
    // What a message would cost to write down is saved from here on.
    record = nil
    network.keepsMishaps = false
  }

  /// Writes down what faults have made of messages since the last time.
  mutating func noteMishaps() {
    guard record != nil else { return }
    for mishap in network.takeMishaps() { record!.mishap(mishap, at: clock) }
  }
}

extension [UInt8] {
  /// Appends a number in decimal.
  fileprivate mutating func append(digits number: Int) {
    guard number >= 0 else {
      self += "\(number)".utf8
      return
    }
    // From the last digit on, and then turned round: to divide by a constant is quick.
    var first = count
    var rest = number
    repeat {
      append(UInt8(ascii: "0") + UInt8(rest % 10))
      rest /= 10
    } while rest > 0
    var last = count - 1
    while first < last {
      swapAt(first, last)
      first += 1
      last -= 1
    }
  }
}
