import CJansson
import Glomers

/// A parsed value in jansson's memory.
typealias Handle = UnsafeMutablePointer<json_t>

/// A parsed value, together with what keeps its memory alive and tells whether it is still what it was.
struct View {
  private let raw: Handle
  private let document: JSONDocument
  private let generation: Int

  init(_ raw: Handle, in document: JSONDocument) {
    self.raw = raw
    self.document = document
    generation = document.generation
  }

  /// The value, for use before the document can parse again.
  var handle: Handle {
    precondition(document.generation == generation, "a view of a line after its document has parsed another")
    return raw
  }

  /// Another value of the same line.
  func at(_ other: Handle) -> View { View(other, in: document) }
}

extension Handle {
  var type: json_type { pointee.type }

  /// jansson has checked that its strings are UTF-8; they may contain NUL.
  var text: String { String(characters: json_string_value(self), count: json_string_length(self)) }

  var integer: Int { Int(json_integer_value(self)) }

  /// A copy.
  var value: JSON {
    switch type {
    case JSON_OBJECT:
      var members: [String: JSON] = [:]
      members.reserveCapacity(json_object_size(self))
      var position = json_object_iter(self)
      while let current = position {
        members[.key(at: current)] = json_object_iter_value(current).value
        position = json_object_iter_next(self, current)
      }
      return .object(members)
    case JSON_ARRAY: return .array((0..<json_array_size(self)).map { json_array_get(self, $0).value })
    case JSON_STRING: return .string(text)
    case JSON_INTEGER: return .integer(integer)
    case JSON_REAL: return .real(json_real_value(self))
    case JSON_TRUE: return .bool(true)
    case JSON_FALSE: return .bool(false)
    default: return .null
    }
  }

  /// What people call a value of this kind, for errors.
  var kind: StaticString {
    switch type {
    case JSON_OBJECT: "an object"
    case JSON_ARRAY: "an array"
    case JSON_STRING: "a string"
    case JSON_INTEGER: "an integer"
    case JSON_REAL: "a real"
    case JSON_TRUE, JSON_FALSE: "a boolean"
    default: "null"
    }
  }
}

extension String {
  init(characters: UnsafePointer<CChar>, count: Int) {
    self.init(decoding: UnsafeRawBufferPointer(start: characters, count: count), as: UTF8.self)
  }

  /// The key at which jansson's iteration over an object stands.
  static func key(at position: UnsafeMutableRawPointer) -> String {
    String(characters: json_object_iter_key(position), count: json_object_iter_key_len(position))
  }
}
