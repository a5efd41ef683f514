public import Glomers

/// A JSON value of any kind, in a document's memory: valid until its document parses again.
///
/// Each accessor is nil for a value of another kind; an integer is not a real, and a real not an integer.
@safe
public struct JSONElement {
  let view: View

  /// The value, if it is an integer.
  public var integer: Int? { the(.integer)?.integer }

  /// The value, if it is a real.
  public var real: Double? { the(.real)?.real }

  /// The value, if it is a boolean.
  public var bool: Bool? {
    switch view.place.kind {
    case .true: true
    case .false: false
    default: nil
    }
  }

  /// Whether the value is an integer, of 64 bits or more.
  public var isInteger: Bool {
    let place = view.place
    guard place.kind == .number else { return place.kind == .integer }
    return if case .literal(let literal) = place.value { literal.isInteger } else { false }
  }

  /// Whether the value is null.
  public var isNull: Bool { view.place.kind == .null }

  /// The text, if the value is a string; half of a surrogate pair becomes U+FFFD.
  public var string: String? { the(.string).map { view.document.string($0) } }

  /// The value as a name, if it is a string.
  public var name: JSONName? { the(.string).map { view.document.name($0) } }

  /// A view of the elements, if the value is an array.
  public var array: JSONArray? { the(.array) == nil ? nil : JSONArray(view: view) }

  /// A view of the elements, if the value is an array, or null: see ``JSONObject/array(_:)``.
  public var list: JSONArray? { isNull ? JSONArray(view: view) : array }

  /// A view of the members, if the value is an object.
  public var object: JSONObject? { the(.object) == nil ? nil : JSONObject(view: view) }

  /// The parts of an array of a string, an integer and an array; nil for any other value. Without a view of each.
  package var stringIntegerAndArray: (String, Int, JSONArray)? {
    switch view.place {
    case .tape(let array):
      guard array.kind == .array, array.count == 3 else { return nil }
      let string = array.first
      guard string.kind == .string else { return nil }
      let integer = string.next
      guard integer.kind == .integer else { return nil }
      let elements = integer.next
      guard elements.kind == .array else { return nil }
      return (view.document.string(string), integer.integer, JSONArray(view: view.at(.tape(elements))))
    case .tree:
      guard let array, array.count == 3, let string = array[0].string, let integer = array[1].integer,
        let elements = array[2].array
      else { return nil }
      return (string, integer, elements)
    }
  }

  /// The parts of an array of a string and two values of any kind; nil for any other value. Without a view of each.
  package var stringAndTwoValues: (String, JSON, JSON)? {
    switch view.place {
    case .tape(let array):
      guard array.kind == .array, array.count == 3 else { return nil }
      let string = array.first
      guard string.kind == .string else { return nil }
      let first = string.next
      return (view.document.string(string), first.value, first.next.value)
    case .tree:
      guard let array, array.count == 3, let string = array[0].string else { return nil }
      return (string, array[1].value, array[2].value)
    }
  }

  /// The parts of an array of an integer and a value of any kind; nil for any other value. Without a view of each.
  package var integerAndText: (Int, JSONText)? {
    switch view.place {
    case .tape(let array):
      guard array.kind == .array, array.count == 2 else { return nil }
      let integer = array.first
      guard integer.kind == .integer else { return nil }
      return (integer.integer, view.document.text(.tape(integer.next)))
    case .tree:
      guard let array, array.count == 2, let integer = array[0].integer else { return nil }
      return (integer, array[1].text)
    }
  }

  /// A copy that does not depend on the document.
  public var value: JSON { view.place.value }

  /// The value as its text, which does not depend on the document.
  public var text: JSONText { view.document.text(view.place) }

  /// The value, if it is of that kind.
  private func the(_ kind: Kind) -> Place? {
    let place = view.place
    return place.kind == kind ? place : nil
  }
}

/// A JSON array in a document's memory: valid until its document parses again.
///
/// Going over it is the cheap way through it; of an array of arrays or objects, places are found by going there.
@safe
public struct JSONArray: RandomAccessCollection {
  let view: View
  /// The number of elements.
  public let endIndex: Int

  /// - Parameter view: of an array, or of null, which is an empty one.
  init(view: View) {
    self.view = view
    let place = view.place
    endIndex = place.kind == .array ? place.count : 0
  }

  public var startIndex: Int { 0 }

  /// The element at a position, which must be one of the array's.
  public subscript(position: Int) -> JSONElement {
    precondition(indices.contains(position), "index \(position) is out of an array of \(endIndex)")
    return JSONElement(view: view.at(view.place.element(position)))
  }

  public func makeIterator() -> Iterator { Iterator(self) }

  /// Copies of the elements.
  package var values: [JSON] {
    guard case .array(let values) = view.place.value else { return [] }
    return values
  }

  /// Goes over the elements of an array.
  @safe
  public struct Iterator: IteratorProtocol {
    private let array: JSONArray
    private var position = 0
    /// On a tape: the next element.
    private var token: UInt32 = 0

    init(_ array: JSONArray) {
      self.array = array
      if case .tape(let value) = array.view.place { token = value.first.index }
    }

    public mutating func next() -> JSONElement? {
      guard position < array.endIndex else { return nil }
      defer { position += 1 }
      switch array.view.place {
      case .tape(let value):
        let element = value.at(token)
        token = element.next.index
        return JSONElement(view: array.view.at(.tape(element)))
      case .tree(let value): return JSONElement(view: array.view.at(.tree(value.element(position))))
      }
    }
  }
}
