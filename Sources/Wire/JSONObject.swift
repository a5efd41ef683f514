import CJansson
public import Glomers

/// A JSON object in a document's memory: valid until its document parses again.
///
/// The accessors throw ``WireError/malformed(_:)`` for a member that is missing or of another kind. To the
/// optional ones a member that is null is as good as missing.
@safe
public struct JSONObject {
  let view: View

  /// The number of members.
  public var count: Int { json_object_size(view.handle) }

  /// The member of that name, whatever it is.
  public func optionalElement(_ key: String) -> JSONElement? {
    find(key).map { JSONElement(view: view.at($0)) }
  }

  /// The member of that name, whatever it is.
  public func element(_ key: String) throws(WireError) -> JSONElement {
    guard let found = optionalElement(key) else { throw missing(key) }
    return found
  }

  /// A copy of the member of that name, whatever it is. Nil only if there is none: null is a value.
  public func optionalValue(_ key: String) -> JSON? { find(key)?.value }

  /// A copy of the member of that name, whatever it is.
  public func value(_ key: String) throws(WireError) -> JSON { try element(key).value }

  /// The text of a string.
  public func string(_ key: String) throws(WireError) -> String {
    guard let value = try optionalString(key) else { throw missing(key) }
    return value
  }

  /// The text of a string; nil for null or nothing.
  public func optionalString(_ key: String) throws(WireError) -> String? {
    guard let found = try find(key, JSON_STRING, "a string") else { return nil }
    return found.text
  }

  /// An integer; a real is none.
  public func integer(_ key: String) throws(WireError) -> Int {
    guard let value = try optionalInteger(key) else { throw missing(key) }
    return value
  }

  /// An integer; nil for null or nothing.
  public func optionalInteger(_ key: String) throws(WireError) -> Int? {
    guard let found = try find(key, JSON_INTEGER, "an integer") else { return nil }
    return found.integer
  }

  /// A boolean.
  public func bool(_ key: String) throws(WireError) -> Bool {
    guard let value = try optionalBool(key) else { throw missing(key) }
    return value
  }

  /// A boolean; nil for null or nothing.
  public func optionalBool(_ key: String) throws(WireError) -> Bool? {
    guard let element = optionalElement(key), !element.isNull else { return nil }
    guard let value = element.bool else { throw wrong(key, element.view.handle, "a boolean") }
    return value
  }

  /// An object, as a view.
  public func object(_ key: String) throws(WireError) -> JSONObject {
    guard let value = try optionalObject(key) else { throw missing(key) }
    return value
  }

  /// An object, as a view; nil for null or nothing.
  public func optionalObject(_ key: String) throws(WireError) -> JSONObject? {
    try find(key, JSON_OBJECT, "an object").map { JSONObject(view: view.at($0)) }
  }

  /// An array, as a view.
  public func array(_ key: String) throws(WireError) -> JSONArray {
    guard let value = try optionalArray(key) else { throw missing(key) }
    return value
  }

  /// An array, as a view; nil for null or nothing.
  public func optionalArray(_ key: String) throws(WireError) -> JSONArray? {
    try find(key, JSON_ARRAY, "an array").map { JSONArray(view: view.at($0)) }
  }

  /// Copies of the elements of an array, whatever they are.
  public func values(_ key: String) throws(WireError) -> [JSON] {
    try elements(key) { (element) throws(WireError) in element.value }
  }

  /// The elements of an array of nothing but integers.
  public func integers(_ key: String) throws(WireError) -> [Int] {
    try elements(key) { (element) throws(WireError) in
      guard element.type == JSON_INTEGER else { throw mixed(key, element, "integers") }
      return element.integer
    }
  }

  /// The elements of an array of nothing but strings.
  public func strings(_ key: String) throws(WireError) -> [String] {
    try elements(key) { (element) throws(WireError) in
      guard element.type == JSON_STRING else { throw mixed(key, element, "strings") }
      return element.text
    }
  }

  /// Each member once, in the order of the line.
  public var members: Members { Members(object: self) }

  /// The members of an object.
  @safe
  public struct Members: Sequence, IteratorProtocol {
    private let object: JSONObject
    private var position: UnsafeMutableRawPointer?

    init(object: JSONObject) {
      self.object = object
      position = json_object_iter(object.view.handle)
    }

    public mutating func next() -> (key: String, value: JSONElement)? {
      let handle = object.view.handle
      guard let current = position else { return nil }
      position = json_object_iter_next(handle, current)
      return (.key(at: current), JSONElement(view: object.view.at(json_object_iter_value(current))))
    }
  }

  // MARK: Looking up

  private func find(_ key: String) -> Handle? {
    let handle = view.handle
    var key = key
    return key.withUTF8 { name in
      name.withMemoryRebound(to: CChar.self) { json_object_getn(handle, $0.baseAddress, $0.count) }
    }
  }

  /// The member if it is of that kind, nil if it is missing or null.
  private func find(_ key: String, _ type: json_type, _ expected: StaticString) throws(WireError) -> Handle? {
    guard let found = find(key) else { return nil }
    if found.type == type { return found }
    if found.type == JSON_NULL { return nil }
    throw wrong(key, found, expected)
  }

  private func elements<Element>(
    _ key: String, _ read: (Handle) throws(WireError) -> Element
  ) throws(WireError) -> [Element] {
    let array = try array(key).view.handle
    let count = json_array_size(array)
    var elements: [Element] = []
    elements.reserveCapacity(count)
    for index in 0..<count { elements.append(try read(json_array_get(array, index))) }
    return elements
  }

  private func missing(_ key: String) -> WireError { .malformed("\(key) is missing") }

  private func wrong(_ key: String, _ found: Handle, _ expected: StaticString) -> WireError {
    .malformed("\(key) must be \(expected), not \(found.kind)")
  }

  private func mixed(_ key: String, _ element: Handle, _ expected: StaticString) -> WireError {
    .malformed("\(key) must hold only \(expected), not \(element.kind)")
  }
}
