import Testing

@testable import Fleet

@Suite("A link") struct LinkTests {
  /// Two ends, and what is on the way from the first to the second.
  private struct Pair {
    var here = Link()
    var there = Link()
    var delivered: [String] = []

    mutating func carry(_ entries: [Link.Entry]) {
      for entry in entries where there.receive(entry.number) { delivered.append(entry.subject) }
    }

    /// A beat of the receiver's; what it makes the sender send again arrives.
    mutating func beat() { carry(here.heard(there.beat) ?? []) }
  }

  @Test("delivers each message once and in order, whatever is lost, doubled or held up")
  func losses() {
    for seed in UInt64(0)..<200 {
      var random = Generator(state: seed)
      var pair = Pair()
      var sent: [String] = []
      var held: [Link.Entry] = []
      for number in 0..<50 {
        sent.append("\(number)")
        let entry = pair.here.send("\(number)", [1, 2, 3])
        switch UInt8.random(in: 0..<4, using: &random) {
        case 0: break
        case 1: held.append(entry)
        case 2: pair.carry([entry, entry])
        default: pair.carry([entry] + held)
        }
        if Bool.random(using: &random) { pair.beat() }
      }
      for _ in 0..<3 { pair.beat() }
      #expect(pair.delivered == sent, "seed \(seed)")
      pair.beat()
      #expect(pair.here.waitingBytes == 0)
    }
  }

  @Test("sends nothing again while the other side gets on")
  func patience() {
    var pair = Pair()
    let first = pair.here.send("1", [])
    _ = pair.here.send("2", [])
    pair.beat()
    pair.carry([first])
    // The second may still be on its way: it was sent before the last beat, but that beat acknowledged less.
    #expect(pair.here.heard(pair.there.beat) == [])
    #expect(pair.here.repeatedCount == 0)
    #expect(pair.here.heard(pair.there.beat)?.map(\.number) == [2])
  }

  @Test("sends so many bytes again at most, and one message however long")
  func bound() {
    var link = Link()
    let large = [UInt8](repeating: 0, count: Link.repeatedBytesMax / 2 - 1)
    for _ in 0..<3 { _ = link.send("a", large) }
    _ = link.heard(Beat(sent: 0, received: 0))
    #expect(link.heard(Beat(sent: 0, received: 0))?.map(\.number) == [1, 2])
    var single = Link()
    _ = single.send("a", [UInt8](repeating: 0, count: Link.repeatedBytesMax + 1))
    _ = single.heard(Beat(sent: 0, received: 0))
    #expect(single.heard(Beat(sent: 0, received: 0))?.map(\.number) == [1])
  }

  @Test("a beat that acknowledges what was never sent is no beat of this conversation")
  func strangers() {
    var link = Link()
    _ = link.send("a", [])
    #expect(link.heard(Beat(sent: 0, received: 2)) == nil)
    #expect(link.heard(Beat(sent: 0, received: -1)) == nil)
    #expect(link.heard(Beat(sent: 0, received: 1)) == [])
  }

