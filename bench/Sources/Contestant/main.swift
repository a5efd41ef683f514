// Glomers' own writer, and its reading as far as a node's messages, as contestants of bench/json_contest.py: what
// bench/contest/contest.c is for libraries in C.
//
//   Contestant read|write KIND MILLISECONDS <lines
//
// What was read is written again for the checksum, so both are over the same lines.

import Glomers
import Wire
import Workloads

/// A message with its address.
struct Addressed<Message: WireMessage> {
  let source: NodeID
  let destination: NodeID
  let id: Int?
  let inReplyTo: Int?
  let message: Message
}

/// All lines of a kind, read or written in one pass.
struct Contest<Message: WireMessage> {
  let lines: [[UInt8]]
  let document = JSONDocument()

  func read(_ line: [UInt8]) throws -> Addressed<Message> {
    let frame = try document.frame(line)
    return Addressed(
      source: frame.source, destination: frame.destination, id: frame.id, inReplyTo: frame.inReplyTo,
      message: try Message(type: frame.type, body: frame.body))
  }

  func write(_ addressed: borrowing Addressed<Message>, to writer: inout JSONWriter) {
    writer.envelope(
      from: addressed.source, to: addressed.destination, id: addressed.id, inReplyTo: addressed.inReplyTo,
      addressed.message)
  }

  func checksum() throws -> UInt32 {
    var sum = Adler()
    var writer = JSONWriter()
    for line in lines {
      write(try read(line), to: &writer)
      writer.newline()
      sum.add(writer.bytes)
      writer.removeAll()
    }
    return sum.value
  }

  func readAll() throws {
    let lines = lines.span
    for index in lines.indices { use(try read(lines[index])) }
  }

  func writeAll(_ messages: [Addressed<Message>], _ writer: inout JSONWriter) {
    let messages = messages.span
    for index in messages.indices {
      write(messages[index], to: &writer)
      use(writer.count)
      writer.removeAll()
    }
  }

  func run(writes: Bool, milliseconds: Int) throws {
    let sum = try checksum()
    let messages = try lines.map(read)
    var writer = JSONWriter()
    let clock = ContinuousClock()
    let end = clock.now + .milliseconds(milliseconds)
    var samples: [Duration] = []
    repeat {
      samples.append(try clock.measure { if writes { writeAll(messages, &writer) } else { try readAll() } })
    } while clock.now < end
    let nanoseconds = samples.sorted()[samples.count / 2] / .nanoseconds(1) / Double(lines.count)
    print("{\"ns\":\(nanoseconds),\"passes\":\(samples.count),\"checksum\":\(sum)}")
  }
}

/// Keeps the compiler from leaving out what makes this value.
@inline(never) @_optimize(none) func use<Value>(_ value: borrowing Value) {}

struct Adler {
  private var (a, b): (UInt32, UInt32) = (1, 0)

  var value: UInt32 { b << 16 | a }

  mutating func add(_ bytes: [UInt8]) {
    for byte in bytes {
      a = (a + UInt32(byte)) % 65521
      b = (b + a) % 65521
    }
  }
}

let words = Array(CommandLine.arguments.dropFirst())
guard words.count == 3, ["read", "write"].contains(words[0]), let milliseconds = Int(words[2]) else {
  fatalError("usage: Contestant read|write KIND MILLISECONDS <lines")
}
var lines: [[UInt8]] = []
while let line = readLine() { lines.append(Array(line.utf8)) }
let writes = words[0] == "write"
switch words[1] {
case "echo", "nested", "echo_ok", "nested_ok":
  try Contest<Echo>(lines: lines).run(writes: writes, milliseconds: milliseconds)
case "broadcast", "read", "broadcast_ok", "read_ok":
  try Contest<Broadcast>(lines: lines).run(writes: writes, milliseconds: milliseconds)
case "generate", "generate_ok":
  try Contest<UniqueIDs>(lines: lines).run(writes: writes, milliseconds: milliseconds)
case "send", "poll", "send_ok", "poll_ok":
  try Contest<Kafka>(lines: lines).run(writes: writes, milliseconds: milliseconds)
default: fatalError("there is no kind '\(words[1])'")
}
