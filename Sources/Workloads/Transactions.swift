public import Glomers
public import Wire

/// Transactions, between clients and nodes: micro-operations that are carried out in order, as one.
public enum Transactions: Equatable, Sendable {
  /// A client asks for a transaction.
  case txn([MicroOperation])
  /// The same with what each read has found.
  case txnOk([MicroOperation])
}

/// A part of a transaction.
public enum MicroOperation: Equatable, Sendable {
  /// In a request, the value is null.
  case read(key: JSON, value: JSON)
  /// Sets a key to a value.
  case write(key: JSON, value: JSON)
  /// Adds an element to the list under a key.
  case append(key: JSON, value: JSON)
}

extension Transactions: WireMessage {
  public init(type: String, body: JSONObject) throws(WireError) {
    switch type {
    case "txn": self = .txn(try MicroOperation.read(from: body))
    case "txn_ok": self = .txnOk(try MicroOperation.read(from: body))
    default: throw .unknownType(type)
    }
  }

  public func write(to body: inout JSONWriter) {
    switch self {
    case .txn(let operations):
      body.member("type", "txn")
      MicroOperation.write(operations, to: &body)
    case .txnOk(let operations):
      body.member("type", "txn_ok")
      MicroOperation.write(operations, to: &body)
    }
  }
}

/// `"txn": [["r", key, value], ["w", key, value], ["append", key, value], …]`
extension MicroOperation {
  /// As it is written: the function, the key and the value.
  public var json: JSON {
    switch self {
    case .read(let key, let value): ["r", key, value]
    case .write(let key, let value): ["w", key, value]
    case .append(let key, let value): ["append", key, value]
    }
  }

  fileprivate static func read(from body: JSONObject) throws(WireError) -> [MicroOperation] {
    var operations: [MicroOperation] = []
    try read(from: body, reserve: { operations.reserveCapacity($0) }, take: { operations.append($0) })
    return operations
  }

  /// Hands out the micro-operations of a message's body.
  @inline(__always)
  package static func read(
    from body: JSONObject, reserve: (Int) -> Void, take: (MicroOperation) -> Void
  ) throws(WireError) {
    let elements = try body.array("txn")
    reserve(elements.count)
    var place = 0
    for element in elements {
      guard let operation = MicroOperation(element) else {
        throw .malformed(
          "micro-operation \(place) of txn must be [\"r\", key, null], [\"w\", key, value] or"
            + " [\"append\", key, value]")
      }
      take(operation)
      place += 1
    }
  }

  private init?(_ element: JSONElement) {
    guard let (function, key, value) = element.stringAndTwoValues else { return nil }
    switch function {
    case "r": self = .read(key: key, value: value)
    case "w": self = .write(key: key, value: value)
    case "append": self = .append(key: key, value: value)
    default: return nil
    }
  }

  fileprivate static func write(_ operations: [MicroOperation], to body: inout JSONWriter) {
    body.key("txn")
    body.beginArray()
    for operation in operations {
      switch operation {
      case .read(let key, let value): body.microOperation("r", key, value)
      case .write(let key, let value): body.microOperation("w", key, value)
      case .append(let key, let value): body.microOperation("append", key, value)
      }
    }
    body.endArray()
  }
}

extension JSONWriter {
  /// A micro-operation, as an element of `txn`.
  package mutating func microOperation(_ function: StaticString, _ key: JSON, _ value: JSON) {
    beginArray()
    string(function)
    self.value(key)
    self.value(value)
    endArray()
  }
}
