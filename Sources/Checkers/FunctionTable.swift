/// Gives functions small numbers, 0, 1, 2, … in the order in which they turn up: every operation of a history has one, and
/// they are few.
struct FunctionTable {
  private static let fewMax = 16

  private(set) var names: [String] = []
  /// Those after the first few, which are looked through faster than a dictionary finds one.
  private var others: [String: Int] = [:]

  mutating func number(of name: String) -> Int {
    for number in 0..<min(names.count, Self.fewMax) where names[number] == name { return number }
    if names.count > Self.fewMax, let number = others[name] { return number }
    if names.count >= Self.fewMax { others[name] = names.count }
    names.append(name)
    return names.count - 1
  }
}
