import Glomers
import Testing
import Wire
@testable import History

@Suite("Values on tapes")
struct JSONTapeTests {
  private static let values: [JSON] = [
    nil, true, false, 0, 1, 223, 224, 255, 256, 65_535, 65_536, 4_294_967_295, 4_294_967_296, -1,
    .integer(.max), .integer(.min), 1.5, .real(-0.0), .real(.infinity), "", "r", "append", "12345678",
    "123456789", "é", .string(String(repeating: "x", count: 300)), [], [1, 2, 300], [[[]]], [:],
    ["a": [1, nil], "b": ["c": 0.5]], JSON(number: "9223372036854775809"),
    JSON(number: "1e400"), ["r", 5, nil], ["\u{e9}": 1, "e\u{301}": 2, "": 3, "\0": 4],
    .object([JSON(escaped: #"\ud800"#.utf8).name!: 5]),
  ]

  @Test("every value is read back as it was written, alone and among others")
  func roundTrip() {
    var tape = JSONTape()
    var places: [Int] = []
    for value in Self.values {
      places.append(tape.count)
      tape.append(value)
    }
    for (value, place) in zip(Self.values, places) {
      var cursor = JSONTape.Cursor(tape, at: place)
      #expect(cursor.value() == value)
    }
    var skipping = JSONTape.Cursor(tape)
    for value in Self.values {
      var reading = skipping
      #expect(reading.value() == value)
      skipping.skip()
    }
    let nan = JSON.real(.nan)
    tape.removeAll()
    tape.append(nan)
    var cursor = JSONTape.Cursor(tape)
    guard case .real(let real) = cursor.value() else {
      Issue.record("no real")
      return
    }
    #expect(real.isNaN)
  }

  @Test("a reader takes what it asks for, and nothing if something else is there")
  func cursor() {
    func cursor(_ value: JSON) -> JSONTape.Cursor {
      var tape = JSONTape()
      tape.append([value, 7])
      var cursor = JSONTape.Cursor(tape)
      #expect(cursor.enterArray() && !cursor.isAtEnd())
      return cursor
    }
    for value in Self.values {
      var cursor = cursor(value)
      var integers: [Int] = []
      let isList = value.array?.allSatisfy { $0.integer != nil } ?? false
      #expect(cursor.integers(into: &integers) == isList)
      if isList {
        #expect(.array(integers.map { .integer($0) }) == value)
      } else {
        let integer = cursor.integer()
        #expect(integer == value.integer)
        if integer == nil {
          let word = cursor.word()
          let isWord = 1...8 ~= value.string?.utf8.count ?? 0
          #expect((word != nil) == isWord)
          if isWord { #expect(word == value.string!.utf8.reduce(0) { $0 << 8 | UInt64($1) }) }
          if !isWord, !cursor.takeNull() { #expect(cursor.value() == value) }
        }
      }
      #expect(cursor.integer() == 7 && cursor.isAtEnd(), "\(value)")
    }
  }
}