  @Test("what becomes a token of a subject has letters, digits, - and _, and 64 at most")
  func tokens() {
    for name in ["n0", "a-b_C9", String(repeating: "x", count: 64)] { #expect(Protocol.isToken(name)) }
    for name in ["", "a.b", "*", ">", "a b", "ä", "../n1", "a\n", String(repeating: "x", count: 65)] {
      #expect(!Protocol.isToken(name), "\(name)")
    }
  }

  @Test("a subject is read as it is written; what is none of ours is not read")
  func subjects() {
    let node = Subject("1f2e", "host-a", .down, .input, node: "n0")
    #expect(node.text == "glomers.run.1f2e.host-a.down.input.n0")
    for subject in [node, Subject("1f2e", "host-a", .up, .beat)] { #expect(Subject(subject.text) == subject) }
    for text in [
      "", "glomers.run.r.a.down.input.n0.more", "glomers.run.r.a.down", "glomers.run.r.a.sideways.input",
      "glomers.run.r.a.down.dance", "other.run.r.a.down.input", "glomers.run.r..down.input",
    ] {
      #expect(Subject(text) == nil, "\(text)")
    }
  }

  @Test("an address is shown without its password, and one that is none is refused")
  func addresses() {
    let address = ServerAddress(url: "nats://me:p@ss@a:4222,tls://b:4222")
    #expect(address.shown == "nats://a:4222,tls://b:4222")
    #expect(address.problem == nil)
    for url in ["", "localhost", "http://a", "nats://", "nats://a,", "nats://a b"] {
      #expect(ServerAddress(url: url).problem != nil, "\(url)")
    }
  }
}

@Suite("A node of an agent's") struct RemoteNodeTests {
  private final class Seen {
    var lines: [String] = []
    var oversized: [Int] = []
    var sent: [(verb: Verb, text: String)] = []
  }

  private static func node(_ seen: Seen, lineBytesMax: Int = 1 << 24) -> RemoteNode {
    RemoteNode(
      "n0",
      .init(
        line: { seen.lines.append(String(decoding: $0, as: UTF8.self)) }, errorLine: { _ in },
        oversized: { seen.oversized.append($0) }, exit: { seen.lines.append("(\($0))") }),
      lineBytesMax: lineBytesMax,
      send: { seen.sent.append(($0, String(decoding: $1, as: UTF8.self))) })
  }

  @Test("lines are put together again wherever messages have cut them")
  func lines() {
    let text = Array("first\n\nthe third, longer\nfourth\n".utf8)
    for size in 1...text.count {
      let seen = Seen()
      let node = Self.node(seen)
      for chunk in chunks(of: text, bytes: size) { node.take(.output, chunk) }
      #expect(seen.lines == ["first", "", "the third, longer", "fourth"], "\(size)")
    }
  }

  @Test("a line without an end is given up at the bound, and the next one is read")
  func bound() {
    let seen = Seen()
    let node = Self.node(seen, lineBytesMax: 1 << 10)
    for _ in 0...16 { node.take(.output, [UInt8](repeating: 0x61, count: 1 << 6)) }
    #expect(seen.oversized == [1088] && seen.lines.isEmpty)
    node.take(.output, Array("\nb\n".utf8))
    #expect(seen.lines == ["", "b"])
  }

  @Test("what was written before a signal reaches the node before it")
  func order() {
    let seen = Seen()
    let node = Self.node(seen)
    node.write(Array("a\n".utf8))
    node.signal(9)
    node.write(Array("b\n".utf8))
    #expect(seen.sent.map(\.verb) == [.input, .signal] && seen.sent.map(\.text) == ["a\n", "kill"])
    #expect(node.takeInput(chunkBytes: 100) == [Array("b\n".utf8)])
    #expect(node.takeInput(chunkBytes: 100).isEmpty)
  }

  @Test("a node that is started again before it was seen to end has a disk without a limit, as it always had")
  func disk() {
    let seen = Seen()
    let node = Self.node(seen)
    node.signal(9)
    node.limitFiles(toBytes: nil)
    #expect(seen.sent.map(\.verb) == [.signal])
  }

  @Test("a line that a node has not ended is known from its agent, until the line ends")
  func unfinishedLine() {
    let node = Self.node(Seen())
    let usage = Usage(
      cpuNanoseconds: 1, peakResidentBytes: 2, unfinished: Unfinished(beginning: "{", bytes: 124))
    node.take(.usage, usage.bytes)
    #expect(node.lastUnfinished?.bytes == 124 && node.lastUnfinished?.beginning == "{")
    node.take(.output, Array("{}\n".utf8))
    #expect(node.lastUnfinished == nil)
  }

  @Test("how a node ended is told as of a process here; what can't be read is left aside")
  func exits() {
    let seen = Seen()
    let node = Self.node(seen)
    node.take(.exit, Array("rubbish".utf8))
    node.take(.usage, Array("{}".utf8))
    node.take(.exit, Ended(status: nil, signal: 9).bytes)
    node.take(.exit, Ended(status: 3, signal: nil).bytes)
    #expect(seen.lines == ["(signal 9)", "(exit status 3)"])
  }
}

/// SplitMix64 (Steele, Lea and Flood).
struct Generator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
