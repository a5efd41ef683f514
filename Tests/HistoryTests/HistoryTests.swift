import Glomers
import Lab
import Support
import Testing
import Wire
@testable import History

@Suite("Histories")
struct HistoryTests {
  @Test("a completion belongs to the last invocation of its process")
  func pairing() {
    let history = RecordedHistory.made {
      $0.begin(0, "broadcast", 7)
      $0.begin(1, "read")
      $0.end(0)
      $0.end(1, .ok, [7])
      $0.begin(0, "read")
    }
    #expect(history.completion(of: 0)?.index == 2)
    #expect(history.completion(of: 1)?.index == 3)
    #expect(history.completion(of: 4) == nil)
    #expect(history.completion(of: 2) == nil)
    #expect(history.invocation(of: 3)?.index == 1)
    #expect(history.invocation(of: 2)?.index == 0)
    #expect(history.invocation(of: 0) == nil)
  }

  @Test("of the nemesis's infos the first begins and the second ends")
  func nemesisPairs() {
    let history = RecordedHistory.made {
      $0.nemesis("start-partition", "majority")
      $0.begin(0, "read")
      $0.nemesis("start-partition", ["isolated", ["n0": ["n1"]]])
      $0.nemesis("stop-partition")
    }
    #expect(history.completion(of: 0)?.index == 2)
    #expect(history.invocation(of: 2)?.index == 0)
    #expect(history.completion(of: 3) == nil)
  }

  @Test("operations come back as they were added: names to the byte, however many, and values of every kind")
  func kept() {
    // Two that look alike, and more than are looked through one by one.
    let functions = ["e\u{301}", "\u{e9}"] + (0..<40).map { "function \($0)" }
    let contents: [Operation.Content] = [
      .tree(["a", 1]), .integers([1, -2, .max]), .integers([]), .tree(nil),
    ]
    var history = History()
    var expected: [Operation] = []
    for round in 0..<3 {
      for (place, function) in functions.enumerated() {
        var operation = Operation(
          time: .milliseconds(place), kind: .invoke, process: .client(round * 1000 + place),
          function: function,
          node: place.isMultiple(of: 3) ? nil : NodeID("n\(place * 7)"), isFinal: place.isMultiple(of: 2))
        operation.content = contents[place % contents.count]
        operation.index = history.append(operation)
        expected.append(operation)
        operation.kind = .ok
        operation.function = functions[(place + round) % functions.count]
        operation.index = history.append(operation)
        expected.append(operation)
      }
    }
    #expect(Array(history.operations) == expected)
    for (index, operation) in expected.enumerated() {
      #expect(history.function(of: index).hasSameBytes(as: operation.function))
      #expect(history.functionNames[history.functionNumber(of: index)].hasSameBytes(as: operation.function))
      #expect(history.node(of: index) == operation.node)
      let integers: [Int]? = if case .integers(let integers) = operation.content { integers } else { nil }
      #expect(history.integers(of: index) == integers)
    }
    #expect(history.functionNames.count == functions.count)
  }

  @Test("names that look alike are told apart however many there are before them, and each stands once")
  func lookAlikes() {
    var history = History()
    let names = (0..<9).map { "f\($0)" } + ["caf\u{e9}", "cafe\u{301}", "caf\u{e9}", "cafe\u{301}"]
    for (place, name) in names.enumerated() {
      history.append(
        Operation(time: .zero, kind: .invoke, process: .client(place), function: name, node: NodeID(name)))
    }
    #expect(history.functionNames.count == 11)
    for (place, name) in names.enumerated() {
      #expect(history.function(of: place).hasSameBytes(as: name))
      #expect(history.node(of: place)!.name.hasSameBytes(as: name))
    }
  }

  @Test("any times have a duration between them")
  func wildTimes() {
    var history = History()
    for time in [Int64.min, .max, 0, 5] {
      history.append(
        Operation(
          time: .nanoseconds(time), kind: .info, process: .nemesis, function: "x"))
    }
    #expect(history.duration(from: 0, to: 1) == .max)
    #expect(history.duration(from: 1, to: 0) == .min)
    #expect(history.duration(from: 2, to: 3) == 5)
  }

  @Test("what a history is written as is the text of its operations")
  func writing() {
    let values: [JSON] = [
      nil, 5, "a\"b", ["r", 1, nil], [["append", 1, [2, ["x"]]], 7, []], ["b": [1], "a": nil], 1.5, true,
      JSON(number: "9223372036854775809"),
    ]
    var history = History()
    for (place, value) in values.enumerated() {
      for (number, function) in ["txn", "read", "send"].enumerated() {
        var operation = Operation(
          time: .milliseconds(place), kind: .invoke, process: .client(10 * place + number),
          function: function,
          value: value, node: "n1", isFinal: place.isMultiple(of: 2))
        history.append(operation)
        operation.kind = .fail
        operation.error = ["abort", value]
        operation.notes = ["z": value, "a": ["r", 1]]
        history.append(operation)
      }
      history.append(
        Operation(time: .zero, kind: .info, process: .nemesis, function: "start", value: value))
    }
    #expect(text(history.writeEDN) == history.operations.map { $0.edn.text + "\n" }.joined())
  }

