public import Wire
public import Workloads

/// What clients and peers say to a counter.
public enum CounterMessage: Equatable, Sendable {
  case client(Counter)
  /// What the receiver is thought to lack, and what the sender holds.
  case peer([CounterComponent], version: VersionVector, wantsAnswer: Bool)
}

extension CounterMessage: WireMessage {
  public init(type: String, body: JSONObject) throws(WireError) {
    if type == "counter_sync" {
      self = .peer(
        try CounterComponent.read(from: body), version: try VersionVector(from: body),
        wantsAnswer: try body.bool("wants_answer"))
    } else {
      self = .client(try Counter(type: type, body: body))
    }
  }

  public func write(to body: inout JSONWriter) {
    switch self {
    case .client(let message): message.write(to: &body)
    case .peer(let components, let version, let wantsAnswer):
      body.member("type", "counter_sync")
      CounterComponent.write(components, to: &body)
      version.write(to: &body)
      body.member("wants_answer", wantsAnswer)
    }
  }
}

/// On the wire: `[origin, count, total]`
extension CounterComponent {
  private init(_ element: JSONElement) throws(WireError) {
    guard let parts = element.array, parts.count == 3, let origin = parts[0].string,
      let count = parts[1].integer, count > 0, let total = parts[2].integer
    else { throw .malformed("a component is [origin, count, total]") }
    self.init(origin: Origin(name: origin), count: count, total: total)
  }

  private func write(toArray writer: inout JSONWriter) {
    writer.beginArray()
    writer.string(origin.name)
    writer.integer(count)
    writer.integer(total)
    writer.endArray()
  }

  /// The member `"components": [component, …]`
  fileprivate static func read(from body: JSONObject) throws(WireError) -> [CounterComponent] {
    var components: [CounterComponent] = []
    for element in try body.array("components") { components.append(try CounterComponent(element)) }
    return components
  }

  /// The member `"components": [component, …]`
  fileprivate static func write(_ components: [CounterComponent], to body: inout JSONWriter) {
    body.key("components")
    body.beginArray()
    for component in components { component.write(toArray: &body) }
    body.endArray()
  }
}

/// In a log: `{"component": [origin, count, total]}`
extension CounterComponent: StorableRecord {
  public init(record: JSONObject) throws(WireError) {
    try self.init(record.element("component"))
  }

  public func write(to record: inout JSONWriter) {
    record.key("component")
    write(toArray: &record)
  }
}
