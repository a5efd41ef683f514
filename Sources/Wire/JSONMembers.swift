public import Glomers

/// Members of objects: a key and what follows it.
extension JSONWriter {
  /// A key and a string.
  @_disfavoredOverload
  public mutating func member(_ name: StaticString, _ value: String) {
    key(name)
    string(value)
  }

  /// A key and an integer.
  public mutating func member(_ name: StaticString, _ value: Int) {
    key(name)
    integer(value)
  }

  /// A key and a boolean.
  public mutating func member(_ name: StaticString, _ value: Bool) {
    key(name)
    bool(value)
  }

  /// A key and any value.
  @_disfavoredOverload
  public mutating func member(_ name: StaticString, _ value: JSON) {
    key(name)
    self.value(value)
  }

  /// A key and a value as it came.
  @_disfavoredOverload
  public mutating func member(_ name: StaticString, _ text: JSONText) {
    key(name)
    self.text(text)
  }

  /// A key and an array of any values.
  @_disfavoredOverload
  public mutating func member(_ name: StaticString, _ elements: [JSON]) {
    key(name)
    values(elements)
  }

  /// A key and an array of integers.
  public mutating func member(_ name: StaticString, _ elements: [Int]) {
    key(name)
    integers(elements)
  }

  /// A key and an array of strings.
  public mutating func member(_ name: StaticString, _ elements: [String]) {
    key(name)
    strings(elements)
  }

  /// A key and a string.
  @_disfavoredOverload
  public mutating func member(_ name: StaticString, _ value: JSONName) {
    key(name)
    string(value)
  }

  /// A key and an array of strings.
  @_disfavoredOverload
  public mutating func member(_ name: StaticString, _ elements: [JSONName]) {
    key(name)
    names(elements)
  }

  /// A key that is no constant, and an integer.
  @_disfavoredOverload
  public mutating func member(_ name: JSONName, _ value: Int) {
    key(name)
    integer(value)
  }

  /// A key that is no constant, and an integer.
  @_disfavoredOverload
  public mutating func member(_ name: String, _ value: Int) {
    key(name)
    integer(value)
  }

  /// A key that is no constant, and an array of strings.
  @_disfavoredOverload
  public mutating func member(_ name: String, _ elements: [String]) {
    key(name)
    strings(elements)
  }
}
