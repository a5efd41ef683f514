internal import Glomers
internal import Lab
import History
import Checkers

/// What proves an anomaly, as a picture and in words: the operations that no order explains, and cycles of transactions.
/// Complete without a script; what leads to an operation carries its index in the history as `data-op`.
extension RunReport {
  // MARK: Links

  private func link(
    _ page: inout PageText, to index: Int, _ classes: String = "", _ content: (inout PageText) -> Void
  ) {
    page.markup(
      "<a href=\"#op=\(index)\" data-op=\"\(index)\"\(classes.isEmpty ? "" : " class=\"\(classes)\"")>")
    content(&page)
    page.markup("</a>")
  }

  /// Who did an operation, where and when.
  private func origin(of call: Int) -> String {
    let operation = history[call], end = history.completion(of: call)
    var words = ""
    if case .client(let process) = operation.process { words = "process \(process)" }
    if let node = operation.node { words += " at \(node.name)" }
    let from = Self.moment(operation)
    return words + (end.map { ", \(from) s to \(Self.moment($0)) s" } ?? ", from \(from) s on")
  }

  /// In seconds, to the millisecond.
  private static func moment(_ operation: Operation) -> String {
    let (seconds, rest) = (operation.time.nanoseconds / 1_000_000).quotientAndRemainder(dividingBy: 1000)
    return "\(seconds)." + String("00\(rest)".suffix(3))
  }

  // MARK: Cycles

  /// More transactions make no picture.
  private static let circleMax = 16

  /// The edges of a cycle, each with its two transactions and its reason.
  func writeCycle(_ steps: [Anomaly.Step], _ page: inout PageText) {
    guard
      steps.allSatisfy({
        history.operations.indices.contains($0.from) && history.operations.indices.contains($0.to)
      })
    else { return }
    let count = steps.count
    page.markup("<figure class=\"proof cycle\">\n")
    if (2...Self.circleMax).contains(count) { writeCircle(steps, &page) }
    page.markup("<div>\n<ul class=\"transactions\">\n")
    for (place, step) in steps.enumerated() {
      page.markup("<li>")
      link(&page, to: step.from) { $0.element("b", "T\(place + 1)") }
      page.text(" \(origin(of: step.from)) ")
      let shown =
        history.completion(of: step.from).flatMap { $0.kind == .ok ? $0 : nil } ?? history[step.from]
      page.element("code", (shown.edn["value"] ?? .null).text(in: .edn).cut(to: 400))
      page.markup("</li>\n")
    }
    page.markup("</ul>\n<ol class=\"steps\">\n")
    for (place, step) in steps.enumerated() {
      let next = (place + 1) % count
      page.markup("<li>")
      link(&page, to: step.from) { $0.text("T\(place + 1)") }
      page.markup(" → ")
      link(&page, to: step.to) { $0.text("T\(next + 1)") }
      page.markup(" <i class=\"relation \(Self.relationClass(step.relation))\">")
      page.text(step.relation)
      page.markup("</i> ")
      page.text("\(step.words.cut(to: 600)), so T\(place + 1) came before T\(next + 1).")
      page.markup("</li>\n")
    }
    page.markup(
      "</ol>\n<p>So T1 would have come before itself: no order of these transactions explains what they saw.</p>\n"
    )
    page.markup("</div>\n</figure>\n")
  }

  private static func relationClass(_ relation: String) -> String {
    ["ww", "wr", "rw"].contains(relation) ? relation : "time"
  }

