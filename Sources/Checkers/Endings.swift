import Glomers
import History

/// How operations ended that did not succeed, for people.
struct Endings {
  private static let shownMax = 3
  private static let malformed = "indeterminate: Malformed RPC response"

  private struct Key: Hashable {
    let function: String
    let error: JSON
  }

  /// By function: how many operations began.
  private var begun: [String: Int] = [:]
  private var succeeded: Set<String> = []
  /// By function: in the order of how often they were met.
  private var causes: [String: [(error: JSON, count: Int)]] = [:]
  private var firstMalformed: Operation?
  private var malformedCount = 0

  init(_ history: History) {
    var counts: [Key: Int] = [:]
    let names = history.functionNames
    var functions = names.map { _ in (begun: 0, succeeded: 0) }
    for index in 0..<history.count where history.isClient(index) {
      let number = history.functionNumber(of: index)
      switch history.kind(of: index) {
      case .invoke: functions[number].begun += 1
      case .ok: functions[number].succeeded += 1
      case .fail, .info:
        let operation = history[index]
        counts[Key(function: operation.function, error: operation.error ?? .null), default: 0] += 1
        guard operation.error == .string(Self.malformed) else { continue }
        malformedCount += 1
        if firstMalformed == nil { firstMalformed = operation }
      }
    }
    for (name, function) in zip(names, functions) {
      begun[name, default: 0] += function.begun
      if function.succeeded > 0 { succeeded.insert(name) }
    }
    for (key, count) in counts {
      causes[key.function, default: []].append((key.error, count))
    }
    for function in causes.keys {
      causes[function]!.sort {
        $0.count == $1.count ? JSON.precedes($0.error, $1.error) : $0.count > $1.count
      }
    }
  }

  /// Of each function that never succeeded: `20 got no reply in time, 3 got error 11 (temporarily-unavailable): "no"`.
  var words: [String: String] {
    causes.filter { !succeeded.contains($0.key) }.mapValues(list)
  }

  /// Of the others, each by itself: `of 20 echo operations 3 got no reply in time`.
  var partialWords: [String] {
    causes.filter { succeeded.contains($0.key) }.sorted { $0.key < $1.key }.map { function, causes in
      "of \(begun[function, default: 0]) \(function) operations \(list(causes))"
    }
  }

  private func list(_ causes: [(error: JSON, count: Int)]) -> String {
    var words = causes.prefix(Self.shownMax).map { "\($0.count) \(describe($0.error))" }
    let others = causes.dropFirst(Self.shownMax).reduce(0) { $0 + $1.count }
    if others > 0 { words.append("\(others) ended otherwise") }
    return words.joined(separator: ", ")
  }

  /// What stands under `:exceptions`: malformed replies are exceptions to Maelstrom's clients. Always valid.
  var exceptions: EDN {
    guard let firstMalformed else { return ["valid?": true] }
    return [
      "valid?": true,
      "exceptions": [
        [
          "count": .integer(malformedCount), "class": "malformed-rpc-response",
          "example": bounded(firstMalformed).edn,
        ]
      ],
    ]
  }

  private func bounded(_ operation: Operation) -> Operation {
    var operation = operation
    operation.value = JSON(EDN(operation.value).bounded)
    return operation
  }

  private func describe(_ error: JSON) -> String {
    switch error {
    case "net-timeout": return "got no reply in time"
    case .string(Self.malformed): return "got a malformed reply"
    case .null: return "ended for unknown reasons"
    default: break
    }
    guard let parts = error.array, (2...3).contains(parts.count), let name = parts[0].string else {
      return "ended with \(EDN(error).shown)"
    }
    let text = parts[1] == "" ? "without a text" : EDN(parts[1]).shown
    let code =
      RPCError.code(named: name).map { "error \($0) (\(name))" }
      ?? (parts.count == 3
        ? "error \(EDN(parts[2]).shown), for which Maelstrom has no name"
        : "an error for which Maelstrom has no name")
    let hint = name == "not-supported" ? ", as if the node did not know this type of message" : ""
    return "got \(code), \(text)\(hint)"
  }
}
