import Glomers
import Support
import Lab
@testable import History

/// Jepsen's set-full, word for word and as slow: every read updates every element. The twin of `SetFull`.
enum LiteralSetFull {
  struct Element {
    var known: Operation?
    var lastPresent: Operation?
    var lastAbsent: Operation?

    private var isStable: Bool {
      lastPresent != nil && (lastAbsent?.index ?? -1) < lastPresent!.index
    }

    private var isLost: Bool {
      known != nil && lastAbsent != nil && (lastPresent?.index ?? -1) < lastAbsent!.index
        && known!.index < lastAbsent!.index
    }

    var outcome: String { isStable ? "stable" : isLost ? "lost" : "never-read" }

    var stableLatency: Int? {
      guard isStable else { return nil }
      let stableTime = lastAbsent.map { $0.time.nanoseconds + 1 } ?? 0
      return Int(max(stableTime - known!.time.nanoseconds, 0) / 1_000_000)
    }

    var lostLatency: Int? {
      guard isLost else { return nil }
      let lostTime = lastPresent.map { $0.time.nanoseconds + 1 } ?? 0
      return Int(max(lostTime - known!.time.nanoseconds, 0) / 1_000_000)
    }
  }

  static func elements(of history: History) -> [JSON: Element] {
    var elements: [JSON: Element] = [:]
    for operation in history.operations where operation.isClient {
      switch (operation.function, operation.kind) {
      case ("broadcast", .invoke):
        elements[operation.value] = Element()
      case ("broadcast", .ok):
        if elements[operation.value]!.known == nil { elements[operation.value]!.known = operation }
      case ("read", .ok):
        let invocation = history.invocation(of: operation.index)!
        let shown = Set(operation.value.array!)
        for value in elements.keys {
          var element = elements[value]!
          if shown.contains(value) {
            if element.known == nil { element.known = operation }
            if element.lastPresent == nil || element.lastPresent!.index < invocation.index {
              element.lastPresent = invocation
            }
          } else if element.lastAbsent == nil || element.lastAbsent!.index < invocation.index {
            element.lastAbsent = invocation
          }
          elements[value] = element
        }
      default: break
      }
    }
    return elements
  }
}

/// Short histories in which much goes wrong: overlapping reads, values that come, go, come twice or from nowhere,
/// and values that are sent again. With odd seeds nodes mostly show what they have shown before, and new values behind that.
enum RandomSetHistory {
  static func made(seed: UInt64) -> History {
    var random = Random(seed: seed)
    let clients = Int.random(in: 1...5, using: &random)
    let values = Int.random(in: 1...12, using: &random)
    var busy: [Int: String] = [:]
    let grows = seed % 2 == 1
    var shownBefore: [Int: [Int]] = [:]
    return RecordedHistory.made { recorded in
      for _ in 0..<Int.random(in: 0...80, using: &random) {
        recorded.clock += .microseconds(Int.random(in: 0...4000, using: &random))
        let client = Int.random(in: 0..<clients, using: &random)
        switch busy.removeValue(forKey: client) {
        case nil:
          let reads = Bool.random(using: &random)
          let value: JSON = .integer(Int.random(in: 0..<values, using: &random))
          recorded.begin(client, reads ? "read" : "broadcast", reads ? .null : value)
          busy[client] = reads ? "read" : "broadcast"
        case "read"?:
          var shown = (0..<values + 1).filter { _ in Int.random(in: 0..<4, using: &random) > 0 }
          if grows {
            let before = shownBefore[client] ?? []
            shown = before + shown.filter { !before.contains($0) }.shuffled(using: &random).prefix(2)
            if !shown.isEmpty, Int.random(in: 0..<8, using: &random) == 0 {
              shown.remove(at: shown.indices.randomElement(using: &random)!)
            }
            shownBefore[client] = shown
          }
          let again = shown.filter { _ in Int.random(in: 0..<20, using: &random) == 0 }
          let isOk = Int.random(in: 0..<5, using: &random) > 0
          recorded.end(client, isOk ? .ok : .fail, isOk ? .array((shown + again).map { .integer($0) }) : nil)
        default:
          recorded.end(client, [.ok, .ok, .info, .fail].randomElement(using: &random)!)
        }
      }
    }
  }
}