  /// Transactions on a circle, and an arrow for each edge.
  private func writeCircle(_ steps: [Anomaly.Step], _ page: inout PageText) {
    let count = steps.count
    let radius = count <= 4 ? 70.0 : 70 + 12 * Double(count - 4)
    let centre = radius + 34, size = Int(2 * centre)
    func point(_ place: Double, _ radius: Double) -> (x: Double, y: Double) {
      let turn = Turn.of(place / Double(count) - (count == 2 ? 0.25 : 0))
      return (centre + radius * turn.sine, centre - radius * turn.cosine)
    }
    page.markup(
      "<svg viewBox=\"0 0 \(size) \(size)\" width=\"\(size)\" height=\"\(size)\" role=\"img\" aria-label=\"A cycle of \(count) transactions\">\n"
    )
    for (place, step) in steps.enumerated() {
      // From the edge of one circle to that of the next, bent outwards.
      let gap = 17 / radius / 6.283 * Double(count)
      let from = point(Double(place) + gap, radius), to = point(Double(place + 1) - gap * 1.25, radius)
      let bend = point(Double(place) + 0.5, radius * (count == 2 ? 1.25 : count == 3 ? 1.35 : 1.12))
      let label = point(Double(place) + 0.5, radius * (count == 2 ? 0.36 : count == 3 ? 0.78 : 0.86))
      let shape = Self.relationClass(step.relation)
      page.markup(
        "<path class=\"edge \(shape)\" d=\"M\(Plot.short(from.x)) \(Plot.short(from.y))Q\(Plot.short(bend.x)) \(Plot.short(bend.y)) \(Plot.short(to.x)) \(Plot.short(to.y))\"/>"
      )
      page.markup(Self.head(at: to, from: bend, shape))
      page.markup(
        "<text class=\"\(shape)\" x=\"\(Plot.short(label.x))\" y=\"\(Plot.short(label.y + 4))\" text-anchor=\"middle\">"
      )
      page.text(step.relation)
      page.markup("</text>\n")
    }
    for (place, step) in steps.enumerated() {
      let at = point(Double(place), radius)
      link(&page, to: step.from) {
        $0.markup(
          "<circle cx=\"\(Plot.short(at.x))\" cy=\"\(Plot.short(at.y))\" r=\"15\"/><text x=\"\(Plot.short(at.x))\" y=\"\(Plot.short(at.y + 4))\" text-anchor=\"middle\">T\(place + 1)</text>"
        )
      }
      page.markup("\n")
    }
    page.markup("</svg>\n")
  }

  /// The head of an arrow that comes from a point.
  private static func head(at tip: (x: Double, y: Double), from: (x: Double, y: Double), _ shape: String)
    -> String
  {
    let (dx, dy) = (tip.x - from.x, tip.y - from.y)
    let length = max(1e-6, (dx * dx + dy * dy).squareRoot())
    let (ux, uy) = (dx / length * 8, dy / length * 8)
    func text(_ x: Double, _ y: Double) -> String { "\(Plot.short(x)),\(Plot.short(y))" }
    return
      "<polygon class=\"head \(shape)\" points=\"\(text(tip.x, tip.y)) \(text(tip.x - ux - uy / 2, tip.y - uy + ux / 2)) \(text(tip.x - ux + uy / 2, tip.y - uy - ux / 2))\"/>"
  }

  // MARK: Linearizability

  /// More operations make no picture: the last are drawn.
  private static let drawnMax = 40
  /// Of an order so many steps are told, the last.
  private static let toldMax = 10

