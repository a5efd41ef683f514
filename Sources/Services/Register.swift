public import Glomers
internal import Wire

extension KV {
  /// The key that this request is about; nil for what is no request to a key-value store.
  public var key: JSON? {
    switch self {
    case .read(let key), .write(let key, _), .cas(let key, _, _, _): key
    case .readOk, .writeOk, .casOk, .ts, .tsOk: nil
    }
  }

  /// Carries out this request on the value under its key, nil if there is none: all that a key-value store means.
  /// Errors leave the value as it was.
  public func apply(to value: inout JSON?) -> Outcome<KV> {
    switch self {
    case .read:
      guard let value else { return .failure(Self.missing) }
      return .success(.readOk(value: value))
    case .write(_, let new):
      value = new
      return .success(.writeOk)
    case .cas(_, let from, let to, let createIfNotExists):
      if let current = value {
        guard current == from else {
          return .failure(.preconditionFailed("current value \(current.text) is not \(from.text)"))
        }
      } else if !createIfNotExists {
        return .failure(Self.missing)
      }
      value = to
      return .success(.casOk)
    case .readOk, .writeOk, .casOk, .ts, .tsOk: return .failure(refusal("a key-value store"))
    }
  }

  /// The error for what this kind of service does not do.
  func refusal(_ service: String) -> RPCError {
    .notSupported("\(service) does not take \(String(describing: self).prefix { $0 != "(" })")
  }

  private static var missing: RPCError { .keyDoesNotExist("key does not exist") }
}

extension JSON {
  /// On one line.
  var text: String {
    var writer = JSONWriter()
    writer.value(self)
    return String(decoding: writer.bytes, as: UTF8.self)
  }
}
