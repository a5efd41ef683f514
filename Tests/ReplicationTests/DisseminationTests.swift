import Glomers
import Testing

@testable import Replication

@Suite struct DisseminationTests {
  /// Adds at random nodes that are up, one every 10 ms.
  private func load(_ cluster: inout ReplicaCluster, _ count: Int, from start: Int = 0) {
    for value in start..<start + count {
      let up = cluster.replicas.indices.filter { cluster.replicas[$0] != nil }
      cluster.add(.integer(value), at: up[Int.random(in: up.indices, using: &cluster.random)])
      cluster.run(for: .milliseconds(10))
    }
  }

  @Test("at the first start, streams are settled within two round trips and four messages a pair")
  func firstStart() {
    var cluster = ReplicaCluster(3)
    cluster.run(for: .milliseconds(160))
    #expect(cluster.replicas.allSatisfy { $0!.dissemination.stream == $0!.dissemination.incarnation })
    cluster.run(for: .seconds(60))
    #expect(cluster.isSilent)
    #expect(cluster.sent.count <= 12)
  }

  @Test("a node alone settles its stream at once, and one whose peers are not there after a second")
  func firstStartAlone() {
    var alone = ReplicaCluster(1)
    alone.run(for: .zero)
    #expect(alone.replicas[0]!.dissemination.stream != nil)
    #expect(alone.isSilent && alone.sent.isEmpty)
    var cut = ReplicaCluster(2)
    cut.passes = { _, _, _ in false }
    cut.add(7, at: 0)
    cut.run(for: .milliseconds(999))
    #expect(cut.replicas[0]!.dissemination.stream == nil)
    cut.run(for: .milliseconds(1))
    #expect(cut.replicas[0]!.dissemination.stream != nil)
    cut.passes = { _, _, _ in true }
    cut.run(for: .seconds(3))
    #expect(cut.values(at: 1) == [7], "what was added before the stream was settled is sent as well")
  }

  @Test("without loss, peers send each other one message a period, agree soon after the end, and are silent")
  func quiet() {
    var cluster = ReplicaCluster(3)
    load(&cluster, 500)
    #expect(cluster.sent.count <= 6 * 52 + 12)
    cluster.run(for: .milliseconds(400))
    #expect(cluster.agree)
    cluster.run(for: .seconds(1))
    #expect(cluster.isSilent)
    #expect(cluster.sent.count <= 6 * 56 + 12)
  }

  @Test(
    "with three quarters of all messages lost, replicas agree in the end and are silent",
    arguments: 1...10 as ClosedRange<UInt64>)
  func loss(seed: UInt64) {
    var cluster = ReplicaCluster(4, seed: seed)
    cluster.passes = { _, _, random in Int.random(in: 0..<4, using: &random) == 0 }
    load(&cluster, 50)
    cluster.run(for: .seconds(7200))
    #expect(cluster.agree)
    #expect(cluster.isSilent)
  }

  @Test("after a partition, replicas agree within seconds", arguments: 1...10 as ClosedRange<UInt64>)
  func partition(seed: UInt64) {
    var cluster = ReplicaCluster(5, seed: seed)
    load(&cluster, 20)
    cluster.passes = { from, to, _ in (from < 2) == (to < 2) }
    load(&cluster, 300, from: 20)
    #expect(!cluster.agree)
    cluster.passes = { _, _, _ in true }
    cluster.run(for: .seconds(3))
    #expect(cluster.agree)
  }

  @Test("a ring in which everybody hears only one other converges, even while it is loaded")
  func oneWayRing() {
    var cluster = ReplicaCluster(4, seed: 7)
    cluster.run(for: .milliseconds(300))
    cluster.passes = { from, to, _ in to == (from + 1) % 4 }
    load(&cluster, 1000)
    let early = Set((0..<100).map { JSON.integer($0) })
    #expect(cluster.replicas.indices.allSatisfy { cluster.values(at: $0).isSuperset(of: early) })
    cluster.run(for: .seconds(60))
    #expect(cluster.agree)
  }

  @Test("a hole is repaired within a few timeouts, though the peers' messages never cease")
  func holeUnderLoad() {
    var cluster = ReplicaCluster(2, seed: 3)
    cluster.latency = 1...1
    cluster.run(for: .seconds(1))
    cluster.passes = { from, _, _ in from != 0 }
    cluster.add(-1, at: 0)
    cluster.run(for: .milliseconds(50))
    cluster.passes = { _, _, _ in true }
    for value in 0..<15 {
      for place in 0...1 { cluster.add(.integer(2 * value + place), at: place) }
      cluster.run(for: .milliseconds(90))
    }
    #expect(cluster.values(at: 1).isSuperset(of: [-1, 0]))
  }

