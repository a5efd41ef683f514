import Glomers
import Lab
public import History

/// The pictures that Maelstrom leaves in a run's directory, under the same names but for their form: SVG in place of PNG.
public enum Pictures {
  /// A file's name and its text.
  public typealias File = (name: String, text: [UInt8])

  /// What can be drawn of a run. Without a record of messages there is no `messages.svg`.
  public static func files(_ history: History, _ log: MessageLog?, workload: String) -> [File] {
    let operations = Plotted.all(history)
    let faults = history.faults
    var files: [File] = [
      ("latency-raw.svg", latencies(operations, faults, workload)),
      ("latency-quantiles.svg", quantiles(operations, faults, workload)),
      ("rate.svg", rate(operations, faults, workload)),
      ("timeline.html", timeline(operations, workload)),
    ]
    if let log { files.append(("messages.svg", messages(log))) }
    return files
  }

  /// An operation, as far as pictures know it. Times in seconds since the test's start.
  struct Plotted {
    let operation: Operation
    let end: Operation?
    let start: Double
    let took: Double

    var outcome: String { end?.kind.rawValue ?? "info" }

    static func all(_ history: History) -> [Plotted] {
      history.operations.filter { $0.isClient && $0.kind == .invoke }.map { operation in
        let end = history.completion(of: operation.index)
        return Plotted(
          operation: operation, end: end, start: operation.time.seconds,
          took: ((end?.time ?? operation.time) - operation.time).seconds)
      }
    }
  }

  // MARK: Plots

  private static let palette = ["#0072b2", "#009e73", "#aa4499", "#e69f00", "#56b4e9", "#7a6a00"]
  private static let outcomes = [("ok", "#0072b2"), ("fail", "#e69f00"), ("info", "#d55e00")]

  private static func latencies(_ operations: [Plotted], _ faults: [FaultBand], _ workload: String) -> [UInt8]
  {
    let milliseconds = operations.map { max(0.01, $0.took * 1000) }
    var plot = Plot(
      title: "\(workload): latency of each operation", unit: "ms", until: end(of: operations), faults,
      from: 0.01, to: max(10, milliseconds.max() ?? 1) * 1.5, isLogarithmic: true)
    let functions = names(operations)
    for (number, function) in functions.enumerated() {
      for (outcome, colour) in outcomes {
        let points = zip(operations, milliseconds).filter {
          $0.0.operation.function == function && $0.0.outcome == outcome
        }.map { ($0.0.start, $0.1) }
        plot.dots(
          points, colour: outcome == "ok" ? palette[number % palette.count] : colour, "\(function) \(outcome)"
        )
      }
    }
    return plot.text
  }

  private static let quantilePoints = [0.5, 0.95, 0.99, 1]

  private static func quantiles(_ operations: [Plotted], _ faults: [FaultBand], _ workload: String) -> [UInt8]
  {
    let end = end(of: operations)
    var buckets = [[Double]](repeating: [], count: 60)
    for one in operations where one.outcome == "ok" {
      buckets[min(59, Int(one.start / end * 60))].append(one.took * 1000)
    }
    buckets = buckets.map { $0.sorted() }
    var plot = Plot(
      title: "\(workload): quantiles of latency", unit: "ms", until: end, faults, from: 0.01,
      to: max(10, buckets.compactMap(\.last).max() ?? 1) * 1.5, isLogarithmic: true)
    for (number, point) in quantilePoints.enumerated() {
      let line = buckets.enumerated().compactMap { place, values -> (Double, Double)? in
        guard !values.isEmpty else { return nil }
        let value = values[min(values.count - 1, Int(Double(values.count) * point))]
        return ((Double(place) + 0.5) * end / 60, max(0.01, value))
      }
      plot.line(line, colour: palette[number], "\(point)")
    }
    return plot.text
  }

