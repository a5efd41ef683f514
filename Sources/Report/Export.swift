internal import Glomers
internal import Lab
internal import Wire
import History

/// A record of messages in the forms that other tools read. The text comes in pieces.
public enum ExportFormat: String, CaseIterable, Sendable {
  /// Chrome's trace events, as Perfetto and `chrome://tracing` load them: operations as slices, messages as flows,
  /// faults as a track of their own.
  case perfetto
  /// ShiViz's log with vector clocks, which its default parser takes.
  case shiviz
  /// One line for each message, with its end.
  case jsonl

  public func write(_ log: MessageLog, to write: ([UInt8]) -> Void) {
    switch self {
    case .perfetto: log.writePerfetto(to: write)
    case .shiviz: log.writeShiViz(to: write)
    case .jsonl: log.writeLines(to: write)
    }
  }
}

/// Text that is handed on in pieces of a size that is good to write.
struct Chunks {
  private(set) var bytes: [UInt8] = []

  mutating func add(_ text: String) { bytes += text.utf8 }

  mutating func add(_ json: JSON) { EDN(json).write(in: .json, to: &bytes) }

  /// A string as JSON writes it.
  mutating func add(quoted text: String) { EDN.string(text).write(in: .json, to: &bytes) }

  mutating func add(_ text: JSONText) { unsafe text.withBytes { unsafe bytes += $0 } }

  /// Hands on what has gathered, if it is enough to be worth it.
  mutating func pass(_ write: ([UInt8]) -> Void, atLeast count: Int = 64 << 10) {
    guard bytes.count >= max(1, count) else { return }
    write(bytes)
    bytes.removeAll(keepingCapacity: true)
  }
}

extension MessageLog {
  /// Microseconds since the run's begin, with three decimals.
  fileprivate static func microseconds(_ time: Int64) -> String {
    // A record that was changed by hand may have times below zero, and must not end the program.
    let (whole, rest) = time.magnitude.quotientAndRemainder(dividingBy: 1000)
    let digits = String(rest)
    return "\(time < 0 ? "-" : "")\(whole)." + String(repeating: "0", count: 3 - digits.count) + digits
  }

  fileprivate func writeLines(to write: ([UInt8]) -> Void) {
    var text = Chunks()
    for message in messages {
      text.add("{\"id\":\(message.number),\"from\":")
      text.add(quoted: names[message.source])
      text.add(",\"to\":")
      text.add(quoted: names[message.destination])
      text.add(",\"type\":")
      text.add(quoted: types[message.type])
      text.add(",\"sent\":\(message.sent)")
      if let ended = message.ended {
        text.add(",\"\(message.fate == .lost ? "lost" : "delivered")\":\(ended)")
      }
      if !message.cause.isEmpty {
        text.add(",\"why\":")
        text.add(quoted: message.cause)
      }
      if message.isCopy { text.add(",\"copy\":true") }
      if let operation = message.operation { text.add(",\"op\":\(operation)") }
      text.add(",\"body\":")
      text.add(message.body)
      text.add("}\n")
      text.pass(write)
    }
    text.pass(write, atLeast: 1)
  }

  // MARK: Perfetto

  /// Process 1 has the clients' operations, process 2 the nodes, clients and services with their messages, process 3
  /// the faults.
  fileprivate func writePerfetto(to write: ([UInt8]) -> Void) {
    var text = Chunks()
    var isFirst = true
    text.add("{\"displayTimeUnit\":\"ms\",\"traceEvents\":[")
    func event(_ fields: (inout Chunks) -> Void) {
      text.add(isFirst ? "\n{" : ",\n{")
      isFirst = false
      fields(&text)
      text.add("}")
      text.pass(write)
    }
    func name(_ pid: Int, _ tid: Int?, _ name: String) {
      event {
        $0.add("\"ph\":\"M\",\"pid\":\(pid)")
        if let tid {
          $0.add(",\"tid\":\(tid),\"name\":\"thread_name\"")
        } else {
          $0.add(",\"name\":\"process_name\"")
        }
        $0.add(",\"args\":{\"name\":")
        $0.add(quoted: name)
        $0.add("}")
      }
    }
    name(1, nil, "operations")
    name(2, nil, "messages")
    name(3, nil, "faults")
    for (place, one) in names.enumerated() { name(2, place + 1, one) }
    writeSlices(name, event)
    for (place, message) in messages.enumerated() {
      slice(message, place, message.source, at: message.sent, "s", event)
      guard let ended = message.ended else { continue }
      if message.fate == .delivered {
        slice(message, place, message.destination, at: ended, "f", event)
      } else {
        event {
          $0.add("\"ph\":\"i\",\"s\":\"t\",\"pid\":2,\"tid\":\(message.destination + 1)")
          $0.add(",\"ts\":\(Self.microseconds(ended)),\"name\":")
          $0.add(quoted: "lost: \(types[message.type]) (\(message.cause))")
        }
      }
    }
    text.add("\n]}\n")
    text.pass(write, atLeast: 1)
  }

