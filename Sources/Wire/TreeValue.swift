import CGlomers
import CJansson
import Glomers

/// A value in jansson's memory. What jansson can't hold stands there as a string with a mark: see ``JanssonMask``.
struct TreeValue {
  let handle: UnsafeMutablePointer<json_t>

  init(_ handle: UnsafeMutablePointer<json_t>) { self.handle = handle }

  var kind: Kind {
    mark == .number ? .number : Kind(rawValue: handle.pointee.type.rawValue).unsafelyUnwrapped
  }
  var integer: Int { Int(json_integer_value(handle)) }
  var real: Double { json_real_value(handle) }
  var count: Int { kind == .array ? json_array_size(handle) : json_object_size(handle) }

  /// jansson has checked that its strings are UTF-8; they may contain NUL.
  private var characters: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: json_string_value(handle), count: json_string_length(handle))
  }

  /// How a string stands for something else.
  private var mark: JanssonMask.Mark? {
    guard handle.pointee.type == JSON_STRING else { return nil }
    let characters = characters
    guard characters.count >= 2, characters[0] == 0 else { return nil }
    return JanssonMask.Mark(rawValue: characters[1])
  }

  /// What follows the mark of a string that has one.
  private var inner: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: characters.dropFirst(mark == nil ? 0 : 2))
  }

  var string: String {
    let inner = inner
    guard mark == .escaped else { return String(decoding: inner, as: UTF8.self) }
    return String(unescaping: inner)
  }

  /// A string as a name.
  var name: JSONName { value.name.unsafelyUnwrapped }

  func member(_ key: String) -> TreeValue? {
    let key = JanssonMask.masked(key: key) ?? key
    let found = key.withBytes { name in
      name.withMemoryRebound(to: CChar.self) { json_object_getn(handle, $0.baseAddress, $0.count) }
    }
    return found.map { TreeValue($0) }
  }

  func element(_ position: Int) -> TreeValue { TreeValue(json_array_get(handle, position)) }

  var value: JSON {
    switch kind {
    case .object:
      var members: [JSONName: JSON] = [:]
      members.reserveCapacity(count)
      var position = json_object_iter(handle)
      while let current = position {
        members[JSONName(at: current)] = TreeValue(json_object_iter_value(current)).value
        position = json_object_iter_next(handle, current)
      }
      return .object(members)
    case .array: return .array((0..<count).map { element($0).value })
    case .string: return mark == .escaped ? JSON(escaped: inner) : .string(string)
    case .integer: return .integer(integer)
    case .real: return .real(real)
    case .true: return .bool(true)
    case .false: return .bool(false)
    case .null: return .null
    case .number: return .literal(JSONLiteral(text: String(decoding: inner, as: UTF8.self)))
    }
  }
}

extension JSONName {
  /// The key at which jansson's iteration over an object stands.
  init(at position: UnsafeMutableRawPointer) {
    let characters = UnsafeRawBufferPointer(
      start: json_object_iter_key(position), count: json_object_iter_key_len(position))
    self = JanssonMask.name(ofKey: characters)
  }
}