  /// The operations of a window as bars, and the orders that go furthest.
  func writeWindow(_ window: LinearizationWindow, _ page: inout PageText) {
    let items = window.items
    page.markup("<figure class=\"proof window\">\n<figcaption>")
    if window.key == .null {
      page.text("No ")
    } else {
      page.text("Key \(EDN(window.key).text.cut(to: 100)): no ")
    }
    page.text(
      "order of these \(items.count) operations explains what they saw"
        + (window.isWhole ? ", from the test's start." : ", whatever the key held before."))
    let first = max(0, items.count - Self.drawnMax)
    if first > 0 { page.text(" The last \(Self.drawnMax) are drawn.") }
    page.text(" Orders that go furthest; after none of them the next operation fits:")
    page.markup("</figcaption>\n")
    let chart = WindowChart(window, from: first, history)
    page.markup("<div class=\"wide\">\n")
    chart.write(&page) { page, call, classes, content in self.link(&page, to: call, classes, content) }
    page.markup("</div>\n<ol class=\"attempts\">\n")
    for (number, attempt) in window.attempts.enumerated() {
      page.markup("<li data-attempt=\"\(number)\"\(number == 0 ? " class=\"shown\"" : "")>")
      page.text(
        attempt.start == LinearizationWindow.anything
          ? "Whatever it held" : "It held \(attempt.start.cut(to: 80))")
      let told = attempt.steps.suffix(Self.toldMax)
      page.text(told.isEmpty ? "" : told.count < attempt.steps.count ? "; then … " : "; then ")
      for (place, step) in told.enumerated() {
        if place > 0 { page.text(", ") }
        link(&page, to: items[step.item].call) { $0.text(items[step.item].words.cut(to: 80)) }
      }
      page.text(told.isEmpty ? ": " : ". It holds \(attempt.value.cut(to: 80)), and ")
      link(&page, to: items[attempt.stuck].call, "stuck") { $0.text(items[attempt.stuck].words.cut(to: 80)) }
      page.text(" can't come next.")
      page.markup("</li>\n")
    }
    page.markup("</ol>\n</figure>\n")
  }
}

/// Bars for operations, a row for each process. A column for each beginning and end: what matters is their order.
private struct WindowChart {
  private struct Bar {
    let item: LinearizationWindow.Item
    let row: Int
    let left: Double
    let right: Double
    let isStuck: Bool
  }

  private static let column = 58.0, rowHeight = 36.0, left = 84.0, barHeight = 19.0
  private let window: LinearizationWindow
  private let names: [String]
  /// By place in the window; nil for those that are not drawn.
  private let bars: [Bar?]
  private let width: Double

  init(_ window: LinearizationWindow, from first: Int, _ history: History) {
    self.window = window
    let shown = window.items.enumerated().filter { $0.offset >= first || $0.offset == window.stuck }
    var events: [Int] = []
    for (_, item) in shown {
      if !item.isEarlier { events.append(item.call) }
      if let end = item.end { events.append(end) }
    }
    events.sort()
    let place = Dictionary(uniqueKeysWithValues: events.enumerated().map { ($1, $0) })
    func x(_ event: Int) -> Double { Self.left + 12 + Double(place[event] ?? 0) * Self.column }
    width = Self.left + 24 + Double(max(1, events.count)) * Self.column
    var processes: [Int] = []
    func process(_ item: LinearizationWindow.Item) -> Int {
      if case .client(let number) = history[item.call].process { number } else { -1 }
    }
    for (_, item) in shown where !processes.contains(process(item)) { processes.append(process(item)) }
    processes.sort()
    names = processes.map { "process \($0)" }
    var bars = [Bar?](repeating: nil, count: window.items.count)
    for (number, item) in shown {
      bars[number] = Bar(
        item: item, row: processes.firstIndex(of: process(item))!,
        left: item.isEarlier ? Self.left : x(item.call), right: item.end.map(x) ?? width,
        isStuck: number == window.stuck)
    }
    self.bars = bars
  }

  typealias Link = (inout PageText, Int, String, (inout PageText) -> Void) -> Void

