internal import Glomers
internal import Lab

/// The state of a node in words: its fields by their names, nested as they are.
struct Inspection {
  private var lines: [String] = []
  /// What the node's clock shows: instants are told relative to it.
  private let now: Instant

  private static let lineCountMax = 400
  private static let depthMax = 7
  private static let elementCountMax = 60
  private static let widthMax = 88

  private init(now: Instant) { self.now = now }

  static func text(of state: Any, at now: Instant) -> String {
    var inspection = Inspection(now: now)
    for child in Mirror(reflecting: state).children { inspection.write(child.label ?? "", child.value, 0) }
    return inspection.lines.joined(separator: "\n")
  }

  private mutating func write(_ label: String, _ value: Any, _ depth: Int) {
    guard lines.count < Self.lineCountMax else { return }
    let margin = String(repeating: "  ", count: depth)
    if let text = short(value, Self.depthMax - depth), text.utf8.count + label.utf8.count <= Self.widthMax {
      return lines.append("\(margin)\(label): \(text)")
    }
    guard depth < Self.depthMax else { return lines.append("\(margin)\(label): …") }
    let children = Self.children(of: value)
    let count = children.isList ? " \(children.all.count)" : ""
    lines.append("\(margin)\(label):\(children.name)\(count)")
    for child in children.all.prefix(Self.elementCountMax) { write(child.label, child.value, depth + 1) }
    if children.all.count > Self.elementCountMax { lines.append("\(margin)  …") }
  }

  /// The value on one line, if it fits.
  private func short(_ value: Any, _ depth: Int) -> String? {
    switch value {
    case let text as String: return text.debugDescription
    case let instant as Instant: return words(instant)
    case let duration as Duration: return "\(Self.plain(duration.milliseconds)) ms"
    case let json as JSON: return ScriptFile.json(json)
    case let number as Double: return Self.plain(number)
    default: break
    }
    let mirror = Mirror(reflecting: value)
    if mirror.displayStyle == .optional {
      return mirror.children.first.map { short($0.value, depth) } ?? "none"
    }
    if mirror.displayStyle == .class { return "…" }
    if mirror.children.isEmpty || value is any CustomStringConvertible & Hashable & Comparable {
      return mirror.displayStyle == .collection || mirror.displayStyle == .set
        || mirror.displayStyle == .dictionary
        ? "none" : "\(value)"
    }
    guard depth > 0 else { return nil }
    let children = Self.children(of: value)
    guard children.all.count <= Self.elementCountMax else { return nil }
    var parts: [String] = []
    var width = 0
    for child in children.all {
      guard let text = short(child.value, depth - 1) else { return nil }
      let isNamed = !children.isList || mirror.displayStyle == .dictionary
      parts.append(isNamed && !child.label.isEmpty ? "\(child.label) \(text)" : text)
      width += parts.last!.utf8.count
      guard width < Self.widthMax else { return nil }
    }
    let inside = parts.joined(separator: ", ")
    return children.isList
      ? "[\(inside)]" : children.name.isEmpty ? "(\(inside))" : "\(children.name.dropFirst()) (\(inside))"
  }

  private func words(_ instant: Instant) -> String {
    let distance = (instant - now).milliseconds
    if instant == .zero { return "at the clock's start" }
    if abs(distance) > 3.6e6 { return "far away" }
    return distance == 0
      ? "now" : distance > 0 ? "in \(Self.plain(distance)) ms" : "\(Self.plain(-distance)) ms ago"
  }

  /// To three places.
  private static func plain(_ number: Double) -> String {
    guard abs(number) < 1e12 else { return "\(number)" }
    let rounded = (number * 1000).rounded() / 1000
    return rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)"
  }

  private struct Children {
    var name = ""
    var isList = false
    var all: [(label: String, value: Any)] = []
  }

  /// The parts of a value. Those without an order of their own are sorted by what they are called.
  private static func children(of value: Any) -> Children {
    let mirror = Mirror(reflecting: value)
    switch mirror.displayStyle {
    case .optional: return mirror.children.first.map { children(of: $0.value) } ?? Children()
    case .collection:
      let all = mirror.children.enumerated().map { (label: "\($0)", value: $1.value) }
      return Children(isList: true, all: all)
    case .set:
      let all = mirror.children.map { (label: "\($0.value)", value: $0.value) }.sorted {
        before($0.label, $1.label)
      }
      return Children(isList: true, all: all)
    case .dictionary:
      let all = mirror.children.compactMap { child -> (label: String, value: Any)? in
        let pair = Array(Mirror(reflecting: child.value).children)
        guard pair.count == 2 else { return nil }
        return (label: "\(pair[0].value)", value: pair[1].value)
      }
      return Children(isList: true, all: all.sorted { before($0.label, $1.label) })
    case .enum:
      guard let child = mirror.children.first else { return Children(name: " \(value)") }
      let parts = Mirror(reflecting: child.value)
      let all =
        parts.displayStyle == .tuple
        ? parts.children.map { (label: name($0.label), value: $0.value) } : [(label: "", value: child.value)]
      return Children(name: " \(child.label ?? "")", all: all)
    default:
      return Children(all: mirror.children.map { (label: name($0.label), value: $0.value) })
    }
  }

  private static func name(_ label: String?) -> String {
    guard let label, !label.hasPrefix(".") else { return "" }
    return label.hasPrefix("_") ? String(label.dropFirst()) : label
  }

  /// Numbers in names count as numbers: n2 before n10.
  private static func before(_ a: String, _ b: String) -> Bool {
    a.utf8.count != b.utf8.count && a.first == b.first ? a.utf8.count < b.utf8.count : a < b
  }
}
