import Glomers
import Testing

@testable import History
@testable import Checkers

@Suite("Lists by number")
struct ListTableTests {
  @Test(
    "equal lists of a key have equal numbers, different ones different numbers, and each number gives its list"
  )
  func twin() {
    var random = Random(seed: 3)
    for _ in 0..<20 {
      var (table, numbers) = (ListTable(), VersionNumbers())
      var known: [(key: Int, list: [Int], number: Int)] = []
      for _ in 0..<40 {
        let key = Int.random(in: 0...1, using: &random)
        let count = Int.random(in: 0...6, using: &random)
        var list = Array(1..<(count + 1))
        // Now and then one that does not go with the others.
        if count > 0, Int.random(in: 0..<4, using: &random) == 0 {
          list[.random(in: 0..<count, using: &random)] = 9
        }
        let isPlain = Bool.random(using: &random)
        let versions = list.map { Int32(numbers.number(of: .integer($0), key)) }
        let number =
          isPlain
          ? table.number(of: list, ofKey: key, &numbers) : table.number(of: versions, ofKey: key)
        for other in known where other.key == key {
          #expect((other.number == number) == (other.list == list))
        }
        known.append((key, list, number))
        for (key, list, number) in known {
          #expect(table[number, ofKey: key].map { numbers.value(of: Int($0)).integer } == list)
        }
      }
    }
  }

  @Test("1 and 1.0 are one version, and one key")
  func numericForm() {
    var numbers = VersionNumbers()
    #expect(numbers.number(ofKey: 1) == numbers.number(ofKey: 1.0))
    #expect(numbers.number(of: 2.0, 0) == numbers.number(of: 2, 0))
    #expect(numbers.number(of: "2", 0) != numbers.number(of: 2, 0) && numbers.number(of: 2, 1) == 2)
    #expect(numbers.count == 3 && numbers.key(of: 2) == 1 && numbers.value(of: 1) == "2")
  }

  /// What the definitions say of the lists that transactions show, word for word: the indices of their completions.
  private struct Literal {
    var aborted: Set<Int> = []
    var duplicated: Set<Int> = []
    var phantoms: Set<Int> = []

    init(_ history: History) {
      var writers: [JSON: (begin: Int, kind: Operation.Kind?)] = [:]
      for begun in history.operations where begun.kind == .invoke {
        for micro in begun.value.array! where micro.array![0] == "append" {
          writers[.array(Array(micro.array![1...]))] = (
            begun.index, history.completion(of: begun.index)?.kind
          )
        }
      }
      for done in history.operations where done.kind == .ok {
        for micro in done.value.array! where micro.array![0] == "r" {
          let list = micro.array![2].array ?? []
          if Set(list).count < list.count { duplicated.insert(done.index) }
          for element in list {
            let writer = writers[[micro.array![1], element]]
            if writer?.kind == .fail { aborted.insert(done.index) }
            if writer?.begin ?? .max > done.index { phantoms.insert(done.index) }
          }
        }
      }
    }
  }

  @Test("aborted reads, repeated elements and phantoms are those of the definition")
  func directAnomalies() {
    var met = (0, 0, 0)
    for seed in 0..<60 {
      var random = Random(seed: UInt64(seed))
      var record = TransactionRecord()
      var appended = 0
      var order = Array(1...8)
      if Bool.random(using: &random) { order.swapAt(2, 5) }
      if Bool.random(using: &random) { order[2] = 1 }
      for number in 0..<7 {
        let word: String
        if Bool.random(using: &random) {
          appended += 1
          word = "a:x=\(appended)"
        } else {
          var list = Array(order.prefix(Int.random(in: 0...min(8, appended + 1), using: &random)))
          if Int.random(in: 0..<6, using: &random) == 0 { list.shuffle(using: &random) }
          word = "r:x=[\(list.map(String.init).joined(separator: ","))]"
        }
        record.txn(number, word, Int.random(in: 0..<5, using: &random) == 0 ? .fail : .ok)
      }
      let history = record.history
      let literal = Literal(history)
      let finding = TransactionChecker.lists("read-committed").check(history)
      func found(_ name: String, _ end: (Anomaly) -> Int) -> Set<Int> {
        Set(finding.anomalies.filter { $0.name == name }.map(end))
      }
      #expect(found("duplicate-elements") { $0.operations[1] } == literal.duplicated, "seed \(seed)")
      #expect(found("phantom-value") { $0.operations[1] } == literal.phantoms, "seed \(seed)")
      // The reader is one of two transactions.
      let aborted = finding.anomalies.filter { $0.name == "G1a" }
      #expect(aborted.count == literal.aborted.count, "seed \(seed)")
      #expect(aborted.allSatisfy { !literal.aborted.isDisjoint(with: $0.operations) }, "seed \(seed)")
      met = (met.0 + literal.aborted.count, met.1 + literal.duplicated.count, met.2 + literal.phantoms.count)
    }
    #expect(met.0 > 1 && met.1 > 1 && met.2 > 1)
  }
}
