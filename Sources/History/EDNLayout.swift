extension EDN {
  /// The value on as many lines as it needs, for people: what fits in a line is on one, maps have a line for each
  /// member, as Clojure lays them out. Ends with a newline.
  public func pretty(in notation: Notation = .edn, columns: Int = 100) -> String {
    var layout = EDNLayout(notation: notation, columnMax: columns)
    layout.write(self)
    return String(decoding: layout.bytes, as: UTF8.self) + "\n"
  }
}

private struct EDNLayout {
  let notation: EDN.Notation
  let columnMax: Int
  var bytes: [UInt8] = []
  private var lineStart = 0

  init(notation: EDN.Notation, columnMax: Int) {
    self.notation = notation
    self.columnMax = columnMax
  }

  mutating func write(_ value: EDN) {
    let start = bytes.count
    value.write(in: notation, to: &bytes)
    // One column is left for a comma or a bracket.
    guard bytes.count - lineStart >= columnMax else { return }
    switch value {
    case .map(let members) where !members.isEmpty:
      bytes.removeSubrange(start...)
      write(members)
    case .vector(let elements) where !elements.isEmpty:
      bytes.removeSubrange(start...)
      write(elements)
    default: return
    }
  }

  private mutating func write(_ members: [EDN.Member]) {
    bytes.append(UInt8(ascii: "{"))
    let column = bytes.count - lineStart
    for (place, member) in members.enumerated() {
      if place > 0 { breakLine(after: ",", at: column) }
      member.writeKey(in: notation, to: &bytes)
      write(member.value)
    }
    bytes.append(UInt8(ascii: "}"))
  }

  /// Plain values fill their lines; maps and vectors have lines of their own.
  private mutating func write(_ elements: [EDN]) {
    bytes.append(UInt8(ascii: "["))
    let column = bytes.count - lineStart
    let comma = notation == .json ? "," : ""
    for (place, element) in elements.enumerated() {
      if place > 0 {
        let length = element.text(in: notation).utf8.count
        if element.isPlain, bytes.count - lineStart + length + 2 < columnMax {
          bytes += notation.elementSeparator.utf8
        } else {
          breakLine(after: comma, at: column)
        }
      }
      write(element)
    }
    bytes.append(UInt8(ascii: "]"))
  }

  private mutating func breakLine(after mark: String, at column: Int) {
    bytes += mark.utf8
    bytes.append(UInt8(ascii: "\n"))
    lineStart = bytes.count
    bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: column))
  }
}

extension EDN {
  fileprivate var isPlain: Bool {
    switch self {
    case .map, .vector: false
    default: true
    }
  }
}
