import Glomers
import Support
import Testing
import Workloads

@testable import Nodes
@testable import Replication

/// What the tests of recovery have to know of a workload.
private protocol Recoverable: Node {
  /// A request that changes something, whose effect can be told from that of every other number.
  static func change(_ number: Int) -> Message
  static var read: Message { get }
  /// The numbers that are in the answer to a read, given all that there may be; nil if it is no possible answer.
  static func numbers(in answer: Message, of all: Range<Int>) -> Set<Int>?
  /// What the sender of a message to a peer says that it holds.
  static func version(of message: Message) -> VersionVector?
}

extension BroadcastNode: Recoverable {
  fileprivate static func change(_ number: Int) -> Message { .client(.broadcast(.integer(number))) }
  fileprivate static var read: Message { .client(.read) }
  fileprivate static func numbers(in answer: Message, of all: Range<Int>) -> Set<Int>? {
    if case .client(.readOk(let values)) = answer { Set(values.compactMap(\.integer)) } else { nil }
  }
  fileprivate static func version(of message: Message) -> VersionVector? {
    switch message {
    case .peer(.batch(_, let said, _)), .peer(.sync(_, let said)): said.version
    case .peer(.scatter(_, let holding, _, _)):
      if case .version(let version) = holding.content { version } else { nil }
    default: nil
    }
  }
}

extension GSetNode: Recoverable {
  fileprivate static func change(_ number: Int) -> Message { .client(.add(.integer(number))) }
  fileprivate static var read: Message { .client(.read) }
  fileprivate static func numbers(in answer: Message, of all: Range<Int>) -> Set<Int>? {
    if case .client(.readOk(let values)) = answer { Set(values.compactMap(\.integer)) } else { nil }
  }
  fileprivate static func version(of message: Message) -> VersionVector? {
    if case .peer(_, let advertisement) = message { advertisement.version } else { nil }
  }
}

/// Each number is a bit of the sum: an add that is lost or counted twice shows.
extension CounterNode: Recoverable where Kind == PositiveNegative {
  fileprivate static func change(_ number: Int) -> CounterMessage { .client(.add(1 << number)) }
  fileprivate static var read: CounterMessage { .client(.read) }
  fileprivate static func numbers(in answer: CounterMessage, of all: Range<Int>) -> Set<Int>? {
    guard case .client(.readOk(let sum)) = answer, 0..<(1 << all.upperBound) ~= sum else { return nil }
    return Set(all.filter { sum >> $0 & 1 == 1 })
  }
  fileprivate static func version(of message: CounterMessage) -> VersionVector? {
    if case .peer(_, let advertisement) = message { advertisement.version } else { nil }
  }
}

@Suite struct StoredRecoveryTests {
  private static let seeds = 1...40 as ClosedRange<UInt64>

  /// Requests, kills of some and of all, restarts, loss; then peace. Everything acknowledged has to be everywhere.
  private func survives<N: Recoverable>(_ type: N.Type, seed: UInt64, takesCheckpoints: Bool) {
    var cluster = StoredCluster(type, count: [1, 3, 5][Int(seed % 3)], seed: seed)
    cluster.takesCheckpoints = takesCheckpoints
    cluster.lossPercent = [0, 10, 40][Int(seed / 3 % 3)]
    let places = cluster.names.indices
    // What a node has said that it holds, it holds for ever.
    nonisolated(unsafe) var said: [NodeID: VersionVector] = [:]
    nonisolated(unsafe) var hasForgotten = false
    cluster.observe = { envelope in
      guard case .message(let message) = envelope.body, let version = N.version(of: message) else { return }
      if let earlier = said[envelope.source], !version.covers(earlier) { hasForgotten = true }
      said[envelope.source] = version
    }

    var requests: [Int: Int] = [:]
    for number in 0..<50 {
      let place = cluster.draw(0..<places.count)
      if cluster.isUp(place) { requests[cluster.request(N.change(number), of: place)] = number }
      let fate = cluster.draw(0..<20)
      for place in places where fate == 0 || number == 25 || fate < 5 && cluster.draw(0..<3) == 0 {
        if cluster.isUp(place) { cluster.kill(place) }
      }
      cluster.run(for: .milliseconds(cluster.draw(0..<400)))
      for place in places where !cluster.isUp(place) && cluster.draw(0..<4) == 0 { cluster.start(place) }
    }
    cluster.lossPercent = 0
    for place in places where !cluster.isUp(place) {
      cluster.start(place)
      cluster.run(for: .milliseconds(cluster.draw(0..<3)))
    }
    cluster.run(for: .seconds(10))

    let acknowledged = Set(cluster.answers.keys.compactMap { requests[$0] })
    #expect(!acknowledged.isEmpty)
    #expect(!hasForgotten)
    var readings: [Set<Int>] = []
    for place in places {
      let reading = cluster.answer(to: N.read, of: place).flatMap { N.numbers(in: $0, of: 0..<50) }
      guard let reading else {
        Issue.record("node \(place): no possible reading")
        return
      }
      readings.append(reading)
      #expect(
        reading.isSuperset(of: acknowledged),
        "node \(place) lacks \(acknowledged.subtracting(reading).sorted())")
    }
    #expect(Set(readings).count == 1, "all hold the same")
    cluster.run(for: .seconds(10))
    #expect(cluster.now - cluster.lastMessage > .seconds(8), "all are silent in the end")
  }

  @Test("broadcast: what was acknowledged survives every kill, and all come to hold it", arguments: seeds)
  func broadcast(seed: UInt64) { survives(BroadcastNode.self, seed: seed, takesCheckpoints: false) }

  @Test("g-set: what was acknowledged survives every kill, and all come to hold it", arguments: seeds)
  func gSet(seed: UInt64) { survives(GSetNode.self, seed: seed, takesCheckpoints: false) }

  @Test("counter: no add that was acknowledged is lost in a kill, and none is doubled", arguments: seeds)
  func counter(seed: UInt64) { survives(PNCounterNode.self, seed: seed, takesCheckpoints: false) }

  @Test("the same with checkpoints", arguments: seeds)
  func checkpoints(seed: UInt64) {
    survives(BroadcastNode.self, seed: seed, takesCheckpoints: true)
    survives(GSetNode.self, seed: seed, takesCheckpoints: true)
    survives(PNCounterNode.self, seed: seed, takesCheckpoints: true)
  }
}