  @Test("a peer that is gone for good is asked ever less often: at most twice a minute in the end")
  func backOff() {
    var cluster = ReplicaCluster(2)
    load(&cluster, 20)
    cluster.kill(1)
    cluster.add(99, at: 0)
    cluster.run(for: .seconds(60))
    let before = cluster.sent.count
    cluster.run(for: .seconds(600))
    #expect(cluster.sent.count - before <= 2 * 10 + 16)
    cluster.start(1)
    cluster.run(for: .seconds(2))
    #expect(cluster.agree, "who comes back asks by itself")
  }

  // MARK: Coming back

  @Test(
    "a node that comes back empty into an idle cluster is sent everything, and continues its stream",
    arguments: 1...8 as ClosedRange<UInt64>)
  func comesBackEmpty(seed: UInt64) {
    var cluster = ReplicaCluster(3, seed: seed)
    load(&cluster, 60)
    cluster.run(for: .seconds(10))
    #expect(cluster.isSilent)
    let (before, version) = (cluster.values(at: 2), cluster.replicas[2]!.set.version)
    cluster.kill(2)
    cluster.start(2)
    cluster.run(for: .milliseconds(400))
    #expect(cluster.values(at: 2) == before)
    cluster.add(-1, at: 2)
    cluster.run(for: .seconds(2))
    #expect(cluster.agree && cluster.isSilent)
    #expect(cluster.replicas[0]!.set.version.origins == version.origins)
    #expect(cluster.ambiguous.isEmpty)
  }

