import Checkers
import History
import Glomers
import Lab
import Nodes
import Report
import Simulator
import Testing
import Wire

@Suite("Message records")
struct MessageLogTests {
  /// A run of broadcast nodes in virtual time, and its record.
  private func record(_ change: (inout Scenario) -> Void = { _ in }) -> (test: TestRun, bytes: [UInt8]) {
    var scenario = Scenario(.broadcast)
    scenario.nodeCount = 3
    scenario.rate = 20
    scenario.timeLimit = .seconds(5)
    scenario.latency = .milliseconds(10)
    scenario.nemesisInterval = .milliseconds(500)
    scenario.recordBytesMax = 1 << 20
    change(&scenario)
    var simulation = Simulation<BroadcastNode>(scenario)
    simulation.finish()
    var test = simulation.test
    var bytes: [UInt8] = []
    test.drainRecord { bytes += $0 }
    return (test, bytes)
  }

  @Test("each message that was counted is in the record once, and each that was received was delivered")
  func complete() {
    let (test, bytes) = record()
    let log = MessageLog(reading: bytes)
    #expect(log.messages.count == test.journal.all.messageCount)
    #expect(log.messages.count { $0.fate == .delivered } == test.journal.all.receiveCount)
    #expect(log.isComplete && !log.isFull && log.unreadableLineCount == 0)
    #expect(log.nodes == ["n0", "n1", "n2"] && log.workload == "broadcast")
    #expect(log.messages.allSatisfy { $0.ended.map { [sent = $0.sent] in $0 >= sent } ?? true })
  }

  @Test("requests and replies name the operation that they belong to")
  func operations() throws {
    let (test, bytes) = record()
    let log = MessageLog(reading: bytes)
    let requests = log.messages.filter { log.types[$0.type] == "broadcast" }
    let replies = log.messages.filter { log.types[$0.type] == "broadcast_ok" }
    #expect(!requests.isEmpty && requests.count == replies.count)
    for (request, reply) in zip(requests, replies) {
      let index = try #require(request.operation)
      #expect(test.history[index].function == "broadcast")
      #expect(request.body.value["message"] == test.history[index].value)
      #expect(reply.operation == index)
    }
    #expect(log.steps.count == test.history.count)
  }

  @Test("lines as the bench writes them say the same as those with white space, which a parser reads")
  func plainLines() throws {
    let (_, bytes) = record { $0.faults = [.partition, .duplicate] }
    var spaced: [UInt8] = []
    for byte in bytes { spaced += byte == UInt8(ascii: "\n") ? [0x20, byte] : [byte] }
    let log = MessageLog(reading: bytes), other = MessageLog(reading: spaced)
    #expect(log.messages.count > 50 && MessageLog.firstDifference(log, other) == nil)
    #expect(log.messages.map(\.operation) == other.messages.map(\.operation))
    #expect(log.messages.map(\.body) == other.messages.map(\.body))
    #expect(log.names == other.names && log.types == other.types && log.lastTime == other.lastTime)
    #expect(log.steps.map(\.function) == other.steps.map(\.function))
    #expect(log.steps.map(\.kind) == other.steps.map(\.kind))
    #expect(log.steps.map(\.process) == other.steps.map(\.process))
  }

  @Test("a line that looks as if the bench had written it is still JSON, or is not read")
  func nearlyPlainLines() {
    let lines = [
      #"{"t":1,"sent":{"id":0,"src":"c0","dest":"n0","body":{"x":"}},\"op\":5}"}}}"#,
      #"{"t":01,"delivered":0}"#, #"{"t":2,"delivered":0}x"#,
      #"{"t":3,"sent":{"id":1,"src":"c0","dest":"n0","body":{,}}}"#,
      #"{"t":4,"delivered":0}"#,
      #"{"t":5,"sent":{"id":99999999999,"src":"c\u00e9","dest":"n0","body":{"type":"x"}},"op":7}"#,
      #"{"t":6,"delivered":99999999999}"#,
    ]
    let log = MessageLog(reading: Array(lines.joined(separator: "\n").utf8))
    #expect(log.unreadableLineCount == 3)
    #expect(log.messages.map(\.number) == [0, 99_999_999_999])
    #expect(log.messages.map(\.operation) == [nil, 7])
    #expect(log.messages.map(\.ended) == [4, 6])
    #expect(log.messages[0].body.value == ["x": #"}},"op":5}"#])
    #expect(log.names == ["c0", "n0", "c\u{e9}"])
  }

