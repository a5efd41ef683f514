import ArgumentParser
import Foundation
import Lab
import Workbench
import History
import Checkers

/// From the text of an option to its value; the errors say what would be right.
enum Parse {
  @Sendable static func workload(_ text: String) throws -> Workload {
    guard let workload = Workload(rawValue: text) else {
      throw ValidationError("choose \(listed(Workload.allCases.map(\.rawValue)))")
    }
    return workload
  }

  @Sendable static func consistencyModels(_ text: String) throws -> [String] {
    let models = try words(text)
    let unknown = ConsistencyModel.unknown(among: models)
    guard unknown.isEmpty else {
      throw ValidationError(
        "there is no model \(listed(unknown)); choose among \(listed(ConsistencyModel.names))")
    }
    return models
  }

  /// Names with commas between them, or `all`.
  @Sendable static func demands(_ text: String) throws -> Set<Demand> {
    if text == "all" { return Set(Demand.allCases) }
    let demands = try words(text).map { name in
      guard let demand = Demand(rawValue: name) else {
        throw ValidationError("there is no demand '\(name)'; choose among \(listed(Demand.names))")
      }
      return demand
    }
    return Set(demands)
  }

  @Sendable static func faults(_ text: String) throws -> Set<Scenario.Fault> {
    var faults: Set<Scenario.Fault> = []
    for name in try words(text) {
      guard let fault = Scenario.Fault(rawValue: name) else {
        let names = listed(Scenario.Fault.allCases.map(\.rawValue))
        throw ValidationError("the faults are \(names); separate them by commas")
      }
      faults.insert(fault)
    }
    return faults
  }

  /// `a,b`, `a, b` or `a , b`.
  @Sendable static func words(_ text: String) throws -> [String] {
    text.split(separator: ",", omittingEmptySubsequences: false).map {
      $0.trimmingCharacters(in: .whitespaces)
    }
  }

  /// What a file has, a line each; blank lines don't count.
  @Sendable static func lines(_ path: String) throws -> [String] {
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
      throw ValidationError("there is no file \(path) that can be read as text")
    }
    return text.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }
      .filter { !$0.isEmpty }
  }

  @Sendable static func concurrency(_ text: String) throws -> Scenario.Concurrency {
    let perNode = text.hasSuffix("n")
    let digits = perNode ? text.dropLast() : text[...]
    guard !digits.isEmpty, digits.allSatisfy({ $0.isASCII && $0.isNumber }), let number = Int(digits),
      (1...100_000).contains(number)
    else { throw ValidationError("give a positive number, or one followed by n, like 10 or 2n") }
    return perNode ? .perNode(number) : .clients(number)
  }

  @Sendable static func availability(_ text: String) throws -> Availability {
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
      throw ValidationError("give a positive whole number, a million at most")
    }
    return value
  }

  @Sendable static func port(_ text: String) throws -> UInt16 {
    guard let value = UInt16(text), value > 0 else { throw ValidationError("give a port from 1 to 65535") }
    return value
  }

  @Sendable static func recordLimit(_ text: String) throws -> Int {
    guard let value = Int(text), (0...65_536).contains(value) else {
      throw ValidationError("give a whole number of MiB, from 0 to 65536")
    }
    return value
  }

  /// As much as anybody can mean, where nothing is reserved for it.
  @Sendable static func positiveCount(_ text: String) throws -> Int {
    guard let value = Int(text), (1...Int(Int32.max)).contains(value) else {
      throw ValidationError("give a positive whole number, \(Int32.max) at most")
    }
    return value
  }

  /// Requests a second.
  @Sendable static func rate(_ text: String) throws -> Double {
    guard let value = Double(text), (0...1e6).contains(value) else {
      throw ValidationError("give a number, 0 or greater, a million at most")
    }
    return value
  }

  @Sendable static func seed(_ text: String) throws -> UInt64 {
    guard let seed = UInt64(text) else {
      throw ValidationError("give a whole number from 0 to \(UInt64.max)")
    }
    return seed
  }

  /// `7`, or `1..1000`.
  @Sendable static func seeds(_ text: String) throws -> ClosedRange<UInt64> {
    let ends = text.components(separatedBy: "..").map { UInt64($0) }
    guard let first = ends.first ?? nil, let last = ends.last ?? nil, ends.count <= 2, first <= last,
      last - first < 10_000_000
    else { throw ValidationError("give a seed, or the first and the last, like 1..1000") }
    return first...last
  }

  /// Seconds, above 0. The limit keeps sums of instants within 64 bits.
  @Sendable static func seconds(_ text: String) throws -> Duration {
    let most = 31_536_000.0
    guard let value = Double(text), value > 0, value <= most else {
      throw ValidationError("give a positive number of seconds, a year (\(Int(most))) at most")
    }
    return .nanoseconds(Int64((value * 1e9).rounded(.up)))
  }

  /// Milliseconds, or none.
  @Sendable static func milliseconds(_ text: String) throws -> Duration {
    let most = 3_600_000.0
    guard let value = Double(text), (0...most).contains(value) else {
      throw ValidationError("give a number of milliseconds, 0 or greater, an hour (\(Int(most))) at most")
    }
    return .nanoseconds(Int64((value * 1e6).rounded()))
  }

  @Sendable static func namedRun(_ name: String) throws -> NamedRun {
    if let run = NamedRun.named(name) { return run }
    if name.contains("/") || name.contains(".") {
      throw ValidationError("\(name) is no challenge; a program of yours is given as --bin \(name)")
    }
    throw ValidationError("there is no run \(name); there are \(listed(NamedRun.all.map(\.name)))")
  }

  /// `a`, `a or b`, `a, b or c`.
  static func listed(_ words: [String]) -> String {
    guard words.count > 1 else { return words.first ?? "" }
    return words.dropLast().joined(separator: ", ") + " or " + words[words.count - 1]
  }
}