  /// A message at one of its ends, and the end of its arrow. It lasts no time: of slices that overlap without nesting Perfetto
  /// drops the second, and hangs its arrow on the first (findings/perfetto-drops-overlapping-slices.sh).
  private func slice(
    _ message: Message, _ place: Int, _ at: Int, at time: Int64, _ end: String,
    _ event: ((inout Chunks) -> Void) -> Void
  ) {
    event {
      $0.add("\"ph\":\"X\",\"dur\":0,\"pid\":2,\"tid\":\(at + 1),\"ts\":\(Self.microseconds(time)),\"name\":")
      $0.add(quoted: types[message.type])
      $0.add(",\"args\":{\"id\":\(message.number),\"body\":")
      $0.add(message.body)
      $0.add("}")
    }
    event {
      $0.add("\"ph\":\"\(end)\",\"bp\":\"e\",\"cat\":\"message\",\"name\":\"message\",\"id\":\(place)")
      $0.add(",\"pid\":2,\"tid\":\(at + 1),\"ts\":\(Self.microseconds(time))")
    }
  }

  /// Operations of clients, and faults from their start to their end.
  private func writeSlices(
    _ name: (Int, Int?, String) -> Void, _ event: ((inout Chunks) -> Void) -> Void
  ) {
    for process in Set(steps.compactMap(\.process)).sorted() { name(1, process + 1, "process \(process)") }
    var begun: [Int: Step] = [:]
    func slice(_ pid: Int, _ tid: Int, _ from: Int64, _ to: Int64, _ name: String, _ outcome: String) {
      event {
        $0.add("\"ph\":\"X\",\"pid\":\(pid),\"tid\":\(tid),\"ts\":\(Self.microseconds(from))")
        $0.add(",\"dur\":\(Self.microseconds(max(1000, to - from))),\"name\":")
        $0.add(quoted: name)
        $0.add(",\"args\":{\"outcome\":")
        $0.add(quoted: outcome)
        $0.add("}")
      }
    }
    for step in steps {
      guard let process = step.process else { continue }
      if step.kind == "invoke" {
        begun[process] = step
      } else if let start = begun.removeValue(forKey: process) {
        slice(1, process + 1, start.time, step.time, start.function, step.kind)
      }
    }
    for (process, start) in begun.sorted(by: { $0.key < $1.key }) {
      slice(1, process + 1, start.time, lastTime, start.function, "none")
    }
    for (place, fault) in faults.enumerated() {
      slice(3, place + 1, fault.from, fault.to ?? lastTime, fault.name, fault.what)
    }
  }

  // MARK: ShiViz

  /// Two lines an event: the host with its vector clock, then what happened.
  fileprivate func writeShiViz(to write: ([UInt8]) -> Void) {
    var text = Chunks()
    var clocks = [[Int: Int]](repeating: [:], count: names.count)
    var stamps: [Int: [Int: Int]] = [:]
    func event(_ host: Int, _ what: String) {
      clocks[host][host, default: 0] += 1
      text.add("\(names[host]) {")
      for (place, entry) in clocks[host].sorted(by: { $0.key < $1.key }).enumerated() {
        if place > 0 { text.add(", ") }
        text.add(quoted: names[entry.key])
        text.add(":\(entry.value)")
      }
      text.add("}\n\(what)\n")
      text.pass(write)
    }
    for (isEnd, place) in inOrder {
      let message = messages[place]
      let about = "\(types[message.type]) \(message.number)"
      if !isEnd {
        if message.isCopy { continue }
        event(message.source, "send \(about) to \(names[message.destination])")
        stamps[message.number] = clocks[message.source]
      } else if message.fate == .delivered {
        clocks[message.destination].merge(stamps[message.number] ?? [:]) { max($0, $1) }
        event(message.destination, "receive \(about) from \(names[message.source])")
      }
    }
    text.pass(write, atLeast: 1)
  }

  /// Sends and ends of messages, by time; at one instant in the order of the record, in which a cause stands before its
  /// effect. In virtual time a node answers in the instant in which it is asked.
  private var inOrder: [(isEnd: Bool, place: Int)] {
    var events: [(time: Int64, line: Int, isEnd: Bool, place: Int)] = []
    events.reserveCapacity(2 * messages.count)
    for (place, message) in messages.enumerated() {
      events.append((message.sent, message.sentLine, false, place))
      if let ended = message.ended { events.append((ended, message.endedLine, true, place)) }
    }
    events.sort { ($0.time, $0.line) < ($1.time, $1.line) }
    return events.map { ($0.isEnd, $0.place) }
  }
}
