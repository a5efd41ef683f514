import CJansson
import Glomers

/// jansson's own rendering of a value: built by its constructors, written by `json_dumpb`.
func jansson(_ value: JSON) -> String {
  let tree = tree(value)
  defer { json_decref(tree) }
  let flags = JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS
  let count = json_dumpb(tree, nil, 0, Int(flags))
  var bytes = [CChar](repeating: 0, count: count)
  json_dumpb(tree, &bytes, count, Int(flags))
  return String(decoding: bytes.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

private func tree(_ value: JSON) -> UnsafeMutablePointer<json_t> {
  switch value {
  case .null: return json_null()
  case .bool(let value): return value ? json_true() : json_false()
  case .integer(let value): return json_integer(json_int_t(value))
  case .real(let value): return json_real(value)
  case .string(let value):
    return Array(value.utf8).withUnsafeBufferPointer { bytes in
      bytes.withMemoryRebound(to: CChar.self) { json_stringn($0.baseAddress ?? empty, $0.count) }
    }
  case .literal(let literal): preconditionFailure("jansson has no \(literal.text)")
  case .array(let elements):
    let array = json_array()!
    for element in elements { json_array_append_new(array, tree(element)) }
    return array
  case .object(let members):
    let object = json_object()!
    for (name, value) in members {
      Array((name.string ?? "").utf8).withUnsafeBufferPointer { bytes in
        _ = bytes.withMemoryRebound(to: CChar.self) {
          json_object_setn_new(object, $0.baseAddress ?? empty, $0.count, tree(value))
        }
      }
    }
    return object
  }
}

/// For the empty string, whose array may have no address.
private nonisolated(unsafe) let empty = UnsafePointer(UnsafeMutablePointer<CChar>.allocate(capacity: 1))
