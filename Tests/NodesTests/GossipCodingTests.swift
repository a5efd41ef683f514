import Glomers
import Testing
import Wire
import Workloads

@testable import Nodes
@testable import Replication

private let a = Incarnation(name: "n1.a")
private let version = VersionVector([a: 2, Incarnation(name: "n0.c"): 7])
private let me = Incarnation(name: "n1.a")
private let said = Advertisement(me, version: version)
private let delta = Delta<JSON>(origin: a, after: 1, entries: [[1, "x"]])
private let year = Duration.seconds(365 * 86_400)
private let rhythm = Rhythm.told(.zero, next: .milliseconds(3), roundTrip: nil)
private let mailRhythm = Rhythm.told(
  year * 10, next: .zero, roundTrip: .microseconds(5), margin: .microseconds(7),
  mailPeriod: .milliseconds(130))
private let timing = BatchTiming(
  stamp: .seconds(1), age: .milliseconds(3), roundTrip: .milliseconds(2), lateness: .microseconds(9))
// A clock that has run for ten years.
private let old = BatchTiming(stamp: year * 10, age: .zero, roundTrip: nil, lateness: .zero)

@Suite struct GossipCodingTests {
  @Test(
    "what broadcast nodes say to each other, as bodies",
    arguments: [
      (
        Gossip.batch(delta, said, timing),
        #"{"type":"gossip_batch","deltas":[["n1.a",1,[[1,"x"]]]],"from":"n1.a","version":{"n0.c":7,"n1.a":2},"stamp":1000000,"age":3000,"round_trip":2000,"late":9}"#
      ),
      (
        .mail(delta, said, old),
        #"{"type":"gossip_mail","deltas":[["n1.a",1,[[1,"x"]]]],"from":"n1.a","version":{"n0.c":7,"n1.a":2},"stamp":315360000000000,"age":0,"late":0}"#
      ),
      (
        .scatter(
          [delta], Holding(incarnation: me, content: .version(version), isPartial: true), rhythm,
          echo: .microseconds(4)),
        #"{"type":"gossip_scatter","deltas":[["n1.a",1,[[1,"x"]]]],"from":"n1.a","version":{"n0.c":7,"n1.a":2},"more":true,"sent":0,"next":3000,"period":1000000,"margin":0,"echo":4}"#
      ),
      (
        .scatter(
          [], Holding(incarnation: me, content: .digest(12345), isPartial: false), mailRhythm, echo: year * 10
        ),
        #"{"type":"gossip_scatter","deltas":[],"from":"n1.a","digest":12345,"sent":315360000000000,"next":0,"period":1000000,"round_trip":5,"margin":7,"mail_period":130000,"echo":315360000000000}"#
      ),
      (
        .sync([], Advertisement(me, version: VersionVector(), wantsAnswer: true)),
        #"{"type":"gossip_sync","deltas":[],"from":"n1.a","version":{},"wants_answer":true}"#
      ),
      (.ping, #"{"type":"gossip_ping"}"#),
      (.pong, #"{"type":"gossip_pong"}"#),
    ])
  func bodies(_ gossip: Gossip, _ text: String) throws {
    var writer = JSONWriter()
    writer.beginObject()
    BroadcastNode.Message.peer(gossip).write(to: &writer)
    writer.endObject()
    #expect(String(decoding: writer.bytes, as: UTF8.self) == text)
    #expect(try read(text) == .peer(gossip))
  }

  @Test(
    "what they can't have said is refused",
    arguments: [
      #"{"type":"gossip_scatter","deltas":[],"from":"n1.a","sent":0,"next":0,"period":1,"margin":0}"#,
      #"{"type":"gossip_scatter","deltas":[],"from":"n1.a","digest":"x","version":{},"sent":0,"next":0,"period":1,"margin":0}"#,
      #"{"type":"gossip_scatter","deltas":[],"from":"n1.a","version":{},"next":0,"period":1,"margin":0}"#,
      #"{"type":"gossip_scatter","deltas":[],"from":"n1.a","version":{},"sent":0,"next":-1,"period":1,"margin":0}"#,
      #"{"type":"gossip_scatter","deltas":[],"from":"n1.a","version":{},"sent":0,"next":0,"period":1099511627776,"margin":0}"#,
      #"{"type":"gossip_scatter","deltas":[],"from":"n1.a","version":{},"sent":0,"next":0,"period":1,"margin":0,"mail_period":-5}"#,
      #"{"type":"gossip_mail","deltas":[],"from":"n1.a","version":{},"stamp":0,"age":0,"late":0}"#,
      #"{"type":"gossip_mail","deltas":[["n1.a",0,[1]]],"from":"n1.a","version":{},"stamp":9007199254740992,"age":0,"late":0}"#,
      #"{"type":"gossip_mail","deltas":[["n1.a",9007199254740992,[1]]],"from":"n1.a","version":{},"stamp":0,"age":0,"late":0}"#,
      #"{"type":"gossip_batch","deltas":[["n1.a",-1,[1]]],"from":"n1.a","version":{},"stamp":0,"age":0,"late":0}"#,
      #"{"type":"gossip_batch","deltas":[["n1.a",0,[1]]],"from":"n1.a","version":{"n1.a":-1},"stamp":0,"age":0,"late":0}"#,
      #"{"type":"gossip_batch","deltas":[["n1.a",0,[1]]],"from":"n1.a","version":{},"stamp":0,"late":0}"#,
      #"{"type":"gossip_sync","deltas":[],"version":{}}"#,
      #"{"type":"gossip_scatter","deltas":[],"version":{},"sent":0,"next":0,"period":1,"margin":0}"#,
      #"{"type":"gossip_sync","deltas":[],"from":"n1.a","version":{},"wants_answer":1}"#,
    ])
  func refused(_ text: String) {
    #expect(throws: WireError.self) { try read(text) }
  }

  private func read(_ text: String) throws -> BroadcastNode.Message {
    let body = try JSONDocument().parse(Array(text.utf8))
    return try BroadcastNode.Message(type: body.string("type"), body: body)
  }
}
