import Testing

@testable import Wire

/// jansson's memory: none of these documents has a fast path.
@Suite("Arena")
struct ArenaTests {
  private let document = JSONDocument(usesTape: false)

  private func parse(_ text: String) throws -> JSONObject { try document.parse(Array(text.utf8)) }

  @Test("after the first line, ordinary lines take no memory from malloc")
  func steadyState() throws {
    _ = try parse(#"{"src":"c1","dest":"n0","body":{"type":"echo","echo":"one","msg_id":1}}"#)
    let first = document.statistics
    for number in 0..<10_000 {
      _ = try parse(
        #"{"src":"c1","dest":"n0","body":{"type":"echo","echo":"Please echo \#(number)","msg_id":\#(number)}}"#
      )
    }
    #expect(first.acquisitions == 1)
    #expect(document.statistics.acquisitions == 1)
    #expect(document.statistics.bytesReserved == first.bytesReserved)
    #expect(document.statistics.allocations > 10_000 * 10, "jansson does allocate from the arena")
  }

  @Test("lines of one size settle in one chunk")
  func mediumLines() throws {
    let text = #"{"messages":["# + (0..<5_000).map(String.init).joined(separator: ",") + "]}"
    _ = try parse(text)
    _ = try parse(text)
    let settled = document.statistics.acquisitions
    for _ in 0..<100 { #expect(try parse(text).array("messages").count == 5_000) }
    #expect(document.statistics.acquisitions == settled)
  }

  @Test("after a huge line the memory goes back")
  func hugeLine() throws {
    let text = #"{"messages":["# + String(repeating: "123456,", count: 500_000) + "7]}"
    #expect(try parse(text).array("messages").count == 500_001)
    #expect(document.statistics.bytesReserved > 12_000_000)
    _ = try parse("{}")
    #expect(document.statistics.bytesReserved <= 1 << 20)
    #expect(document.statistics.bytesUsed < 1_000)
  }

  @Test("a line that would take more than 256 MiB is refused, and the next one is read")
  func limit() throws {
    let text = #"{"a":["# + String(repeating: "{},", count: 2_000_000) + "0]}"
    #expect(throws: WireError.self) { try parse(text) }
    #expect(document.statistics.bytesReserved <= 256 << 20)
    #expect(try parse(#"{"a":1}"#).integer("a") == 1)
    #expect(document.statistics.bytesReserved <= 1 << 20)
  }

  @Test("a refused line leaves nothing behind")
  func refusedLines() throws {
    for _ in 0..<1_000 { #expect(throws: WireError.self) { try parse(#"{"a":[1,2,{"b":"text"#) } }
    #expect(document.statistics.acquisitions == 1)
    #expect(try parse(#"{"a":[1]}"#).integers("a") == [1])
  }

  @Test("documents on several threads do not meet")
  func threads() async {
    let sums = await withTaskGroup(of: Int.self) { group in
      for task in 0..<8 {
        group.addTask {
          let document = JSONDocument(usesTape: false)
          var sum = 0
          for number in 0..<2_000 {
            let text = #"{"task":\#(task),"numbers":[\#(number),1],"text":"\#(number)"}"#
            guard let object = try? document.parse(Array(text.utf8)),
              (try? object.integer("task")) == task, (try? object.string("text")) == String(number),
              let numbers = try? object.integers("numbers")
            else { return -1 }
            sum += numbers.reduce(0, +)
          }
          return sum
        }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    #expect(sums == Array(repeating: 2_000 * 1_999 / 2 + 2_000, count: 8))
  }
}
