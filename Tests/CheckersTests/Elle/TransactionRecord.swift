import Glomers
import Support
import Lab
@testable import History
@testable import Checkers

/// Builds a history of transactions from their texts: `r:x=1 w:y=2 a:z=3` reads 1 from x, writes 2 to y and appends 3
/// to z; `r:x=` reads null and `r:x=[1,2]` a list.
struct TransactionRecord {
  private var recorded = RecordedHistory()
  private var texts: [Int: String] = [:]

  var history: History { recorded.history }

  @discardableResult
  mutating func begin(_ client: Int, _ text: String, node: NodeID? = nil, isFinal: Bool = false) -> Int {
    texts[client] = text
    return recorded.begin(client, "txn", Self.value(text, isAnswer: false), node: node, isFinal: isFinal)
  }

  /// Ends what the client has begun, in the way that its text has it, or another one.
  @discardableResult
  mutating func end(_ client: Int, _ kind: Operation.Kind = .ok, answer: String? = nil) -> Int {
    let text = answer ?? texts.removeValue(forKey: client)!
    return recorded.end(client, kind, kind == .ok ? Self.value(text, isAnswer: true) : nil)
  }

  mutating func txn(
    _ client: Int, _ text: String, _ kind: Operation.Kind = .ok, node: NodeID? = nil, isFinal: Bool = false
  ) {
    begin(client, text, node: node, isFinal: isFinal)
    end(client, kind)
  }

  /// Transactions by clients of their own, one after the other.
  static func inTurn(_ texts: String...) -> History {
    var record = TransactionRecord()
    for (client, text) in texts.enumerated() { record.txn(client, text) }
    return record.history
  }

  /// Transactions by clients of their own, all at once.
  static func atOnce(_ texts: String...) -> History {
    var record = TransactionRecord()
    for (client, text) in texts.enumerated() { record.begin(client, text) }
    for client in texts.indices { record.end(client) }
    return record.history
  }

  static func made(_ make: (inout TransactionRecord) -> Void) -> History {
    var record = TransactionRecord()
    make(&record)
    return record.history
  }

  static func value(_ text: String, isAnswer: Bool) -> JSON {
    .array(
      text.split(separator: " ").map { word in
        let function = word.first! == "a" ? "append" : String(word.first!)
        let parts = word.dropFirst(2).split(separator: "=", omittingEmptySubsequences: false)
        let isHidden = function == "r" && !isAnswer
        return [.string(function), .string(String(parts[0])), isHidden ? .null : value(parts[1])]
      })
  }

  private static func value(_ text: Substring) -> JSON {
    if text.isEmpty { return .null }
    if text.first == "[" {
      return .array(text.dropFirst().dropLast().split(separator: ",").map { .integer(Int($0)!) })
    }
    return Int(text).map { .integer($0) } ?? .real(Double(text)!)
  }
}

extension Finding {
  /// What stands under `:anomaly-types`.
  var anomalyTypes: Set<String> {
    guard case .vector(let types)? = figures["anomaly-types"] else { return [] }
    return Set(types.map { String($0.text.dropFirst()) })
  }

  /// Names of our own anomalies that make a run invalid.
  var names: Set<String> { Set(anomalies.filter { $0.severity == .invalid }.map(\.name)) }

  var warnings: Set<String> { Set(anomalies.filter { $0.severity == .warning }.map(\.name)) }
}

extension TransactionChecker {
  static func registers(_ model: String) -> TransactionChecker { registers(models: [model]) }
  static func lists(_ model: String) -> TransactionChecker { lists(models: [model]) }
}
