import class Foundation.ProcessInfo
import Glomers
import Testing
import Wire

@Suite("Codec.pass")
struct PassTests {
  private let codec = Codec<ProbeNode>()

  private func take(_ decoded: Decoded<ProbeNode>, _ host: inout Host<ProbeNode>, at now: Instant) {
    switch decoded {
    case .envelope(let envelope): host.receive(envelope, at: now)
    case .rejected(let wreck):
      host.reject(
        wreck.error, from: wreck.source, to: wreck.destination, id: wreck.id, isReply: wreck.isReply, at: now)
    }
  }

  private func outputs(_ host: inout Host<ProbeNode>) -> [Host<ProbeNode>.Output] {
    var outputs: [Host<ProbeNode>.Output] = []
    host.drain { outputs.append($0) }
    return outputs
  }

  @Test("what a host is passed at once does what decoding and receiving it does, for 10,000 lines")
  func sameAsDecoding() {
    var random = Random(seed: 16)
    let lines =
      CodecTests.golden.map { Array($0.line.utf8) } + [
        Array(
          #"{"src":"c1","dest":"n0","body":{"type":"note","msg_id":3,"text":"hi","numbers":[1,-2]}}"#.utf8),
        Array(
          #"{"src":"n1","dest":"n0","body":{"type":"anything","in_reply_to":null,"value":{"a":"é"}}}"#.utf8),
      ]
    let start = Array(
      #"{"src":"c1","dest":"n0","body":{"type":"init","msg_id":1,"node_id":"n0","node_ids":["n0","n1"]}}"#
        .utf8)
    var (short, long) = (Host<ProbeNode>(random: random), Host<ProbeNode>(random: random))
    var passed = 0
    for round in 0..<10_000 {
      let now = Instant(nanoseconds: Int64(round))
      var line = round == 1_000 ? start : lines.randomElement(using: &random)!
      if round != 1_000, Bool.random(using: &random) { mutate(&line, with: &random) }
      line.withUnsafeBytes { line in
        if codec.pass(line, to: &short, at: now) {
          passed += 1
        } else {
          take(codec.decode(unpassed: line) { _ in false }, &short, at: now)
        }
      }
      take(codec.decode(line) { _ in false }, &long, at: now)
      #expect(outputs(&short) == outputs(&long), "seed 16, round \(round)")
    }
    // Jansson passes nothing at once.
    let isJansson = ProcessInfo.processInfo.environment["GLOMERS_JSON"] == "jansson"
    #expect(isJansson ? passed == 0 : passed > 1_000, "\(passed) lines were passed at once")
  }
}
