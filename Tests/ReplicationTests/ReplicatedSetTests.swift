import Glomers
import Testing
import Wire

@testable import Replication

@Suite struct ReplicatedSetTests {
  private let a = Incarnation(name: "a"), b = Incarnation(name: "b")

  @Test("a delta that joins on is taken in, what overlaps of it is left out")
  func overlap() {
    var set = ReplicatedSet()
    let newCounts = [
      set.merge(Delta(origin: a, after: 0, entries: [1, 2])),
      set.merge(Delta(origin: a, after: 1, entries: [2, 3])),
      set.merge(Delta(origin: a, after: 0, entries: [1, 2, 3])),
    ]
    #expect(newCounts == [2, 1, 0])
    #expect(set.values == [1, 2, 3])
    #expect(set.version[a] == 3)
  }

  @Test("a delta behind a gap is left out, and the version shows it")
  func gap() {
    var set = ReplicatedSet()
    let newCount = set.merge(Delta(origin: a, after: 1, entries: [2]))
    #expect(newCount == 0)
    #expect(set.values.isEmpty)
    #expect(set.version[a] == 0)
  }

  @Test("a value that two origins added is held once and counts for both")
  func twice() {
    var set = ReplicatedSet()
    _ = set.merge(Delta(origin: a, after: 0, entries: [1]))
    _ = set.merge(Delta(origin: b, after: 0, entries: [1]))
    #expect(set.values == [1])
    #expect(set.version[a] == 1 && set.version[b] == 1)
  }

  @Test("replicas that exchange deltas in any order, with losses, end up with the same", arguments: 1...30)
  func converges(seed: UInt64) {
    var random = Random(seed: seed)
    let origins = (0..<4).map { Incarnation(name: "\($0)") }
    var replicas = origins.map { _ in ReplicatedSet() }
    for value in 0..<60 {
      let owner = Int.random(in: 0..<4, using: &random)
      _ = replicas[owner].add(.integer(value % 45), from: origins[owner])
      let (from, to) = (Int.random(in: 0..<4, using: &random), Int.random(in: 0..<4, using: &random))
      let deltas = replicas[from].deltas(since: replicas[to].version).shuffled(using: &random)
      for delta in deltas where Bool.random(using: &random) { _ = replicas[to].merge(delta) }
    }
    for _ in 0..<2 {
      for (from, to) in (0..<4).flatMap({ from in (0..<4).map { (from, $0) } }) {
        for delta in replicas[from].deltas(since: replicas[to].version) { _ = replicas[to].merge(delta) }
      }
    }
    for replica in replicas {
      #expect(replica.version == replicas[0].version)
      #expect(Set(replica.values) == Set(replicas[0].values))
      #expect(replica.values.count == Set(replica.values).count)
    }
  }

  @Test("an unnumbered value can be read and is stored, and is in no message until its stream is settled")
  func unnumbered() {
    var set = ReplicatedSet()
    _ = set.add(1, from: nil)
    _ = set.add(2, from: nil)
    let record = set.lastAdded(from: nil)
    #expect(set.values == [1, 2])
    #expect(set.version == VersionVector() && set.deltas(since: .init()).isEmpty)
    #expect(record == Delta(origin: .unnumbered, after: 0, entries: [2]))
    #expect(ReplicatedSet(recovering: set.checkpoint).checkpoint == set.checkpoint)
    // Another stream has one of the values already: it needs no number in this one.
    _ = set.merge(Delta(origin: b, after: 0, entries: [1]))
    let numbered = set.number(in: a)
    #expect(numbered == Delta(origin: a, after: 0, entries: [2]))
    #expect(set.number(in: a) == nil)
    let merged = set.merge(Delta(origin: .unnumbered, after: 0, entries: [9]))
    #expect(merged == 0, "what a peer calls unnumbered is nobody's entry")
  }

  @Test("values that were numbered after they were stored are recovered as numbered")
  func recoversNumbered() {
    var set = ReplicatedSet()
    var records: [Delta<JSON>] = []
    for value in [1, 2] as [JSON] {
      _ = set.add(value, from: nil)
      records.append(set.lastAdded(from: nil))
    }
    records.append(set.number(in: a)!)
    var recovered = ReplicatedSet(recovering: records)
    let again = recovered.number(in: b)
    #expect(again == nil)
    #expect(recovered.version == set.version && recovered.values == set.values)
  }

  @Test("a batch is cut off at its bytes, and has one entry at least", arguments: [1, 4, 5, 9, 14])
  func bounded(bytesMax: Int) {
    var set = ReplicatedSet()
    for value in [100, 200] as [JSON] { _ = set.add(value, from: a) }
    _ = set.add(300, from: b)
    let push = Push(
      peer: "n1", known: .init(), since: .init(), scope: .all, bytesMax: bytesMax, incarnation: a,
      wantsAnswer: false, challenge: nil, echo: nil)
    let batch = set.batch(for: push)
    let count = max(1, bytesMax / 4)
    #expect(batch.deltas.flatMap(\.entries) == Array([100, 200, 300].prefix(count)))
    #expect(batch.isComplete == (count >= 3))
    #expect(batch.bytes == 4 * min(3, count))
    #expect(batch.ends[a] == min(2, count) && batch.ends[b] == max(0, min(3, count) - 2))
  }

  @Test(
    "the length of a value on the wire is known before it is written",
    arguments: [0, -10, 1_234_567, "plain", "a\"b\\", "\u{1}", .null, true, [1, "x"], ["k": [2]], 1.5]
      as [JSON])
  func encodedBytes(value: JSON) {
    let length = JSONText(value).count + 1
    #expect(value.encodedBytes >= length)
    #expect(value.encodedBytes <= length + 24)
  }
}

@Suite struct DistinctValuesTests {
  @Test(
    "it holds each value once, in the order of arrival, and knows its position",
    arguments: 1...20 as ClosedRange<UInt64>)
  func distinct(seed: UInt64) {
    var random = Random(seed: seed)
    var values = DistinctValues()
    var positions: [JSON: Int] = [:]
    for _ in 0..<300 {
      let number = Int.random(in: -100...100, using: &random)
      let value: JSON = [
        .integer(number), .integer(number << 32), .integer(.max &- number), .real(Double(number)),
        .string("\(number)"), [.integer(number)], .null,
      ].randomElement(using: &random)!
      let (isNew, position) = values.append(value)
      #expect(isNew == (positions[value] == nil))
      #expect(position == positions[value, default: positions.count])
      positions[value] = position
      #expect(values[position] == value)
    }
    #expect(values.elements.count == positions.count)
  }
}