  @Test("history.edn has a plain map a line, as Jepsen writes it")
  func edn() {
    let history = RecordedHistory.made {
      $0.begin(0, "broadcast", 3)
      $0.end(0)
      $0.begin(1, "read", isFinal: true)
      $0.end(1, .fail)
      $0.nemesis("start-partition", "majority")
      $0.nemesis("start-partition", ["isolated", ["n0": ["n1"]]])
    }
    let expected = """
      {:type :invoke, :f :broadcast, :value 3, :time 0, :process 0, :index 0}
      {:type :ok, :f :broadcast, :value 3, :time 1000000, :process 0, :index 1}
      {:type :invoke, :f :read, :value nil, :time 2000000, :process 1, :index 2, :final? true}
      {:type :fail, :f :read, :value nil, :time 3000000, :process 1, :index 3, :final? true}
      {:type :info, :f :start-partition, :value :majority, :time 4000000, :process :nemesis, :index 4}
      {:type :info, :f :start-partition, :value [:isolated {"n0" ["n1"]}], :time 5000000, :process :nemesis, :index 5}

      """
    #expect(text(history.writeEDN) == expected)
  }

  @Test("errors are keywords with a text, as in Maelstrom's histories")
  func errors() {
    var history = History()
    let read = Operation(
      time: .zero, kind: .invoke, process: .client(0), function: "read", value: .null, node: "n0")
    history.append(read)
    var failed = read
    failed.kind = .fail
    failed.error = ["temporarily-unavailable", "not \"now\""]
    history.append(failed)
    history.append(read)
    failed.error = "net-timeout"
    history.append(failed)
    let lines = text(history.writeEDN).split(separator: "\n")
    #expect(lines[1].hasSuffix(#":index 1, :error [:temporarily-unavailable "not \"now\""]}"#))
    #expect(lines[3].hasSuffix(":index 3, :error :net-timeout}"))
  }

  @Test(
    "what no keyword can be called stays a string, and is read back, whatever clients and the nemesis were told"
  )
  func sentences() throws {
    let texts = [
      "indeterminate: Malformed RPC response", "", ":x", "a,b", "not \"now\"", "(b)", "a@b", "back\\slash",
      "tab\t", "\u{7F}",
      "net-timeout", "é/x?", "error 10 (not-supported)",
    ]
    var history = History()
    for (place, text) in texts.enumerated() {
      var read = Operation(
        time: .zero, kind: .invoke, process: .client(place), function: "read", value: .null, node: "n0")
      history.append(read)
      read.kind = .info
      read.error = .string(text)
      history.append(read)
      history.append(
        Operation(
          time: .zero, kind: .info, process: .nemesis, function: "remove-member", value: ["n3": .string(text)]
        ))
    }
    let bytes = Array(text(history.writeEDN).utf8)
    let back = try History(readingEDN: bytes, .broadcast) { _ in "n0" }
    #expect(back.operations.map(\.error) == history.operations.map(\.error))
    #expect(back.operations.map(\.value) == history.operations.map(\.value))
    for (operation, line) in zip(history.operations, text(history.writeEDN).split(separator: "\n")) {
      #expect(operation.edn.text == line, "a tree has the same text")
    }
  }

  @Test("history.txt has process, type, function, value and error between tabs")
  func plainText() {
    var history = RecordedHistory.made {
      $0.begin(4, "broadcast", "x")
      $0.nemesis("stop-partition")
    }
    var crashed = history[0]
    crashed.kind = .info
    crashed.error = "net-timeout"
    history.append(crashed)
    #expect(
      text(history.writeText) == """
        4\t:invoke\t:broadcast\t"x"
        :nemesis\t:info\t:stop-partition\tnil
        4\t:info\t:broadcast\t"x"\t:net-timeout

        """)
  }

  @Test("a long history is written in pieces that make up the whole")
  func pieces() {
    let history = RecordedHistory.made {
      for value in 0..<2000 { $0.broadcast(0, .integer(value)) }
    }
    var pieces: [[UInt8]] = []
    history.writeEDN { pieces.append($0) }
    #expect(pieces.count > 1)
    let lines = String(decoding: pieces.joined(), as: UTF8.self).split(separator: "\n")
    #expect(lines.count == 4000)
    #expect(lines.last?.hasSuffix(":index 3999}") == true)
  }

  private func text(_ write: (([UInt8]) -> Void) -> Void) -> String {
    var bytes: [UInt8] = []
    write { bytes += $0 }
    return String(decoding: bytes, as: UTF8.self)
  }
}
