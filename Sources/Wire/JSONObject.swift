import CJansson
public import Glomers

/// A JSON object in a document's memory: valid until its document parses again.
///
/// The accessors throw ``WireError/malformed(_:)`` for a member that is missing or of another kind, and
/// ``WireError/tooLarge(_:)`` for an integer beyond 64 bits. To the optional ones a member that is null is as good as
/// missing; to those of arrays it is an empty array.
@safe
public struct JSONObject {
  let view: View

  /// The number of members.
  public var count: Int { view.place.count }

  /// The member of that name, whatever it is.
  public func optionalElement(_ key: String) -> JSONElement? {
    view.place.member(key).map { JSONElement(view: view.at($0)) }
  }

  /// The member of that name, whatever it is.
  public func element(_ key: String) throws(WireError) -> JSONElement {
    guard let found = optionalElement(key) else { throw missing(key) }
    return found
  }

  /// A copy of the member of that name, whatever it is. Nil only if there is none: null is a value.
  public func optionalValue(_ key: String) -> JSON? { view.place.member(key)?.value }

  /// A copy of the member of that name, whatever it is.
  public func value(_ key: String) throws(WireError) -> JSON { try place(key).value }

  /// The member of that name, whatever it is, as its text.
  public func text(_ key: String) throws(WireError) -> JSONText {
    view.document.text(try place(key))
  }

  /// The text of a string; half of a surrogate pair becomes U+FFFD.
  public func string(_ key: String) throws(WireError) -> String {
    guard let value = try optionalString(key) else { throw missing(key) }
    return value
  }

  /// A string as a name.
  public func name(_ key: String) throws(WireError) -> JSONName {
    guard let found = try find(key, .string) else { throw missing(key) }
    return view.document.name(found)
  }

  /// The text of a string; nil for null or nothing.
  public func optionalString(_ key: String) throws(WireError) -> String? {
    guard let found = try find(key, .string) else { return nil }
    return view.document.string(found)
  }

  /// An integer; a real is none.
  public func integer(_ key: String) throws(WireError) -> Int {
    guard let value = try optionalInteger(key) else { throw missing(key) }
    return value
  }

  /// An integer; nil for null or nothing.
  public func optionalInteger(_ key: String) throws(WireError) -> Int? {
    guard let found = try find(key, .integer) else { return nil }
    return found.integer
  }

  /// A boolean.
  public func bool(_ key: String) throws(WireError) -> Bool {
    guard let value = try optionalBool(key) else { throw missing(key) }
    return value
  }

  /// A boolean; nil for null or nothing.
  public func optionalBool(_ key: String) throws(WireError) -> Bool? {
    guard let found = view.place.member(key) else { return nil }
    switch found.kind {
    case .true: return true
    case .false: return false
    case .null: return nil
    case let other: throw wrong(key, other, .true)
    }
  }

  /// An object, as a view.
  public func object(_ key: String) throws(WireError) -> JSONObject {
    guard let value = try optionalObject(key) else { throw missing(key) }
    return value
  }

  /// An object, as a view; nil for null or nothing.
  public func optionalObject(_ key: String) throws(WireError) -> JSONObject? {
    try find(key, .object).map { JSONObject(view: view.at($0)) }
  }

  /// An array, as a view. Null is an empty one, as it is to Maelstrom: Go writes a slice that nobody has made so.
  public func array(_ key: String) throws(WireError) -> JSONArray {
    let found = try place(key)
    let kind = found.kind
    guard kind == .array || kind == .null else { throw wrong(key, kind, .array) }
    return JSONArray(view: view.at(found))
  }

  /// An array, as a view; nil for null or nothing.
  public func optionalArray(_ key: String) throws(WireError) -> JSONArray? {
    try find(key, .array).map { JSONArray(view: view.at($0)) }
  }

  /// Copies of the elements of an array, whatever they are.
  public func values(_ key: String) throws(WireError) -> [JSON] {
    try elements(key) { (element) throws(WireError) in element.value }
  }

  /// The elements of an array of nothing but integers.
  public func integers(_ key: String) throws(WireError) -> [Int] {
    try elements(key) { (element) throws(WireError) in
      guard element.kind == .integer else { throw mixed(key, element.kind, "integers") }
      return element.integer
    }
  }

  /// The elements of an array of nothing but integers; nil if there is no such member.
  package func integerList(_ key: String) -> [Int]? {
    guard case .tape(let found) = view.place.member(key) else { return nil }
    return found.integers
  }

  /// The elements of an array of nothing but strings.
  public func strings(_ key: String) throws(WireError) -> [String] {
    try elements(key) { (element) throws(WireError) in
      guard element.kind == .string else { throw mixed(key, element.kind, "strings") }
      return view.document.string(element)
    }
  }

  /// The elements of an array of nothing but strings as names, appended to others.
  public func names(_ key: String, into names: inout [JSONName]) throws(WireError) {
    try elements(key, into: &names) { (element) throws(WireError) in
      guard element.kind == .string else { throw mixed(key, element.kind, "strings") }
      return view.document.name(element)
    }
  }