  @Test(
    "version vectors do not grow with restarts, with or without what was stored", arguments: [true, false])
  func boundedVectors(keepsLog: Bool) {
    var cluster = ReplicaCluster(3, seed: 5)
    for life in 0..<60 {
      cluster.add(.integer(life), at: 2)
      cluster.run(for: .milliseconds(life.isMultiple(of: 7) ? 900 : 250))
      let log = cluster.logs[2]
      cluster.kill(2)
      cluster.start(2, recovering: keepsLog ? log : [])
    }
    cluster.run(for: .seconds(5))
    #expect(cluster.agree)
    #expect(cluster.replicas[0]!.set.version.origins.count <= 3)
    #expect(cluster.ambiguous.isEmpty)
    if keepsLog { #expect(cluster.values(at: 0).count == 60) }
  }

  @Test("a node that comes back with an older copy of what it had gives no dot to two values")
  func olderCopy() {
    var cluster = ReplicaCluster(3, seed: 2)
    cluster.add(1, at: 0)
    cluster.run(for: .seconds(2))
    let copy = cluster.logs[0]
    cluster.add(2, at: 0)
    cluster.run(for: .seconds(2))
    cluster.kill(0)
    cluster.start(0, recovering: copy)
    cluster.add(3, at: 0)
    cluster.run(for: .seconds(3))
    #expect(cluster.ambiguous.isEmpty)
    #expect(cluster.agree && cluster.values(at: 0) == [1, 2, 3])
    #expect(cluster.replicas[0]!.set.version.origins.count == 1)
  }

  @Test("a node that can't reach a peer when it comes back begins another stream, after a second")
  func comesBackCutOff() {
    var cluster = ReplicaCluster(3, seed: 4)
    cluster.add(1, at: 0)
    cluster.run(for: .seconds(2))
    cluster.kill(0)
    cluster.kill(2)
    cluster.start(0)
    cluster.add(2, at: 0)
    cluster.run(for: .seconds(3))
    #expect(cluster.values(at: 1) == [1, 2])
    #expect(cluster.replicas[1]!.set.version.origins.count == 2)
  }

  @Test("a late message of an earlier incarnation is not taken in")
  func lateMessage() {
    var cluster = ReplicaCluster(2, seed: 8)
    cluster.latency = 1...1
    cluster.run(for: .seconds(1))
    cluster.add(1, at: 1)
    cluster.run(for: .seconds(1))
    // A message with 2 is lost, and then delivered after its sender has come back without 2.
    cluster.passes = { _, _, _ in false }
    cluster.add(2, at: 1)
    cluster.run(for: .milliseconds(100))
    let late = cluster.sent.last { $0.from == 1 && !$0.deltas.isEmpty }!
    cluster.kill(1)
    cluster.passes = { _, _, _ in true }
    cluster.start(1)
    cluster.run(for: .milliseconds(500))
    cluster.redeliver(late)
    cluster.add(3, at: 1)
    cluster.run(for: .seconds(2))
    #expect(cluster.ambiguous.isEmpty)
    #expect(cluster.agree && cluster.values(at: 0) == [1, 3])
  }

  @Test(
    "nodes that are killed with and without what they had agree in the end, and no dot names two values",
    arguments: 1...15 as ClosedRange<UInt64>)
  func kills(seed: UInt64) {
    var cluster = ReplicaCluster(4, seed: seed)
    cluster.passes = { _, _, random in Int.random(in: 0..<10, using: &random) != 0 }
    for round in 0..<12 {
      load(&cluster, 30, from: 30 * round)
      let place = Int.random(in: 0..<4, using: &cluster.random)
      if cluster.replicas[place] == nil {
        cluster.start(place)
      } else if cluster.replicas.count(where: { $0 != nil }) > 2 {
        let log = cluster.logs[place]
        cluster.kill(place)
        if Bool.random(using: &cluster.random) { cluster.start(place, recovering: log) }
      }
    }
    for place in 0..<4 where cluster.replicas[place] == nil { cluster.start(place) }
    cluster.passes = { _, _, _ in true }
    cluster.run(for: .seconds(30))
    #expect(cluster.agree && cluster.isSilent)
    #expect(cluster.ambiguous.isEmpty)
  }

  // MARK: Bounds

  @Test(
    "a replica that is far behind catches up by messages within the bound, and no more than the window under way"
  )
  func farBehind() {
    let (message, window) = (64, 256)
    var cluster = ReplicaCluster(2, seed: 6, messageBytesMax: message, windowBytes: window)
    cluster.latency = 5...5
    cluster.run(for: .seconds(1))
    cluster.kill(1)
    for value in 0..<2000 { cluster.add(.integer(1000 + value), at: 0) }
    cluster.run(for: .seconds(20))
    let before = cluster.sent.count
    cluster.start(1)
    var underWayMax = 0
    let start = cluster.now
    while !cluster.agree, cluster.now - start < .seconds(10) {
      cluster.run(for: .milliseconds(1))
      let bytes = cluster.flying.flatMap(\.deltas).reduce(0) { $0 + 5 * $1.entries.count }
      underWayMax = max(underWayMax, bytes)
    }
    // Five bytes an entry, four messages of twelve entries a round trip of 10 ms.
    #expect(cluster.now - start < .milliseconds(10 * 2000 / 48 + 100))
    #expect(underWayMax <= window && underWayMax > message)
    #expect(
      cluster.sent[before...].allSatisfy { $0.deltas.reduce(0) { $0 + 5 * $1.entries.count } <= message })
    let entries = cluster.sent[before...].flatMap(\.deltas).reduce(0) { $0 + $1.entries.count }
    #expect(entries <= 2100, "hardly anything is sent twice")
  }

  @Test("entries that are lost on the way to a replica far behind are sent again", arguments: 1...5)
  func farBehindWithLoss(seed: UInt64) {
    var cluster = ReplicaCluster(3, seed: seed, messageBytesMax: 64, windowBytes: 256)
    cluster.run(for: .seconds(1))
    cluster.kill(1)
    for value in 0..<500 { cluster.add(.integer(1000 + value), at: 0) }
    cluster.run(for: .seconds(20))
    cluster.passes = { _, _, random in Int.random(in: 0..<5, using: &random) != 0 }
    cluster.start(1)
    cluster.run(for: .seconds(120))
    #expect(cluster.agree && cluster.isSilent)
  }

  @Test("nobody but a peer is listened to, and nobody is oneself")
  func strangers() {
    var random = Random(seed: 1)
    var one = Dissemination(
      Cluster(me: "n0", nodes: ["n0", "n1"]), Pace(period: .seconds(1), timeout: .seconds(2)), &random,
      at: .zero)
    let other = Advertisement(Incarnation(name: "c1.x"), version: .init())
    #expect(one.admits(other, from: "c1") == false)
    #expect(one.admits(Advertisement(one.incarnation, version: .init()), from: "n1") == false)
    #expect(one.admits(other, from: "n1") == true)
    #expect(one.known(of: "c1") == .init())
  }
}
