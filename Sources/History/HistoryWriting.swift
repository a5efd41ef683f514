import Glomers

extension Operation {
  /// The operation as Jepsen writes it: a plain map.
  public var edn: EDN {
    var members: [EDN.Member] = [
      .init(.keyword("type"), .keyword(kind.rawValue)), .init(.keyword("f"), .keyword(function)),
      .init(.keyword("value"), valueEDN), .init(.keyword("time"), .integer(Int(time.nanoseconds))),
      .init(.keyword("process"), process.edn), .init(.keyword("index"), .integer(index)),
    ]
    if let error { members.append(.init(.keyword("error"), EDN(keywording: error))) }
    if isFinal { members.append(.init(.keyword("final?"), true)) }
    for (name, note) in notes.sorted(by: { $0.key < $1.key }) {
      members.append(.init(.keyword(name), EDN(note)))
    }
    return .map(members)
  }

  /// The nemesis speaks in keywords, clients in data, in which only the names of micro-operations are keywords.
  private var valueEDN: EDN {
    guard isClient else { return EDN(keywordingMembers: value) }
    guard hasMicroOperations, let micros = value.array else { return EDN(value) }
    return .vector(micros.map { EDN(keywording: $0) })
  }

  private var hasMicroOperations: Bool { function == "txn" || function == "send" || function == "poll" }

  /// Appends the text of ``edn``, for which no tree is made: histories have millions of lines.
  func writeEDN(to bytes: inout [UInt8]) {
    bytes += "{:type :".utf8
    bytes += kind.rawValue.utf8
    bytes += ", :f :".utf8
    bytes += function.utf8
    bytes += ", :value ".utf8
    writeValue(to: &bytes)
    bytes += ", :time ".utf8
    bytes += String(time.nanoseconds).utf8
    bytes += ", :process ".utf8
    process.edn.write(to: &bytes)
    bytes += ", :index ".utf8
    bytes += String(index).utf8
    if let error {
      bytes += ", :error ".utf8
      EDN(keywording: error).write(to: &bytes)
    }
    if isFinal { bytes += ", :final? true".utf8 }
    for (name, note) in notes.sorted(by: { $0.key < $1.key }) {
      bytes += ", :\(name) ".utf8
      note.writeEDN(to: &bytes)
    }
    bytes.append(UInt8(ascii: "}"))
  }

  /// Appends the text of ``valueEDN``.
  fileprivate func writeValue(to bytes: inout [UInt8]) {
    guard isClient else { return EDN(keywordingMembers: value).write(to: &bytes) }
    let value = value
    guard hasMicroOperations, let micros = value.array else { return value.writeEDN(to: &bytes) }
    bytes.append(UInt8(ascii: "["))
    for (place, micro) in micros.enumerated() {
      if place > 0 { bytes.append(UInt8(ascii: " ")) }
      EDN(keywording: micro).write(to: &bytes)
    }
    bytes.append(UInt8(ascii: "]"))
  }
}

extension JSON {
  /// Appends the text of the value as ``EDN``.
  fileprivate func writeEDN(to bytes: inout [UInt8]) {
    guard case .array(let elements) = self else { return EDN(self).write(to: &bytes) }
    bytes.append(UInt8(ascii: "["))
    for (place, element) in elements.enumerated() {
      if place > 0 { bytes.append(UInt8(ascii: " ")) }
      element.writeEDN(to: &bytes)
    }
    bytes.append(UInt8(ascii: "]"))
  }
}

extension Operation.Process {
  package var edn: EDN {
    switch self {
    case .client(let number): .integer(number)
    case .nemesis: .keyword("nemesis")
    }
  }
}

extension History {
  private static let chunkBytes = 64 << 10

  /// Writes `history.edn`: one operation a line. The text comes in pieces.
  public func writeEDN(to write: ([UInt8]) -> Void) {
    inChunks(write) { operation, bytes in operation.writeEDN(to: &bytes) }
  }

  /// Writes `history.txt`: process, type, function, value and error, with tabs between them. The text comes in pieces.
  public func writeText(to write: ([UInt8]) -> Void) {
    inChunks(write) { operation, bytes in
      let tab = UInt8(ascii: "\t")
      operation.process.edn.write(to: &bytes)
      bytes.append(tab)
      EDN.keyword(operation.kind.rawValue).write(to: &bytes)
      bytes.append(tab)
      EDN.keyword(operation.function).write(to: &bytes)
      bytes.append(tab)
      operation.writeValue(to: &bytes)
      if let error = operation.error {
        bytes.append(tab)
        EDN(keywording: error).write(to: &bytes)
      }
    }
  }

  private func inChunks(_ write: ([UInt8]) -> Void, _ line: (Operation, inout [UInt8]) -> Void) {
    var bytes: [UInt8] = []
    for operation in operations {
      line(operation, &bytes)
      bytes.append(UInt8(ascii: "\n"))
      if bytes.count >= Self.chunkBytes {
        write(bytes)
        bytes.removeAll(keepingCapacity: true)
      }
    }
    if !bytes.isEmpty { write(bytes) }
  }
}