  private static func rate(_ operations: [Plotted], _ faults: [FaultBand], _ workload: String) -> [UInt8] {
    let end = end(of: operations)
    var series: [(name: String, colour: String, counts: [Double])] = []
    for (number, function) in names(operations).enumerated() {
      for (outcome, colour) in outcomes {
        let ends = operations.filter {
          $0.operation.function == function && $0.outcome == outcome && $0.end != nil
        }
        guard !ends.isEmpty else { continue }
        var counts = [Double](repeating: 0, count: 60)
        for one in ends { counts[min(59, Int((one.start + one.took) / end * 60))] += 60 / end }
        series.append(
          ("\(function) \(outcome)", outcome == "ok" ? palette[number % palette.count] : colour, counts))
      }
    }
    var plot = Plot(
      title: "\(workload): operations a second", unit: "/s", until: end, faults, from: 0,
      to: max(1, series.flatMap(\.counts).max() ?? 1) * 1.1, isLogarithmic: false)
    for one in series {
      plot.line(
        one.counts.enumerated().map { ((Double($0.offset) + 0.5) * end / 60, $0.element) },
        colour: one.colour,
        one.name)
    }
    return plot.text
  }

  private static func end(of operations: [Plotted]) -> Double {
    max(0.001, operations.map { $0.start + $0.took }.max() ?? 1)
  }

  private static func names(_ operations: [Plotted]) -> [String] {
    var names: [String] = []
    for one in operations where !names.contains(one.operation.function) {
      names.append(one.operation.function)
    }
    return names
  }

  // MARK: Timeline

  /// Jepsen's `timeline.html`: a column for each process, time runs down. As there, it ends after so many operations.
  private static let timelineMax = 10_000

  private static func timeline(_ operations: [Plotted], _ workload: String) -> [UInt8] {
    var page = PageText()
    page.markup("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>")
    page.text("\(workload): timeline")
    page.markup(
      "</title><style>body{font:12px system-ui,sans-serif;position:relative}div{position:absolute;width:96px;overflow:hidden;"
        + "border-radius:2px;padding:0 3px;box-sizing:border-box;white-space:nowrap}.ok{background:#b3d4ea}.fail{background:#f7dc9c}"
        + ".info{background:#f2b48c}b{position:absolute}</style></head><body>\n")
    let shown = operations.prefix(timelineMax)
    var columns: [Operation.Process: Int] = [:]
    // Each operation has at least a line, and none covers the next of its process.
    var free: [Operation.Process: Int] = [:]
    let scale = Double(shown.count) * 18 / end(of: Array(shown))
    for one in shown {
      let process = one.operation.process
      if columns[process] == nil {
        columns[process] = columns.count
        page.markup("<b style=\"left:\(columns[process]! * 100)px;top:0\">")
        if case .client(let number) = process { page.text("\(number)") }
        page.markup("</b>")
      }
      let top = max(free[process] ?? 0, 20 + Int(one.start * scale))
      let height = max(16, Int(one.took * scale))
      free[process] = top + height + 1
      page.markup(
        "<div class=\"\(one.outcome)\" style=\"left:\(columns[process]! * 100)px;top:\(top)px;height:\(height)px\" title=\""
      )
      page.text(one.operation.edn.text(in: .edn).cut(to: 160) + "\n")
      if let end = one.end { page.text(end.edn.text(in: .edn).cut(to: 160)) }
      page.markup("\">")
      page.text(
        "\(one.operation.function) \((one.operation.edn["value"] ?? .null).text(in: .edn).cut(to: 40))")
      page.markup("</div>\n")
    }
    if operations.count > timelineMax {
      page.markup("<p>Only the first \(timelineMax) operations are here; report.html has all.</p>")
    }
    page.markup("</body></html>\n")
    return page.bytes
  }

  // MARK: Messages

  /// Maelstrom's bound: an event is one end of a message.
  private static let eventsMax = 10_000

