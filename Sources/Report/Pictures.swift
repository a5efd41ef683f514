import Glomers
import Lab
public import History

/// The pictures that Maelstrom leaves in a run's directory, under the same names but for their form: SVG in place of PNG.
public enum Pictures {
  /// A file's name and its text.
  public typealias File = (name: String, text: [UInt8])

  /// What can be drawn of a run. Without a record of messages there is no `messages.svg`.
  public static func files(_ history: History, _ log: MessageLog?, workload: String) -> [File] {
    let operations = PlottedOperations(history)
    let faults = history.faults
    var files: [File] = [
      ("latency-raw.svg", latencies(operations, faults, workload)),
      ("latency-quantiles.svg", quantiles(operations, faults, workload)),
      ("rate.svg", rate(operations, faults, workload)),
      ("timeline.html", timeline(operations, history, workload)),
    ]
    if let log { files.append(("messages.svg", messages(log))) }
    return files
  }

  // MARK: Plots

  private static let palette = ["#0072b2", "#009e73", "#aa4499", "#e69f00", "#56b4e9", "#7a6a00"]
  private static let outcomes = [("ok", "#0072b2"), ("fail", "#e69f00"), ("info", "#d55e00")]

  /// What is drawn of one function and one outcome.
  private static func series(_ operations: PlottedOperations, _ number: Int) -> (name: String, colour: String)
  {
    let (function, place) = number.quotientAndRemainder(dividingBy: outcomes.count)
    let (outcome, colour) = outcomes[place]
    return (
      "\(operations.functions[function]) \(outcome)",
      outcome == "ok" ? palette[function % palette.count] : colour
    )
  }

  private static func latencies(
    _ operations: PlottedOperations, _ faults: [FaultBand], _ workload: String
  ) -> [UInt8] {
    var plot = Plot(
      title: "\(workload): latency of each operation", unit: "ms", until: operations.end, faults,
      from: 0.01, to: max(10, operations.tookMax * 1000) * 1.5, isLogarithmic: true)
    var dots = [PlotDots?](repeating: nil, count: operations.seriesCount)
    for one in operations.all {
      let number = one.series
      if dots[number] == nil { dots[number] = plot.noDots }
      dots[number]!.insert(plot.place(one.start, max(0.01, one.took * 1000)))
    }
    for (number, dots) in dots.enumerated() {
      guard let dots else { continue }
      let (name, colour) = series(operations, number)
      plot.draw(dots, colour: colour, name)
    }
    return plot.text
  }

  private static let quantilePoints = [0.5, 0.95, 0.99, 1]

  private static func quantiles(
    _ operations: PlottedOperations, _ faults: [FaultBand], _ workload: String
  ) -> [UInt8] {
    let end = operations.end
    // The operations of each bucket lie together.
    var starts = [Int](repeating: 0, count: bucketCount + 1)
    func bucket(_ one: PlottedOperations.One) -> Int { Self.bucket(one.start, end) }
    for one in operations.all where one.isOK { starts[bucket(one) + 1] += 1 }
    for bucket in 1...bucketCount { starts[bucket] += starts[bucket - 1] }
    var values = [Double](repeating: 0, count: starts[bucketCount]), next = starts
    for one in operations.all where one.isOK {
      let bucket = bucket(one)
      values[next[bucket]] = one.took * 1000
      next[bucket] += 1
    }
    var plot = Plot(
      title: "\(workload): quantiles of latency", unit: "ms", until: end, faults, from: 0.01,
      to: max(10, values.max() ?? 1) * 1.5, isLogarithmic: true)
    var lines = [[(Double, Double)]](repeating: [], count: quantilePoints.count)
    for bucket in 0..<bucketCount where starts[bucket] < starts[bucket + 1] {
      let range = starts[bucket]..<starts[bucket + 1]
      var from = range.lowerBound
      for (number, point) in quantilePoints.enumerated() {
        let place = range.lowerBound + min(range.count - 1, Int(Double(range.count) * point))
        // What is below one quantile is not above it.
        values.putInPlace(place, of: from..<range.upperBound)
        lines[number].append(((Double(bucket) + 0.5) * end / Double(bucketCount), max(0.01, values[place])))
        from = place
      }
    }
    for (number, point) in quantilePoints.enumerated() {
      plot.line(lines[number], colour: palette[number], "\(point)")
    }
    return plot.text
  }

  /// Of the time up to the end.
  private static let bucketCount = 60

  private static func bucket(_ time: Double, _ end: Double) -> Int {
    max(0, min(bucketCount - 1, Int(time / end * Double(bucketCount))))
  }

