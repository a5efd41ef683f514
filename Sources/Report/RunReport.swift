public import Glomers
import Lab
public import History
public import Checkers

/// Everything that the report of a run is made of.
///
/// Pure: data in, text out. Whoever has the files reads and writes them.
public struct RunReport: Sendable {
  public var workload: String
  /// What ran, in a line.
  public var summary: String
  /// The nodes' names.
  public var nodes: [String]
  /// How many clients there were: process `p` is one of client `p % clientCount`.
  public var clientCount = 1
  public var verdict: Verdict
  public var anomalies: [Anomaly]
  /// What speaks against the run beside its anomalies, in words.
  public var complaints: [String]
  public var doubts: [String]
  /// `results.edn`.
  public var results: EDN
  public var history: History
  /// Nil where messages were not recorded.
  public var log: MessageLog?
  /// When each value was first seen at each node; for workloads whose values are to reach every node.
  public var sightings: [Visibility.Sighting] = []
  /// The instant from which the history's times count.
  public var origin = Instant.zero
  /// The command that runs it again.
  public var command = ""
  /// When it was started, for people.
  public var started = ""
  /// The last lines of each node's log.
  public var logTails: [(node: String, lines: [String])] = []
  /// Files of the run's directory that the page links to.
  public var files: [String] = []

  public init(
    workload: String, summary: String, nodes: [String], results: Results, history: History, log: MessageLog?
  ) {
    self.workload = workload
    self.summary = summary
    self.nodes = nodes
    verdict = results.verdict
    anomalies = results.anomalies
    complaints = results.complaints
    doubts = results.doubts
    self.results = results.tree
    self.history = history
    self.log = log
  }

  /// The page, and the data that stand in a file beside it where they would make it too large.
  public struct Page: Sendable {
    public let html: [UInt8]
    /// What belongs into ``dataFile``; nil where the page has it all.
    public let data: [UInt8]?
  }

  /// The name of the file with data that the page is too small for.
  public static let dataFile = "report-data.js"
  /// The most data that stand in the page itself, in bytes.
  public static let inlineBytesMax = 5 << 20

  public func page(inlineBytesMax: Int = RunReport.inlineBytesMax) -> Page {
    var report = self
    report.prove()
    let data = ReportData(report).written()
    let isInline = data.count <= inlineBytesMax
    var html = PageText()
    report.write(&html, data: isInline ? data.bytes : nil)
    return Page(html: html.bytes, data: isInline ? nil : unsafe data.withBytes { unsafe Self.script($0) })
  }

  /// Data as a script that hands them over in strings of this size, which the page joins and reads as JSON: a browser takes
  /// several times as long for a literal of tens of megabytes, whether an object or a string.
  private static let stringBytesMax = 1 << 18

  private static func script(_ data: UnsafeBufferPointer<UInt8>) -> [UInt8] {
    let quote = UInt8(ascii: "'"), backslash = UInt8(ascii: "\\")
    var escapeCount = 0
    for place in data.indices {
      let byte = unsafe data[place]
      if byte == backslash || byte == quote { escapeCount += 1 }
    }
    let breakCount = data.count / stringBytesMax + 1
    let bytesMax =
      data.count + escapeCount + scriptBreak.count * breakCount + scriptStart.count + scriptEnd.count
    return unsafe [UInt8](unsafeUninitializedCapacity: bytesMax) { text, count in
      func add(_ part: [UInt8]) {
        for byte in part {
          unsafe text[count] = byte
          count += 1
        }
      }
      add(scriptStart)
      var start = 0, end = stringBytesMax - 1
      while true {
        // Not within a character.
        while end < data.count, unsafe data[end] >= 128 { end += 1 }
        let part = unsafe UnsafeRawBufferPointer(
          UnsafeBufferPointer(rebasing: data[start..<min(end, data.count)]))
        var next = count, place = 0
        while place < part.count {
          // Eight bytes at once, where none is escaped.
          while place &+ 8 <= part.count {
            let word = unsafe part.loadUnaligned(fromByteOffset: place, as: UInt64.self)
            guard !word.has(quote), !word.has(backslash) else { break }
            unsafe UnsafeMutableRawPointer(text.baseAddress! + next).storeBytes(of: word, as: UInt64.self)
            place &+= 8
            next &+= 8
          }
          let stop = min(part.count, place &+ 8)
          while place < stop {
            let byte = unsafe part[place]
            if byte == backslash || byte == quote {
              unsafe text[next] = backslash
              next &+= 1
            }
            unsafe text[next] = byte
            place &+= 1
            next &+= 1
          }
        }
        count = next
        guard end < data.count else { break }
        add(scriptBreak)
        start = end
        end += stringBytesMax
      }
      add(scriptEnd)
    }
  }

  private static let scriptStart = Array("reportData('".utf8), scriptBreak = Array("',\n'".utf8)
  private static let scriptEnd = Array("');\n".utf8)

  /// Of anomalies of registers, by the index of their last operation: as little as shows that no order explains it.
  private(set) var windows: [Int: LinearizationWindow] = [:]

  /// Looks for the windows of what is not linearizable, and puts the smallest first.
  private mutating func prove() {
    windows = LinearizationWindow.windows(of: anomalies, in: history)
    guard !windows.isEmpty else { return }
    func size(_ anomaly: Anomaly) -> Int? { anomaly.operations.last.flatMap { windows[$0]?.items.count } }
    let places = anomalies.indices.filter { size(anomalies[$0]) != nil }
    let sorted = places.map { anomalies[$0] }.enumerated()
      .sorted { (size($0.element)!, $0.offset) < (size($1.element)!, $1.offset) }
    for (place, one) in zip(places, sorted) { anomalies[place] = one.element }
  }

  /// The verdict in words.
  var headline: String {
    let kinds = Set(anomalies.filter { $0.severity == .invalid }.map(\.name)).count + complaints.count
    return switch verdict {
    case .valid: "Valid: nothing wrong was found"
    case .invalid: kinds == 1 ? "Invalid: one thing is wrong" : "Invalid: \(kinds) things are wrong"
    case .unknown: "Unknown: too little was seen to judge"
    }
  }

  /// Anomalies by kind, the worst kinds first, each kind's in the order in which they were found.
  var kinds: [(name: String, count: Int, shown: [Anomaly])] {
    var order: [String] = []
    var byName: [String: (count: Int, shown: [Anomaly])] = [:]
    for anomaly in anomalies {
      if byName[anomaly.name] == nil { order.append(anomaly.name) }
      byName[anomaly.name, default: (0, [])].count += anomaly.count
      if byName[anomaly.name]!.shown.count < Self.shownMax { byName[anomaly.name]!.shown.append(anomaly) }
    }
    let rank: [Anomaly.Severity: Int] = [.invalid: 0, .unknown: 1, .warning: 2]
    func worst(_ name: String) -> Int { byName[name]!.shown.map { rank[$0.severity]! }.min()! }
    return order.enumerated().sorted { (worst($0.element), $0.offset) < (worst($1.element), $1.offset) }
      .map { ($0.element, byName[$0.element]!.count, byName[$0.element]!.shown) }
  }

  /// Of each kind so many anomalies are shown.
  private static let shownMax = 5
}
