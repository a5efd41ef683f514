import Glomers
import Testing

@testable import Nodes
@testable import Replication

/// What peers have promised, reckoned from all that they have ever said whenever somebody asks.
private struct Twin {
  var streams: [[(log: Int, offset: Int)]] = []
  var held: [[Int: Int]]

  init(peerCount: Int) {
    held = Array(repeating: [:], count: peerCount)
  }

  func watermark(of log: Int) -> Int {
    let promised = held.indices.map { peer in
      streams.indices.flatMap { streams[$0].prefix(held[peer][$0] ?? 0) }.filter { $0.log == log }.map(
        \.offset
      ).max()
        ?? -1
    }
    return promised.min() ?? .max
  }

  func holderCount(stream: Int, number: Int) -> Int { held.count { $0[stream] ?? 0 >= number } }
}

@Suite struct PromisesTests {
  @Test(
    "watermarks and holders are those of all that was ever said, and a log that rises is touched",
    arguments: 1...20 as ClosedRange<UInt64>)
  func twin(seed: UInt64) {
    var random = Random(seed: seed)
    let peerCount = Int.random(in: 1...5, using: &random)
    var promises = Promises(peerCount: peerCount, countsHolders: false)
    var twin = Twin(peerCount: peerCount)
    var streams: [LogStream] = []
    var lives = Array(repeating: 0, count: peerCount)
    var known = [-1, -1, -1]
    for step in 0..<400 {
      let peer = Int.random(in: 0..<peerCount, using: &random)
      switch Int.random(in: 0..<100, using: &random) {
      case 0..<40:
        let number = Int.random(in: 0...min(streams.count, 5), using: &random)
        if number == streams.count {
          streams.append(LogStream(Incarnation(name: "\(number)")))
          twin.streams.append([])
        }
        for _ in 0..<Int.random(in: 0...20, using: &random) {
          let log = Int.random(in: 0..<3, using: &random)
          let isCommit = Int.random(in: 0..<4, using: &random) == 0
          streams[number].append(isCommit ? .commit(log: log) : .message(log: log), step)
          twin.streams[number].append((isCommit ? -1 : log, step))
        }
        // Of this node's own nobody says anything before they are here.
        if number > 0 { promises.grown(stream: number, streams) }
      case 40..<98 where !streams.isEmpty:
        promises.heard(from: peer, Incarnation(name: "\(peer).\(lives[peer])"))
        let numbers = streams.indices.filter { _ in Bool.random(using: &random) }.shuffled(using: &random)
        // It may hold more than is here, and words may overtake one another.
        let counts = numbers.map { number in
          let count = streams[number].count
          return number == 0
            ? Int.random(in: 0...count, using: &random)
            : max(0, count + Int.random(in: -12...5, using: &random))
        }
        let isNews = promises.heard(from: peer, counts, of: numbers, streams)
        let isReallyNews = zip(numbers, counts).contains { $1 > twin.held[peer][$0] ?? 0 }
        #expect(isNews == isReallyNews)
        for (number, count) in zip(numbers, counts) {
          twin.held[peer][number] = max(twin.held[peer][number] ?? 0, count)
        }
      case 98...:
        lives[peer] += 1
        promises.heard(from: peer, Incarnation(name: "\(peer).\(lives[peer])"))
        twin.held[peer] = [:]
      default: continue
      }
      let touched = promises.takeTouched()
      for log in 0..<3 {
        let watermark = twin.watermark(of: log)
        #expect(promises.watermark(of: log) == watermark)
        #expect(watermark <= known[log] || touched.contains(log))
        known[log] = watermark
      }
      for number in streams.indices {
        let place = Int.random(in: 1...max(1, streams[number].count), using: &random)
        let holderCount = twin.holderCount(stream: number, number: place)
        #expect(promises.holderCount(stream: number, number: place) == holderCount)
        #expect(promises.count(stream: number, heldBy: 1) == twin.held.map { $0[number] ?? 0 }.max())
      }
    }
  }

  @Test("where holders count, every log that a peer holds more of is touched")
  func holders() {
    var promises = Promises(peerCount: 2, countsHolders: true)
    var stream = LogStream(Incarnation(name: "n0"))
    for offset in 1...10 { stream.append(.message(log: 0), offset) }
    for count in 1...10 {
      let isNews = promises.heard(from: 0, [count], of: [0], [stream])
      #expect(isNews)
      #expect(promises.takeTouched() == [0])
    }
    #expect(promises.holderCount(stream: 0, number: 10) == 1)
    #expect(promises.watermark(of: 0) == -1, "the other peer has promised nothing")
  }
}