  private static func rate(
    _ operations: PlottedOperations, _ faults: [FaultBand], _ workload: String
  ) -> [UInt8] {
    let end = operations.end
    var counts = [[Int]?](repeating: nil, count: operations.seriesCount)
    for one in operations.all where one.hasEnd {
      if counts[one.series] == nil { counts[one.series] = Array(repeating: 0, count: bucketCount) }
      counts[one.series]![bucket(one.start + one.took, end)] += 1
    }
    let most = counts.compactMap { $0?.max() }.max() ?? 0
    func rate(_ count: Int) -> Double { Double(count) * Double(bucketCount) / end }
    var plot = Plot(
      title: "\(workload): operations a second", unit: "/s", until: end, faults, from: 0,
      to: max(1, rate(most)) * 1.1, isLogarithmic: false)
    for (number, counts) in counts.enumerated() {
      guard let counts else { continue }
      let (name, colour) = series(operations, number)
      plot.line(
        counts.enumerated().map { ((Double($0.offset) + 0.5) * end / Double(bucketCount), rate($0.element)) },
        colour: colour, name)
    }
    return plot.text
  }

  // MARK: Timeline

  /// Jepsen's `timeline.html`: a column for each process, time runs down. As there, it ends after so many operations.
  private static let timelineMax = 10_000

  private static func timeline(
    _ operations: PlottedOperations, _ history: History, _ workload: String
  ) -> [UInt8] {
    var page = PageText()
    page.markup("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>")
    page.text("\(workload): timeline")
    page.markup(
      "</title><style>body{font:12px system-ui,sans-serif;position:relative}div{position:absolute;width:96px;overflow:hidden;"
        + "border-radius:2px;padding:0 3px;box-sizing:border-box;white-space:nowrap}.ok{background:#b3d4ea}.fail{background:#f7dc9c}"
        + ".info{background:#f2b48c}b{position:absolute}</style></head><body>\n")
    let shown = operations.all.prefix(timelineMax)
    var columns: [Operation.Process: Int] = [:]
    // Each operation has at least a line, and none covers the next of its process.
    var free: [Int] = []
    var text = TextWriter()
    let scale = Double(shown.count) * 18 / PlottedOperations.end(of: shown)
    for one in shown {
      let process = history.process(of: one.index)
      let column = columns[process] ?? free.count
      if column == free.count {
        columns[process] = column
        free.append(0)
        page.markup("<b style=\"left:\(column * 100)px;top:0\">")
        if case .client(let number) = process { page.text("\(number)") }
        page.markup("</b>")
      }
      let top = max(free[column], 20 + Int(one.start * scale))
      let height = max(16, Int(one.took * scale))
      free[column] = top + height + 1
      page.markup("<div class=\"")
      page.markup(outcomes[one.outcome].0)
      page.markup("\" style=\"left:")
      page.number(column * 100)
      page.markup("px;top:")
      page.number(top)
      page.markup("px;height:")
      page.number(height)
      page.markup("px\" title=\"")
      page.text(&text, cutTo: 160) { history.writeEDN(of: one.index, to: &$0) }
      page.markup("\n")
      if one.hasEnd {
        page.text(&text, cutTo: 160) {
          history.writeEDN(of: history.completionIndex(of: one.index)!, to: &$0)
        }
      }
      page.markup("\">")
      page.text(history.function(of: one.index))
      page.markup(" ")
      page.text(&text, cutTo: 40) { history.writeValue(of: one.index, to: &$0) }
      page.markup("</div>\n")
    }
    if operations.all.count > timelineMax {
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
    let messages = log.messages.span
    // As many messages have been sent by then as there can be events: what is later is not drawn.
    var last = Int64.min
    for place in 0..<min(messages.count, eventsMax) { last = max(last, messages[place].sent) }
    var count = 0
    for place in messages.indices {
      count += 1
      if messages[place].sent <= last { events.append((messages[place].sent, place, false)) }
      guard let ended = messages[place].ended else { continue }
      count += 1
      if ended <= last || messages.count <= eventsMax { events.append((ended, place, true)) }
    }
    events.sort { ($0.time, $0.isEnd ? 1 : 0, $0.place) < ($1.time, $1.isEnd ? 1 : 0, $1.place) }
    events = Array(events.prefix(eventsMax))
    let cut = count - events.count
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
    page.markup("<path d=\"M")
    page.number(x)
    page.markup(" ")
    page.number(y)
    page.markup("L")
    page.number(toX)
    page.markup(" ")
    page.number(toY)
    page.markup("\" stroke=\"")
    page.markup(isLost ? "#d55e00\" stroke-dasharray=\"4 3" : "#0072b2")
    page.markup("\"><title>")
    page.text(
      "\(log.names[message.source]) → \(log.names[message.destination]): \(message.body)".cut(to: 160))
    page.markup("</title></path>")
    if message.fate == .delivered {
      page.markup("<circle cx=\"")
      page.number(toX)
      page.markup("\" cy=\"")
      page.number(toY)
      page.markup("\" r=\"2\"/>")
    }
    page.markup("<text x=\"")
    page.number((x + toX) / 2)
    page.markup("\" y=\"")
    page.number((y + toY) / 2 - 2)
    page.markup("\" text-anchor=\"middle\" fill=\"#444\">")
    page.text(log.types[message.type])
    if isLost { page.markup(" ✗") }
    page.markup("</text>\n")
  }
}
