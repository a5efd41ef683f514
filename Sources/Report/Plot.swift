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

  /// Places are told apart that are half a pixel from each other: dots are six times as wide.
  private static let placesEach = 2.0

  /// A set of places without any.
  var noDots: PlotDots {
    PlotDots(
      columns: Int((Self.width - Self.right) * Self.placesEach) + 1,
      rows: Int((Self.height - Self.bottom) * Self.placesEach) + 1)
  }

  /// Where a value is drawn: column and row.
  func place(_ time: Double, _ value: Double) -> (Int, Int) {
    // No place is below zero, so this is the nearest.
    (Int(x(time) * Self.placesEach + 0.5), Int(y(value) * Self.placesEach + 0.5))
  }

  /// Draws dots of one series. Those that lie close to each other in a row are one stroke, which covers the same.
  mutating func draw(_ dots: PlotDots, colour: String, _ name: String) {
    page.markup(
      "<path stroke=\"\(colour)\" stroke-width=\"3\" stroke-linecap=\"round\" stroke-opacity=\".7\" d=\"")
    dots.forEachRun { row, from, to in
      page.markup("M")
      page.half(from)
      page.markup(" ")
      page.half(row)
      page.markup("h")
      page.half(to - from)
    }
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

/// Places of a plot where a series has dots.
struct PlotDots {
  private let wordsEach: Int
  /// A bit for each place, row by row.
  private var words: [UInt64]

  init(columns: Int, rows: Int) {
    wordsEach = (columns + 63) / 64
    words = Array(repeating: 0, count: rows * wordsEach)
  }

  mutating func insert(_ place: (column: Int, row: Int)) {
    words[place.row * wordsEach + place.column >> 6] |= 1 << UInt64(place.column & 63)
  }

  /// Calls `visit` with each run of places that lie side by side: its row, its first and its last column.
  func forEachRun(_ visit: (_ row: Int, _ from: Int, _ to: Int) -> Void) {
    for row in 0..<(words.count / wordsEach) {
      var start: Int?
      for place in 0..<wordsEach {
        var word = words[row * wordsEach + place]
        // The usual words: nothing there, and nothing that goes on.
        if word == 0 && start == nil { continue }
        var column = place * 64
        let end = column + 64
        while column < end {
          let length = min(
            end - column, start == nil ? word.trailingZeroBitCount : (~word).trailingZeroBitCount)
          column += length
          word = length < 64 ? word >> UInt64(length) : 0
          guard column < end else { break }
          if let from = start {
            visit(row, from, column - 1)
            start = nil
          } else {
            start = column
          }
        }
      }
      if let start { visit(row, start, wordsEach * 64 - 1) }
    }
  }
}

extension PageText {
  /// A number that is given in halves.
  fileprivate mutating func half(_ halves: Int) {
    number(halves / 2)
    if halves % 2 == 1 { markup(".5") }
  }
}
