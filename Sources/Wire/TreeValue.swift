import CJansson
import Glomers

/// A value in jansson's memory.
struct TreeValue {
  let handle: UnsafeMutablePointer<json_t>

  init(_ handle: UnsafeMutablePointer<json_t>) { self.handle = handle }

  var kind: Kind { Kind(rawValue: handle.pointee.type.rawValue).unsafelyUnwrapped }
  var integer: Int { Int(json_integer_value(handle)) }
  var real: Double { json_real_value(handle) }
  var count: Int { kind == .array ? json_array_size(handle) : json_object_size(handle) }

  /// jansson has checked that its strings are UTF-8; they may contain NUL.
  var string: String { String(characters: json_string_value(handle), count: json_string_length(handle)) }

  func member(_ key: String) -> TreeValue? {
    var key = key
    let found = key.withUTF8 { name in
      name.withMemoryRebound(to: CChar.self) { json_object_getn(handle, $0.baseAddress, $0.count) }
    }
    return found.map { TreeValue($0) }
  }

  func element(_ position: Int) -> TreeValue { TreeValue(json_array_get(handle, position)) }

  var value: JSON {
    switch kind {
    case .object:
      var members: [String: JSON] = [:]
      members.reserveCapacity(count)
      var position = json_object_iter(handle)
      while let current = position {
        members[.key(at: current)] = TreeValue(json_object_iter_value(current)).value
        position = json_object_iter_next(handle, current)
      }
      return .object(members)
    case .array: return .array((0..<count).map { element($0).value })
    case .string: return .string(string)
    case .integer: return .integer(integer)
    case .real: return .real(real)
    case .true: return .bool(true)
    case .false: return .bool(false)
    case .null: return .null
    }
  }
}

extension String {
  fileprivate init(characters: UnsafePointer<CChar>, count: Int) {
    self.init(decoding: UnsafeRawBufferPointer(start: characters, count: count), as: UTF8.self)
  }

  /// The key at which jansson's iteration over an object stands.
  static func key(at position: UnsafeMutableRawPointer) -> String {
    String(characters: json_object_iter_key(position), count: json_object_iter_key_len(position))
  }
}
