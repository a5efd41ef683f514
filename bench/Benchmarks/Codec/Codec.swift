import Benchmark
import Glomers
import Nodes
import Texts
import Wire
import Workloads

/// Parsing, encoding, the host, and whole nodes. `GLOMERS_JSON=jansson` measures the same with jansson's values.
let benchmarks: @Sendable () -> Void = {
  Benchmark.defaultConfiguration = .small
  parsing()
  coding()
  nodes()
  storage()
}

private func parsing() {
  let texts: KeyValuePairs = [
    "echo": Texts.echo, "nested echo": Texts.nested, "read_ok of 1,000": Texts.readOk,
    "poll_ok of 10 × 20": Texts.pollOk,
  ]
  for (name, text) in texts {
    Benchmark("parse \(name)", configuration: .sized(text)) { benchmark in
      let document = JSONDocument()
      benchmark.startMeasurement()
      for _ in benchmark.scaledIterations {
        let object = try document.parse(text)
        blackHole(try object.string("src").utf8.count)
      }
    }
  }
}

private func coding() {
  Benchmark("decode echo") { decode(EchoNode.self, Texts.echo, $0) }
  Benchmark("decode broadcast") { decode(BroadcastNode.self, Texts.broadcast, $0) }
  Benchmark("decode send") { decode(KafkaNode.self, Texts.send, $0) }
  Benchmark("decode poll_ok of 10 × 20", configuration: .large) { decode(KafkaNode.self, Texts.pollOk, $0) }
  // What was decoded is encoded again: a reply is a message like any other.
  Benchmark("encode echo_ok") { encode(EchoNode.self, Texts.echo, $0) }
  Benchmark("encode nested echo", configuration: .large) { encode(EchoNode.self, Texts.nested, $0) }
  Benchmark("encode read_ok of 1,000", configuration: .large) { encode(BroadcastNode.self, Texts.readOk, $0) }
  Benchmark("encode poll_ok of 10 × 20", configuration: .large) { encode(KafkaNode.self, Texts.pollOk, $0) }
}

private func nodes() {
  Benchmark("host and node: echo") { step(EchoNode.self, Texts.echo, $0) }
  Benchmark("host and node: generate") { step(UniqueIDNode.self, Texts.generate, $0) }
  Benchmark("host and node: broadcast, an old value") { step(BroadcastNode.self, Texts.broadcast, $0) }
  Benchmark("host and node: broadcast, a new value") { benchmark in
    var host = started(BroadcastNode.self)
    var value = 0
    benchmark.startMeasurement()
    for _ in benchmark.scaledIterations {
      value += 1
      let message = BroadcastNode.Message.client(.broadcast(.integer(value)))
      host.receive(Envelope(from: "c1", to: "n0", id: 1_000_000, .message(message)), at: .zero)
      host.drain { blackHole($0) }
    }
  }
  Benchmark("host and node: send") { step(KafkaNode.self, Texts.send, $0) }
  Benchmark("host and node: poll of the last 10 messages", configuration: .small) { benchmark in
    step(KafkaNode.self, Texts.poll, benchmark, after: Texts.send, times: 1_000)
  }
  Benchmark("line to line: echo") { lineToLine(EchoNode.self, Texts.echo, $0) }
  Benchmark("line to line: generate") { lineToLine(UniqueIDNode.self, Texts.generate, $0) }
  Benchmark("line to line: broadcast, an old value") { lineToLine(BroadcastNode.self, Texts.broadcast, $0) }
  Benchmark("line to line: send") { lineToLine(KafkaNode.self, Texts.send, $0) }
}

private func envelope<N: Node>(_ node: N.Type, _ line: [UInt8]) -> Envelope<N> where N.Message: WireMessage {
  guard case .envelope(let envelope) = Codec<N>().decode(line, isAsk: { _ in false }) else {
    preconditionFailure("a line that can't be decoded")
  }
  return envelope
}

private func started<N: Node>(_ node: N.Type) -> Host<N> {
  var host = Host<N>(random: Random(seed: 1))
  host.receive(Envelope(from: "c1", to: "n0", id: 1, .initialize(me: "n0", nodes: ["n0"])), at: .zero)
  host.drain { blackHole($0) }
  return host
}

private func decode<N: Node>(_ node: N.Type, _ line: [UInt8], _ benchmark: Benchmark)
where N.Message: WireMessage {
  let codec = Codec<N>()
  benchmark.startMeasurement()
  for _ in benchmark.scaledIterations { blackHole(codec.decode(line, isAsk: { _ in false })) }
}

private func encode<N: Node>(_ node: N.Type, _ line: [UInt8], _ benchmark: Benchmark)
where N.Message: WireMessage {
  let codec = Codec<N>()
  let envelope = envelope(node, line)
  var writer = JSONWriter()
  benchmark.startMeasurement()
  for _ in benchmark.scaledIterations {
    codec.encode(envelope, into: &writer)
    blackHole(writer.count)
    writer.removeAll()
  }
  benchmark.stopMeasurement()
}

private func step<N: Node>(
  _ node: N.Type, _ line: [UInt8], _ benchmark: Benchmark, after first: [UInt8]? = nil, times: Int = 0
) where N.Message: WireMessage {
  var host = started(node)
  if let first {
    let envelope = envelope(node, first)
    for _ in 0..<times {
      host.receive(envelope, at: .zero)
      host.drain { blackHole($0) }
    }
  }
  let envelope = envelope(node, line)
  benchmark.startMeasurement()
  for _ in benchmark.scaledIterations {
    host.receive(envelope, at: .zero)
    host.drain { blackHole($0) }
  }
  benchmark.stopMeasurement()
}

/// All that a node's process does for a line, but for reading and writing it.
private func lineToLine<N: Node>(_ node: N.Type, _ line: [UInt8], _ benchmark: Benchmark)
where N.Message: WireMessage {
  var host = started(node)
  let codec = Codec<N>()
  var writer = JSONWriter()
  benchmark.startMeasurement()
  for _ in benchmark.scaledIterations {
    guard case .envelope(let envelope) = codec.decode(line, isAsk: { host.isAsk($0) }) else {
      return benchmark.error("a line that can't be decoded")
    }
    host.receive(envelope, at: .zero)
    host.drain { if case .send(let answer) = $0 { codec.encode(answer, into: &writer) } }
    blackHole(writer.count)
    writer.removeAll()
  }
  benchmark.stopMeasurement()
}
