import ArgumentParser
import Lab

/// From the text of an option to its value; the errors say what would be right.
enum Parse {
  /// Maelstrom's workloads and faults that are still to come: known, so that the error can say so.
  private static let laterWorkloads: Set = [
    "g-set", "g-counter", "pn-counter", "kafka", "lin-kv", "txn-rw-register", "txn-list-append",
  ]
  private static let laterFaults: Set = ["kill", "pause"]

  @Sendable static func workload(_ text: String) throws -> Workload {
    if let workload = Workload(rawValue: text) { return workload }
    let exists = "choose \(listed(Workload.allCases.map(\.rawValue)))"
    throw ValidationError(
      laterWorkloads.contains(text) ? "Maelstrom has it, this bench has not yet; \(exists)" : exists)
  }

  @Sendable static func faults(_ text: String) throws -> Set<Scenario.Fault> {
    var faults: Set<Scenario.Fault> = []
    for word in text.split(separator: ",", omittingEmptySubsequences: false) {
      let name = word.drop { $0 == " " }.description
      if let fault = Scenario.Fault(rawValue: name) {
        faults.insert(fault)
        continue
      }
      let exists = "the faults are \(listed(Scenario.Fault.allCases.map(\.rawValue)))"
      throw ValidationError(
        laterFaults.contains(name)
          ? "this bench has no \(name) yet; \(exists)" : "\(exists); separate them by commas")
    }
    return faults
  }

  @Sendable static func concurrency(_ text: String) throws -> Scenario.Concurrency {
    let perNode = text.hasSuffix("n")
    let digits = perNode ? text.dropLast() : text[...]
    guard !digits.isEmpty, digits.allSatisfy({ $0.isASCII && $0.isNumber }), let number = Int(digits),
      (1...100_000).contains(number)
    else { throw ValidationError("give a positive number, or one followed by n, like 10 or 2n") }
    return perNode ? .perNode(number) : .clients(number)
  }

  @Sendable static func availability(_ text: String) throws -> Scenario.Availability {
    if text == "total" { return .total }
    guard let share = Double(text), (0...1).contains(share) else {
      throw ValidationError("give total, or a number from 0 to 1")
    }
    return .fraction(share)
  }

  /// A value of an enumeration, by its name.
  @Sendable static func choice<Choice: RawRepresentable & CaseIterable>(_ text: String) throws -> Choice
  where Choice.RawValue == String {
    guard let choice = Choice(rawValue: text) else {
      throw ValidationError("choose \(listed(Choice.allCases.map(\.rawValue)))")
    }
    return choice
  }

  @Sendable static func positiveInteger(_ text: String) throws -> Int {
    guard let value = Int(text), (1...1_000_000).contains(value) else {
      throw ValidationError("give a positive whole number")
    }
    return value
  }

  @Sendable static func positiveNumber(_ text: String) throws -> Double {
    guard let value = Double(text), value.isFinite, value > 0, value <= 1e9 else {
      throw ValidationError("give a positive number")
    }
    return value
  }

  @Sendable static func nonNegativeNumber(_ text: String) throws -> Double {
    guard let value = Double(text), value.isFinite, value >= 0, value <= 1e9 else {
      throw ValidationError("give a number, 0 or greater")
    }
    return value
  }

  /// `a`, `a or b`, `a, b or c`.
  static func listed(_ words: [String]) -> String {
    guard words.count > 1 else { return words.first ?? "" }
    return words.dropLast().joined(separator: ", ") + " or " + words[words.count - 1]
  }
}
