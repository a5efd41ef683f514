import Glomers
import Testing
@testable import History

@Suite("Text as it is written")
struct TextWriterTests {
  private func written(_ write: (inout TextWriter) -> Void) -> String {
    // As little memory as can be, so that it has to grow.
    var text = TextWriter(reserving: 1)
    write(&text)
    return String(decoding: text.bytes, as: UTF8.self)
  }

  @Test("numbers of every length are written as Swift writes them")
  func numbers() {
    var numbers = [0, .min, .max]
    var power = 1
    for _ in 0..<19 {
      numbers += [power - 1, power, power + 1, -power, 7 * (power / 8)]
      power = power.multipliedReportingOverflow(by: 10).partialValue
    }
    for number in numbers { #expect(written { $0.add(number) } == String(number)) }
  }

  @Test("strings have the escapes of EDN wherever in them they are, and on demand one that HTML needs")
  func strings() {
    for special in ["\"", "\\", "\n", "\r", "\t", "\u{0}", "\u{1F}", "\u{7F}", "é", "😀", "<", " "] {
      for length in 0..<20 {
        for place in 0...length {
          var text = String(repeating: "x", count: length)
          text.insert(contentsOf: special, at: text.index(text.startIndex, offsetBy: place))
          let edn = EDN.string(text).text
          #expect(written { $0.add(quoted: text) } == edn)
          #expect(
            written { $0.add(quoted: text, escaping: .less) } == edn.replacing("<", with: "\\u003c"),
            "\(text)")
        }
      }
    }
  }

  @Test("eight bytes are searched at once")
  func words() {
    for byte in UInt8.min...UInt8.max {
      for place in 0..<8 {
        let word = 0x8080_8080_8080_8080 & ~(0xFF << UInt64(8 * place)) | UInt64(byte) << UInt64(8 * place)
        #expect(word.has(byte))
        #expect(word.has(0x22) == (byte == 0x22))
        #expect(word.hasControl == (byte < 0x20))
      }
    }
  }

  @Test("an element is put where sorting would put it")
  func selection() {
    for modulus in [1, 2, 7, 1000] {
      let values = (0..<200).map { $0 * 7919 % 211 % modulus }
      let sorted = values.sorted()
      for place in stride(from: 0, to: 200, by: 13) {
        var part = values
        part.putInPlace(place, of: 0..<200)
        #expect(part[place] == sorted[place])
        #expect(part[..<place].allSatisfy { $0 <= part[place] })
        #expect(part[place...].allSatisfy { $0 >= part[place] })
      }
    }
  }

  @Test("names are the same when their bytes are")
  func names() {
    let composed = "\u{e9}t\u{e9} \(1)", decomposed = "e\u{301}t\u{e9} \(1)"
    #expect(composed == decomposed && !composed.hasSameBytes(as: decomposed))
    for text in ["", "a", "echo", "fifteen letters", "a name that has no room in a String itself", composed] {
      #expect(text.hasSameBytes(as: String(decoding: Array(text.utf8), as: UTF8.self)))
      #expect(!text.hasSameBytes(as: text + "x") && !(text + "y").hasSameBytes(as: text + "x"))
    }
  }
}
