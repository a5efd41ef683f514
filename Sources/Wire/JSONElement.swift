import CJansson
public import Glomers

/// A JSON value of any kind, in a document's memory: valid until its document parses again.
///
/// Each accessor is nil for a value of another kind; an integer is not a real, and a real not an integer.
@safe
public struct JSONElement {
  let view: View

  /// The value, if it is an integer.
  public var integer: Int? { the(JSON_INTEGER)?.integer }

  /// The value, if it is a real.
  public var real: Double? { the(JSON_REAL).map { json_real_value($0) } }

  /// The value, if it is a boolean.
  public var bool: Bool? {
    switch view.handle.type {
    case JSON_TRUE: true
    case JSON_FALSE: false
    default: nil
    }
  }

  /// Whether the value is null.
  public var isNull: Bool { view.handle.type == JSON_NULL }

  /// The text, if the value is a string.
  public var string: String? { the(JSON_STRING)?.text }

  /// A view of the elements, if the value is an array.
  public var array: JSONArray? { the(JSON_ARRAY) == nil ? nil : JSONArray(view: view) }

  /// A view of the members, if the value is an object.
  public var object: JSONObject? { the(JSON_OBJECT) == nil ? nil : JSONObject(view: view) }

  /// A copy that does not depend on the document.
  public var value: JSON { view.handle.value }

  /// The value, if it is of that kind.
  private func the(_ type: json_type) -> Handle? {
    let handle = view.handle
    return handle.type == type ? handle : nil
  }
}

/// A JSON array in a document's memory: valid until its document parses again.
@safe
public struct JSONArray: RandomAccessCollection {
  let view: View
  /// The number of elements.
  public let endIndex: Int

  init(view: View) {
    self.view = view
    endIndex = json_array_size(view.handle)
  }

  public var startIndex: Int { 0 }

  /// The element at a position, which must be one of the array's.
  public subscript(position: Int) -> JSONElement {
    guard position >= 0, let element = json_array_get(view.handle, position) else {
      preconditionFailure("index \(position) is out of an array of \(endIndex)")
    }
    return JSONElement(view: view.at(element))
  }
}