  func write(_ page: inout PageText, _ link: Link) {
    let height = Int(Double(names.count) * Self.rowHeight + 12)
    page.markup(
      "<svg viewBox=\"0 0 \(Int(width)) \(height)\" width=\"\(Int(width))\" height=\"\(height)\" role=\"img\" aria-label=\"Operations in the order of their beginnings and ends\">\n"
    )
    for (row, name) in names.enumerated() {
      page.markup("<text class=\"name\" x=\"0\" y=\"\(Int(top(row) + 14))\">")
      page.text(name)
      page.markup("</text>\n")
    }
    // Orders lie below the bars, whose words would be crossed out otherwise.
    for (number, attempt) in window.attempts.enumerated() { write(attempt, number, &page) }
    for bar in bars.compactMap({ $0 }) {
      let wide = max(6, bar.right - bar.left)
      link(&page, bar.item.call, "bar\(bar.isStuck ? " stuck" : "")\(bar.item.end == nil ? " open" : "")") {
        page in
        page.element("title", bar.item.words)
        page.markup(
          "<rect x=\"\(Int(bar.left))\" y=\"\(Int(top(bar.row)))\" width=\"\(Int(wide))\" height=\"\(Int(Self.barHeight))\" rx=\"3\"/><text x=\"\(Int(bar.left) + 5)\" y=\"\(Int(top(bar.row) + 14))\">"
        )
        let room = max(3, Int((wide - 8) / 6.3))
        page.text(
          bar.item.words.count > room ? String(bar.item.words.prefix(room - 1)) + "…" : bar.item.words)
        page.markup("</text>")
      }
      page.markup("\n")
    }
    page.markup("</svg>\n")
  }

  private func top(_ row: Int) -> Double { 6 + Double(row) * Self.rowHeight }

  /// A line through the bars, with a numbered dot where each operation takes effect.
  private func write(_ attempt: LinearizationWindow.Attempt, _ number: Int, _ page: inout PageText) {
    page.markup("<g class=\"attempt\(number == 0 ? " shown" : "")\" data-attempt=\"\(number)\">")
    var points: [(x: Double, y: Double)] = []
    var last = 0.0
    for step in attempt.steps {
      guard let bar = bars[step.item] else { continue }
      last = max(bar.left + 8, min(max(last + 16, bar.left + 8), bar.right - 8))
      points.append((last, top(bar.row) + Self.barHeight + 8))
    }
    page.markup("<polyline points=\"")
    page.markup(points.map { "\(Int($0.x)),\(Int($0.y))" }.joined(separator: " "))
    page.markup("\"/>")
    if let bar = bars[attempt.stuck] {
      let end = (x: max(bar.left + 8, min(last + 16, bar.right - 8)), y: top(bar.row) + Self.barHeight + 8)
      if let from = points.last {
        page.markup(
          "<line class=\"fails\" x1=\"\(Int(from.x))\" y1=\"\(Int(from.y))\" x2=\"\(Int(end.x))\" y2=\"\(Int(end.y))\"/>"
        )
      }
      page.markup("<path class=\"cross\" d=\"M\(Int(end.x) - 5) \(Int(end.y) - 5)l10 10m0 -10l-10 10\"/>")
    }
    for (place, point) in points.enumerated() {
      page.markup(
        "<circle cx=\"\(Int(point.x))\" cy=\"\(Int(point.y))\" r=\"8\"/><text x=\"\(Int(point.x))\" y=\"\(Int(point.y) + 4)\" text-anchor=\"middle\">\(place + 1)</text>"
      )
    }
    page.markup("</g>\n")
  }
}

/// The sine and cosine of a share of a turn, without libm.
private struct Turn {
  let sine: Double
  let cosine: Double

  static func of(_ share: Double) -> Turn {
    // Into a quarter turn about 0, then Taylor's series, which is exact to a thousandth of a pixel there.
    let turn = share - share.rounded()
    let angle = turn * 2 * Double.pi
    func series(_ x: Double) -> (Double, Double) {
      var sine = 0.0, cosine = 0.0, term = 1.0
      for power in 0..<24 {
        if power.isMultiple(of: 2) {
          cosine += power.isMultiple(of: 4) ? term : -term
        } else {
          sine += (power - 1).isMultiple(of: 4) ? term : -term
        }
        term *= x / Double(power + 1)
      }
      return (sine, cosine)
    }
    let (sine, cosine) = series(angle)
    return Turn(sine: sine, cosine: cosine)
  }
}