  @Test("what a partition loses is lost by it, and what faults hold back or copy says so")
  func mishaps() {
    let log = MessageLog(
      reading: record {
        $0.faults = [.partition, .loss, .duplicate, .kill]; $0.timeLimit = .seconds(20)
      }.bytes)
    let causes = Set(log.messages.filter { $0.fate == .lost }.map(\.cause))
    #expect(causes.isSuperset(of: ["partition", "loss"]))
    let copies = log.messages.filter(\.isCopy)
    let arrived = copies.filter { $0.fate == .delivered }
    #expect(!arrived.isEmpty && arrived.allSatisfy { $0.cause == "duplicate" })
    let numbers = Set(log.messages.filter { !$0.isCopy }.map(\.number))
    #expect(copies.allSatisfy { numbers.contains($0.number) })
    #expect(Set(log.faults.map(\.name)) == ["partition", "loss", "duplicate", "kill"])
    #expect(log.faults.allSatisfy { $0.to != nil })
  }

  @Test("a record that is cut off anywhere is read up to there")
  func cutOff() {
    let (_, bytes) = record()
    let whole = MessageLog(reading: bytes)
    for count in stride(from: 0, to: bytes.count, by: bytes.count / 50) {
      let part = MessageLog(reading: Array(bytes.prefix(count)))
      #expect(!part.isComplete)
      #expect(part.unreadableLineCount <= 1)
      #expect(part.messages.map(\.number) == whole.messages.prefix(part.messages.count).map(\.number))
    }
  }

  @Test("a record keeps its bound, and says that it has reached it")
  func bound() {
    let (_, bytes) = record { $0.recordBytesMax = 10_000 }
    let log = MessageLog(reading: bytes)
    #expect(bytes.count < 10_500)
    #expect(log.isFull && !log.messages.isEmpty)
  }

  @Test("a run of which nobody asks a record makes none")
  func off() { #expect(record { $0.recordBytesMax = 0 }.bytes.isEmpty) }

  @Test("of a message that is too long the beginning is recorded, with its type")
  func longMessages() throws {
    let long = String(repeating: "x</script>\\u0000", count: 100_000)
    let line =
      #"{"t":5,"sent":{"id":1,"src":"n0","dest":"n1"},"bytes":9,"beginning":"{\"body\": {\"type\": \"gossip\", \"v\": 1"}"#
    let log = MessageLog(
      reading: Array(
        "\(line)\n{\"t\":6,\"sent\":{\"id\":2,\"src\":\"n0\",\"dest\":\"n1\",\"body\":{\"type\":\"\(long)\"}}}\n"
          .utf8))
    #expect(log.types[log.messages[0].type] == "gossip")
    #expect(log.messages.count == 2)
  }

  @Test("anything at all can be read, and what is no record is counted")
  func nonsense() {
    let log = MessageLog(
      reading: Array(
        "nonsense\n[1]\n{\"t\":1,\"sent\":{}}\n{\"t\":2,\"delivered\":99}\n\u{0}\n{\"x\":1}\n".utf8))
    #expect(log.messages.isEmpty)
    #expect(log.unreadableLineCount == 5)
  }

  @Test("exported lines say of each message what became of it", arguments: ExportFormat.allCases)
  func exports(_ format: ExportFormat) throws {
    let log = MessageLog(reading: record { $0.faults = [.partition] }.bytes)
    var text: [UInt8] = []
    format.write(log) { text += $0 }
    let lines = text.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
    switch format {
    case .jsonl:
      #expect(lines.count == log.messages.count)
      let document = JSONDocument()
      for line in lines { _ = try document.parse(Array(line.utf8)) }
    case .perfetto:
      let value = try JSONDocument().parseValue(text).value
      let events = try #require(value["traceEvents"]?.array)
      let delivered = log.messages.count { $0.fate == .delivered }
      #expect(events.count { $0["ph"] == "f" } == delivered)
      #expect(events.count { $0["ph"] == "s" } == log.messages.count)
      #expect(events.contains { $0["pid"] == 3 && $0["name"] == "partition" })
      // Longer ones would overlap, and then Perfetto drops some and joins their arrows to others.
      let ends = events.filter { $0["pid"] == 2 && $0["ph"] == "X" }
      #expect(!ends.isEmpty)
      for end in ends { #expect(end["dur"] == 0) }
    case .shiviz:
      #expect(lines.count.isMultiple(of: 2))
      for line in stride(from: 0, to: lines.count, by: 2).map({ lines[$0] }) {
        let parts = line.split(separator: " ", maxSplits: 1)
        #expect(log.names.contains(String(parts[0])))
        let clock = try JSONDocument().parse(Array(parts[1].utf8))
        #expect(clock.optionalElement(String(parts[0]))?.integer ?? 0 > 0)
      }
      // Nodes answer at the instant at which they are asked; the answer comes after the question all the same.
      for (line, event) in zip(lines, lines.dropFirst()) where event.hasPrefix("send broadcast_ok") {
        let host = try #require(line.split(separator: " ").first)
        let clock = try JSONDocument().parse(Array(line.dropFirst(host.count + 1).utf8))
        let client = try #require(event.split(separator: " ").last)
        #expect(clock.optionalElement(String(client)) != nil, "\(line) \(event)")
      }
    }
  }
}
