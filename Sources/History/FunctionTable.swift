import Glomers

/// Numbers for what operations do, in the order in which it turns up: one function mostly follows itself, and is then told
/// without a look into a dictionary.
package struct FunctionTable {
  package private(set) var names: [String] = []
  private var places: [String: Int] = [:]
  private var last = 0

  package init() {}

  /// The place of a function in ``names``.
  package mutating func place(of name: String) -> Int {
    if last < names.count, names[last].hasSameBytes(as: name) { return last }
    last = places[name, default: names.count]
    if last == names.count {
      places[name] = last
      names.append(name)
    }
    return last
  }
}
