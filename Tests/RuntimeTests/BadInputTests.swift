import Testing

/// Lines that are no messages: the node says so, and lives on.
@Suite("Bad input")
struct BadInputTests {
  /// Each is followed by a request that must be answered.
  static let corpus: [(line: [UInt8], code: Int?)] = [
    (Array("garbage".utf8), nil),
    ([], nil),
    (Array("   ".utf8), nil),
    (Array("{".utf8), nil),
    (Array("[]".utf8), nil),
    (Array("3".utf8), nil),
    (Array("null".utf8), nil),
    (Array("{}".utf8), nil),
    (Array(#"{"src":"c1","dest":"n0"}"#.utf8), nil),
    (Array(#"{"dest":"n0","body":{"type":"echo","msg_id":7,"echo":1}}"#.utf8), nil),
    (Array(#"{"src":"c1","dest":"n0","body":3}"#.utf8), nil),
    (Array(#"{"src":"c1","dest":"n0","body":{"type":"echo_ok","in_reply_to":9,"echo":1}}"#.utf8), nil),
    (Array(#"{"src":"c1","dest":"n0","body":{"type":"error","in_reply_to":9,"code":"x"}}"#.utf8), nil),
    (Array(#"{"src":"c1","dest":"n0","body":{"type":"fly","msg_id":7}}"#.utf8), 10),
    (Array(#"{"src":"c1","dest":"n0","body":{"type":"echo","msg_id":7}}"#.utf8), 12),
    (Array(#"{"src":"c1","dest":"n0","body":{"type":3,"msg_id":7}}"#.utf8), 12),
    (Array(#"{"src":"c1","dest":"n0","body":{"msg_id":7}}"#.utf8), 12),
    (Array(#"{"src":"c1","body":{"type":"echo","msg_id":7,"echo":1}}"#.utf8), 12),
    (Array(#"{"src":"c1","dest":"n9","body":{"type":"echo","msg_id":7,"echo":1}}"#.utf8), 1),
    (
      Array(
        #"{"src":"c1","dest":"n0","body":{"type":"init","msg_id":7,"node_id":"n1","node_ids":["n1"]}}"#.utf8),
      22
    ),
    (Array(#"{"src":"c1","dest":"n0","body":{"type":"init","msg_id":7,"node_id":"n0"}}"#.utf8), 12),
    (
      Array(#"{"src":"c1","dest":"n0","body":{"type":"echo","msg_id":7,"echo":""#.utf8) + [0xff, 0xfe]
        + Array(#""}}"#.utf8), 12
    ),
    (Array(#"{"src":"c1","dest":"n0","body":{"type":"echo","msg_id":7,"echo":"#.utf8) + nested(100_000), 12),
    ([0, 0, 0], nil),
    ([0xff], nil),
  ]

  private static func nested(_ depth: Int) -> [UInt8] {
    Array((String(repeating: "[", count: depth) + String(repeating: "]", count: depth) + "}}").utf8)
  }

  @Test(
    "each line of the corpus is answered with its error, or noted on stderr, and the next request is answered"
  )
  func corpus() throws {
    let node = try PipedNode()
    node.input.write(Line.initialize)
    #expect(node.output.readLine() == Line.initializeOk)
    for (index, (line, code)) in Self.corpus.enumerated() {
      let shown = String(decoding: line.prefix(100), as: UTF8.self)
      node.input.write(line + [UInt8(ascii: "\n")])
      node.input.write(Line.echo("still here", id: 100 + index))
      if let code {
        let answer = node.output.readLine() ?? ""
        #expect(answer.contains(#""type":"error","code":\#(code),"#), "\(shown) was answered with \(answer)")
        #expect(answer.contains(#""in_reply_to":7"#), "\(shown) was answered with \(answer)")
      }
      #expect(node.output.readLine() == Line.echoOk("still here", id: 100 + index), "after \(shown)")
    }
    let end = node.finish()
    #expect(end.status == 0)
    #expect(!end.errors.isEmpty)
  }

  @Test("NUL inside a string is a character like any other")
  func escapedNUL() throws {
    let node = try PipedNode()
    node.input.write(Line.initialize + Line.echo(#"a\u0000b"#, id: 2))
    let end = node.finish()
    #expect(end.output.hasSuffix(Line.echoOk(#"a\u0000b"#, id: 2) + "\n"))
  }

  @Test("a request before init is answered with error 11")
  func beforeInit() throws {
    let node = try PipedNode()
    node.input.write(Line.echo("early", id: 2) + Line.initialize)
    #expect(node.output.readLine()?.contains(#""code":11"#) == true)
    #expect(node.output.readLine() == Line.initializeOk)
    #expect(node.finish().status == 0)
  }

  @Test("the same init again is answered again")
  func initTwice() throws {
    let node = try PipedNode()
    node.input.write(Line.initialize + Line.initialize)
    #expect(node.output.readLine() == Line.initializeOk)
    #expect(node.output.readLine() == Line.initializeOk)
    #expect(node.finish().status == 0)
  }

  @Test("a line of 64 MB is discarded without being kept, and the next line is answered")
  func hugeLine() throws {
    let node = try PipedNode()
    node.input.write(Line.initialize)
    #expect(node.output.readLine() == Line.initializeOk)
    let chunk = [UInt8](repeating: UInt8(ascii: "["), count: 1_000_000)
    for _ in 0..<64 { node.input.write(chunk) }
    node.input.write("\n" + Line.echo("after", id: 2))
    #expect(node.output.readLine() == Line.echoOk("after", id: 2))
    if let peak = node.process.kibibytes("VmHWM") { #expect(peak < 80 << 10, "peak of \(peak) KiB") }
    let end = node.finish()
    #expect(end.status == 0)
    #expect(end.errors.contains("64000000 bytes"))
    #expect(end.errors.split(separator: "\n").count == 1)
  }
}
