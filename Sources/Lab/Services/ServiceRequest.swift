internal import Glomers
internal import Wire

extension KV {
  /// A request as Maelstrom's services read it: a member that is missing is null, and for `create_if_not_exists`
  /// everything but null and false is true. Nil for a type that no service knows.
  init?(requestOf body: JSONObject) {
    func value(_ name: String) -> JSON { body.optionalValue(name) ?? .null }
    switch body.optionalElement("type")?.string {
    case "read": self = .read(key: value("key"))
    case "write": self = .write(key: value("key"), value: value("value"))
    case "cas":
      let creates = value("create_if_not_exists")
      self = .cas(
        key: value("key"), from: value("from"), to: value("to"),
        createIfNotExists: creates != .null && creates != .bool(false))
    case "ts": self = .ts
    default: return nil
    }
  }
}