  /// A Lamport diagram as Maelstrom draws it: a column for each name, a step down for each event.
  private static func messages(_ log: MessageLog) -> [UInt8] {
    var events: [(time: Int64, place: Int, isEnd: Bool)] = []
    for (place, message) in log.messages.enumerated() {
      events.append((message.sent, place, false))
      if let ended = message.ended { events.append((ended, place, true)) }
    }
    events.sort { ($0.time, $0.isEnd ? 1 : 0, $0.place) < ($1.time, $1.isEnd ? 1 : 0, $1.place) }
    let cut = events.count - min(events.count, eventsMax)
    events = Array(events.prefix(eventsMax))
    var columns: [Int: Int] = [:]
    for event in events {
      for name in [log.messages[event.place].source, log.messages[event.place].destination]
      where columns[name] == nil {
        columns[name] = columns.count
      }
    }
    let width = columns.count * 100 + 40, height = events.count * 14 + 70
    var page = PageText()
    page.markup(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(width) \(height)\" width=\"\(width)\" height=\"\(height)\" "
        + "font-family=\"sans-serif\" font-size=\"10\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
    )
    func x(_ name: Int) -> Int { 60 + 100 * columns[name]! }
    for (name, _) in columns.sorted(by: { $0.value < $1.value }) {
      page.markup(
        "<path d=\"M\(x(name)) 30V\(height - 20)\" stroke=\"#ccc\"/><text x=\"\(x(name))\" y=\"20\" text-anchor=\"middle\">"
      )
      page.text(log.names[name])
      page.markup("</text>\n")
    }
    var starts: [Int: Int] = [:]
    for (row, event) in events.enumerated() {
      let message = log.messages[event.place], y = 40 + 14 * row
      guard event.isEnd else {
        starts[event.place] = y
        continue
      }
      guard let start = starts.removeValue(forKey: event.place) else { continue }
      arrow(&page, log, message, x(message.source), start, x(message.destination), y)
    }
    for (place, start) in starts.sorted(by: { $0.key < $1.key }) {
      let message = log.messages[place]
      arrow(&page, log, message, x(message.source), start, x(message.destination), height - 30)
    }
    if cut > 0 {
      page.markup(
        "<text x=\"10\" y=\"\(height - 6)\">\(cut) later events are not drawn; report.html has them</text>\n")
    }
    page.markup("</svg>\n")
    return page.bytes
  }

  private static func arrow(
    _ page: inout PageText, _ log: MessageLog, _ message: MessageLog.Message, _ x: Int, _ y: Int, _ toX: Int,
    _ toY: Int
  ) {
    let isLost = message.fate == .lost
    let style = isLost ? "#d55e00\" stroke-dasharray=\"4 3" : "#0072b2"
    page.markup("<path d=\"M\(x) \(y)L\(toX) \(toY)\" stroke=\"\(style)\"><title>")
    page.text(
      "\(log.names[message.source]) → \(log.names[message.destination]): \(message.body)".cut(to: 160))
    page.markup("</title></path>")
    if message.fate == .delivered { page.markup("<circle cx=\"\(toX)\" cy=\"\(toY)\" r=\"2\"/>") }
    page.markup(
      "<text x=\"\((x + toX) / 2)\" y=\"\((y + toY) / 2 - 2)\" text-anchor=\"middle\" fill=\"#444\">")
    page.text(isLost ? "\(log.types[message.type]) ✗" : log.types[message.type])
    page.markup("</text>\n")
  }
}

/// A plot over time, as SVG.
struct Plot {
  private static let left = 64.0, right = 150.0, top = 34.0, bottom = 40.0, width = 960.0, height = 420.0

  private var page = PageText()
  private let end: Double
  private let low: Double
  private let high: Double
  private let isLogarithmic: Bool
  private var legendCount = 0

  init(
    title: String, unit: String, until end: Double, _ faults: [FaultBand], from low: Double, to high: Double,
    isLogarithmic: Bool
  ) {
    self.end = end
    self.low = low
    self.high = high
    self.isLogarithmic = isLogarithmic
    page.markup(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 960 420\" width=\"960\" height=\"420\" font-family=\"sans-serif\" "
        + "font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n<text x=\"64\" y=\"20\" font-size=\"14\">"
    )
    page.text(title)
    page.markup("</text>\n")
    for fault in faults {
      let from = x(Double(fault.from) / 1e9), to = x(fault.to.map { Double($0) / 1e9 } ?? end)
      page.markup(
        "<rect x=\"\(Self.short(from))\" y=\"34\" width=\"\(Self.short(max(1, to - from)))\" height=\"346\" fill=\"#888\" fill-opacity=\".16\"><title>"
      )
      page.text("\(fault.name) \(fault.what)")
      page.markup("</title></rect>\n")
      if fault.name == "kill" {
        page.markup("<path d=\"M\(Self.short(from)) 34v346\" stroke=\"#d55e00\" stroke-dasharray=\"4 3\"/>\n")
      }
    }
    axes(unit)
  }