  /// Hands out the members as long as they are integers, in the order of the line. Returns the name of the first that is
  /// none.
  public func eachInteger(_ body: (_ name: JSONName, _ value: Int) -> Void) -> JSONName? {
    guard case .tape(let object) = view.place else {
      for (name, element) in namedMembers {
        guard let value = element.integer else { return name }
        body(name, value)
      }
      return nil
    }
    // Without a view of each.
    var key = object.first
    for _ in 0..<object.count {
      let value = key.first
      let name = JSONName(stored: view.document.string(key))
      guard value.kind == .integer else { return name }
      body(name, value.integer)
      key = value.next
    }
    return nil
  }

  /// The values of the members, if these are so many integers with these names, in this order; nil otherwise. Makes no names.
  package func integers(count expected: Int, named name: (_ place: Int) -> String) -> [Int]? {
    guard case .tape(let object) = view.place, object.count == expected else { return nil }
    var values: [Int] = []
    values.reserveCapacity(expected)
    var key = object.first
    for place in 0..<expected {
      let value = key.first
      guard value.kind == .integer, key.isText(name(place)) else { return nil }
      values.append(value.integer)
      key = value.next
    }
    return values
  }

  /// Each member once, in the order of the line. Half of a surrogate pair stands in a key as its escape.
  public var members: Members { Members(object: self) }

  /// Each member once, in the order of the line, by its name.
  public var namedMembers: NamedMembers { NamedMembers(members: members) }

  /// The members of an object, by their names.
  public struct NamedMembers: Sequence, IteratorProtocol {
    fileprivate var members: Members

    public mutating func next() -> (name: JSONName, value: JSONElement)? {
      members.advance().map { ($0.key.name, $0.value) }
    }
  }

  /// The members of an object.
  @safe
  public struct Members: Sequence, IteratorProtocol {
    fileprivate enum Key {
      case tape(String)
      case tree(JSONName)

      var name: JSONName {
        switch self {
        // The fast path has no keys with escapes.
        case .tape(let key): JSONName(stored: key)
        case .tree(let name): name
        }
      }

      var text: String {
        switch self {
        case .tape(let key): key
        case .tree(let name): name.description
        }
      }
    }

    private let object: JSONObject
    private var position: Position

    private enum Position {
      case key(UInt32, left: Int)
      case iterator(UnsafeMutableRawPointer?)
    }

    init(object: JSONObject) {
      self.object = object
      switch object.view.place {
      case .tape(let value): position = .key(value.first.index, left: value.count)
      case .tree(let value): position = .iterator(json_object_iter(value.handle))
      }
    }

    public mutating func next() -> (key: String, value: JSONElement)? {
      advance().map { ($0.key.text, $0.value) }
    }

    fileprivate mutating func advance() -> (key: Key, value: JSONElement)? {
      let view = object.view
      switch (view.place, position) {
      case (.tape(let object), .key(let index, let left)):
        guard left > 0 else { return nil }
        let key = object.at(index)
        let value = key.first
        position = .key(value.next.index, left: left - 1)
        return (.tape(view.document.string(key)), JSONElement(view: view.at(.tape(value))))
      case (.tree(let object), .iterator(let current?)):
        position = .iterator(json_object_iter_next(object.handle, current))
        let value = TreeValue(json_object_iter_value(current))
        return (.tree(JSONName(at: current)), JSONElement(view: view.at(.tree(value))))
      default: return nil
      }
    }
  }

  // MARK: Looking up

  private func place(_ key: String) throws(WireError) -> Place {
    guard let found = view.place.member(key) else { throw missing(key) }
    return found
  }

  /// The member if it is of that kind, nil if it is missing or null.
  private func find(_ key: String, _ kind: Kind) throws(WireError) -> Place? {
    guard let found = view.place.member(key) else { return nil }
    let actual = found.kind
    if actual == kind { return found }
    if actual == .null { return nil }
    if kind == .integer, JSONElement(view: view.at(found)).isInteger {
      throw .tooLarge("\(key) must be an integer of 64 bits")
    }
    throw wrong(key, actual, kind)
  }

  private func elements<Element>(
    _ key: String, _ read: (Place) throws(WireError) -> Element
  ) throws(WireError) -> [Element] {
    var elements: [Element] = []
    try self.elements(key, into: &elements, read)
    return elements
  }

  private func elements<Element>(
    _ key: String, into elements: inout [Element], _ read: (Place) throws(WireError) -> Element
  ) throws(WireError) {
    let array = try array(key)
    elements.reserveCapacity(elements.count + array.count)
    for element in array { elements.append(try read(element.view.place)) }
  }

  private func missing(_ key: String) -> WireError { .malformed("\(key) is missing") }

  private func wrong(_ key: String, _ found: Kind, _ expected: Kind) -> WireError {
    .malformed("\(key) must be \(expected.name), not \(found.name)")
  }

  private func mixed(_ key: String, _ element: Kind, _ expected: StaticString) -> WireError {
    .malformed("\(key) must hold only \(expected), not \(element.name)")
  }
}
