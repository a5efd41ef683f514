import Glomers
import Testing
import Wire

@testable import Replication

/// The same as a dictionary, in which nothing is in order.
private struct Twin: Equatable {
  var counts: [Incarnation: Int] = [:]

  subscript(origin: Incarnation) -> Int {
    get { counts[origin] ?? 0 }
    set { counts[origin] = newValue == 0 ? nil : newValue }
  }

  var total: Int { counts.values.reduce(0, &+) }
  func covers(_ other: Twin) -> Bool { other.counts.allSatisfy { self[$0.key] >= $0.value } }
  func exceeds(_ other: Twin, besides exempt: Incarnation) -> Bool {
    counts.contains { $0.key != exempt && $0.value > other[$0.key] }
  }
  mutating func merge(_ other: Twin) { counts.merge(other.counts, uniquingKeysWith: max) }
}

private func origins(_ names: [String]) -> [Incarnation] { names.map { Incarnation(name: $0) } }

@Suite struct VersionVectorTests {
  @Test("a document reads vectors one after the other, whatever streams they have")
  func reading() throws {
    let document = JSONDocument()
    let texts = [
      #"{"a":1,"b":2}"#, #"{"a":3,"b":4}"#, #"{"b":4,"a":3}"#, #"{"a":0,"b":4}"#, #"{"a":3}"#, "{}",
      #"{"a":1,"n1.x":2,"é":3}"#, #"{"a":4,"n1.x":5,"é":6}"#, #"{"a":1,"n1.y":2,"é":3}"#,
    ]
    for text in texts + texts.reversed() {
      let vector = try VersionVector(reading: document.parse(Array(text.utf8)))
      let members = try document.parse(Array(text.utf8)).members.map { ($0.key, $0.value.integer!) }
      let expected = VersionVector(origins: origins(members.map(\.0)), counts: members.map(\.1))
      #expect(vector == expected && vector.total == expected.total, "\(text)")
    }
    for wrong in [#"{"a":-1,"b":2}"#, #"{"a":1.0,"b":2}"#, #"{"a":"1","b":2}"#] {
      _ = try VersionVector(reading: document.parse(Array(#"{"a":1,"b":2}"#.utf8)))
      #expect(throws: WireError.self, "\(wrong)") {
        try VersionVector(reading: document.parse(Array(wrong.utf8)))
      }
    }
  }

  /// Few, so that vectors often have the same, and names of all lengths and scripts.
  private static let pool = origins([
    "a", "b", "n1.x", "n10.x", "n2.x", "é", "e\u{301}x", "a name of forty bytes, and then some", "",
  ])

  @Test("it does what a dictionary does, whatever is done to it", arguments: 1...60 as ClosedRange<UInt64>)
  func twin(seed: UInt64) {
    var random = Random(seed: seed)
    var vectors = [VersionVector(), VersionVector(), VersionVector()]
    var twins = [Twin(), Twin(), Twin()]
    for _ in 0..<200 {
      let (one, other) = (Int.random(in: 0..<3, using: &random), Int.random(in: 0..<3, using: &random))
      let origin = Self.pool.randomElement(using: &random)!
      let count = Int.random(in: 0..<4, using: &random)
      switch Int.random(in: 0..<10, using: &random) {
      case 0: (vectors[one], twins[one]) = (vectors[other], twins[other])
      case 1, 2:
        let theirs = vectors[other]
        vectors[one].merge(theirs)
        twins[one].merge(twins[other])
      case 3, 4:
        vectors[one][origin] += 1
        twins[one][origin] += 1
      case 5:
        let names = (0..<count * 2).map { _ in Self.pool.randomElement(using: &random)! }
        let counts = names.map { _ in Int.random(in: 0..<3, using: &random) }
        vectors[one] = VersionVector(origins: names, counts: counts)
        twins[one] = Twin()
        for (name, count) in zip(names, counts) { twins[one][name] = count }
      default:
        vectors[one][origin] = count
        twins[one][origin] = count
      }
      let exempt = Self.pool.randomElement(using: &random)!
      #expect(vectors[one].covers(vectors[other]) == twins[one].covers(twins[other]))
      #expect(
        vectors[one].exceeds(vectors[other], besides: exempt)
          == twins[one].exceeds(twins[other], besides: exempt))
      #expect((vectors[one] == vectors[other]) == (twins[one] == twins[other]))
      #expect(vectors[one].total == twins[one].total)
      #expect(Self.pool.allSatisfy { vectors[one][$0] == twins[one][$0] })
      let sorted = twins[one].counts.sorted { $0.key < $1.key }
      #expect(vectors[one].sorted.map(\.origin) == sorted.map(\.key))
      #expect(vectors[one].sorted.map(\.count) == sorted.map(\.value))
    }
  }

  @Test("counts may come in any order, and of two for one origin the later holds")
  func anyOrder() {
    let version = VersionVector(origins: origins(["b", "a", "c", "b", "c"]), counts: [7, 1, 4, 2, 0])
    #expect(version.sorted.map(\.origin) == origins(["a", "b"]))
    #expect(version.sorted.map(\.count) == [1, 2])
    #expect(version.total == 3)
  }

  private func read(_ text: String) throws -> VersionVector {
    try VersionVector(reading: JSONDocument().parse(Array(text.utf8)))
  }

  @Test("it is read in any order, from a hostile sender too, and written in the order of the origins")
  func coding() throws {
    let names = (0..<20_000).map { "n\($0)" }
    let members = names.sorted(by: >).map { "\"\($0)\":1" }.joined(separator: ",")
    #expect(
      try read("{\(members)}")
        == VersionVector(origins: origins(names.sorted()), counts: names.map { _ in 1 }))
    var writer = JSONWriter()
    try read(#"{"b":2,"c":0,"a":1,"b":3}"#).writeObject(to: &writer)
    #expect(writer.bytes == Array(#"{"a":1,"b":3}"#.utf8))
    #expect(throws: WireError.self) { try read(#"{"a":-1}"#) }
    #expect(throws: WireError.self) { try read(#"{"a":1.5}"#) }
  }

  @Test("counts that sum up to more than 64 bits do no harm")
  func overflow() {
    var version = VersionVector(origins: origins(["a", "b"]), counts: [.max, .max])
    var other = VersionVector()
    other[Incarnation(name: "c")] = .max
    version.merge(other)
    #expect(version.covers(other))
    #expect(version[Incarnation(name: "b")] == .max)
    version[Incarnation(name: "b")] = 0
    version[Incarnation(name: "c")] = 0
    #expect(version.total == .max)
  }
}