  private mutating func axes(_ unit: String) {
    page.markup("<path d=\"M64 34V380H810\" fill=\"none\" stroke=\"#444\"/>\n")
    for part in 0...5 {
      let time = end * Double(part) / 5
      page.markup(
        "<text x=\"\(Self.short(x(time)))\" y=\"396\" text-anchor=\"middle\">\(Self.short(time)) s</text>\n")
    }
    var levels: [Double] = []
    if isLogarithmic {
      var level = low
      while level <= high {
        levels.append(level)
        level *= 10
      }
    } else {
      levels = (0...4).map { high * Double($0) / 4 }
    }
    for level in levels {
      let text = level >= 10 ? "\(Int(level.rounded()))" : Self.short(level)
      page.markup("<path d=\"M64 \(Self.short(y(level)))H810\" stroke=\"#ddd\"/>")
      page.markup(
        "<text x=\"58\" y=\"\(Self.short(y(level) + 4))\" text-anchor=\"end\">\(text) \(unit)</text>\n")
    }
  }

  private func x(_ time: Double) -> Double {
    Self.left + min(1, max(0, time / end)) * (Self.width - Self.left - Self.right)
  }

  private func y(_ value: Double) -> Double {
    let share = isLogarithmic ? Self.decades(max(low, value) / low) / Self.decades(high / low) : value / high
    return Self.height - Self.bottom - min(1, max(0, share)) * (Self.height - Self.top - Self.bottom)
  }

  /// The logarithm to base ten, without Foundation: to a few thousandths, which is less than a pixel.
  static func decades(_ value: Double) -> Double {
    guard value > 0, value.isFinite else { return 0 }
    // Between the powers of two the logarithm is nearly a parabola.
    let fraction = value.significand - 1
    let power = Double(value.exponent) + fraction * (1.3465 - 0.3465 * fraction)
    return power * 0.301029995663981
  }

  /// A number with two decimals at most.
  static func short(_ value: Double) -> String {
    let hundredths = Int((value * 100).rounded())
    let rest = abs(hundredths % 100)
    let sign = value < 0 && hundredths < 0 ? "-" : ""
    guard rest > 0 else { return "\(sign)\(abs(hundredths / 100))" }
    return "\(sign)\(abs(hundredths / 100)).\(rest < 10 ? "0" : "")\(rest)"
  }

  mutating func dots(_ points: [(Double, Double)], colour: String, _ name: String) {
    guard !points.isEmpty else { return }
    page.markup(
      "<path stroke=\"\(colour)\" stroke-width=\"3\" stroke-linecap=\"round\" stroke-opacity=\".7\" d=\"")
    for (time, value) in points { page.markup("M\(Self.short(x(time))) \(Self.short(y(value)))h0") }
    page.markup("\"/>\n")
    legend(colour, name)
  }

  mutating func line(_ points: [(Double, Double)], colour: String, _ name: String) {
    guard !points.isEmpty else { return }
    page.markup("<polyline fill=\"none\" stroke=\"\(colour)\" stroke-width=\"1.6\" points=\"")
    for (time, value) in points { page.markup("\(Self.short(x(time))),\(Self.short(y(value))) ") }
    page.markup("\"/>\n")
    legend(colour, name)
  }

  private mutating func legend(_ colour: String, _ name: String) {
    let y = 48 + 18 * legendCount
    legendCount += 1
    page.markup(
      "<rect x=\"822\" y=\"\(y - 9)\" width=\"10\" height=\"10\" fill=\"\(colour)\"/><text x=\"838\" y=\"\(y)\">"
    )
    page.text(name)
    page.markup("</text>\n")
  }

  var text: [UInt8] {
    var page = page
    page.markup("</svg>\n")
    return page.bytes
  }
}
