import Glomers
import History

/// Jepsen's set-full: for every element whether, and since when, every read shows it.
///
/// An element is *known* from the end of its add, or of the first read that shows it. It is *stable* if the last
/// read to begin shows it, or rather if of the reads that show it and the reads that lack it one of the former
/// begins last; its stable latency runs from when it was known to the beginning of the last read that lacks it.
/// It is *lost* if one of the latter begins last, after it was known. Jepsen means to count elements that a read
/// shows more than once as well, but compares the wrong way round and never finds one; here they are found.
///
/// Jepsen updates every element at every read. Here each element looks at the few reads that can decide.
struct SetFull: Sendable {
  enum Outcome: String, Sendable {
    case stable
    case lost
    case neverRead = "never-read"
  }

  /// What becomes of an element; places are indices into the history.
  struct Element: Equatable, Sendable {
    let number: Int
    let outcome: Outcome
    /// The end of the add or read by which it is known.
    let known: Int?
    /// The beginning of the last read that shows it, and of the last that lacks it.
    let lastPresent: Int?
    let lastAbsent: Int?
    /// Whole milliseconds, for stable and for lost elements.
    let stableLatency: Int?
    let lostLatency: Int?
  }

  /// In the order of their values.
  let elements: [Element]
  /// In whole milliseconds; nil where nothing is stable.
  let stableLatencies: Quantiles?
  private let set: SetHistory
  private let history: History

  init(_ set: SetHistory, _ history: History) {
    self.set = set
    self.history = history
    var absences = SetReads.Absences(set.reads)
    elements = set.attempted.map { Self.judge($0, set, history, &absences) }
    stableLatencies = Self.quantiles(elements.compactMap(\.stableLatency))
  }

  private static func judge(
    _ number: Int, _ set: SetHistory, _ history: History, _ absences: inout SetReads.Absences
  ) -> Element {
    let add = set.elements[number]
    let reads = set.reads
    var known = add.acknowledged >= 0 ? add.acknowledged : nil
    var last = -1
    for appearance in reads.appearances(of: number) {
      let showing = reads.showing(appearance)
      // A read that ended before the add began says nothing about it; one that began after the element was known
      // can't have made it known.
      for place in showing where reads.all[Int(place)].end > add.begin {
        if let known, reads.all[Int(place)].begin > known { break }
        known = min(known ?? .max, reads.all[Int(place)].end)
      }
      if let place = showing.last(where: { reads.all[Int($0)].end > add.begin }) {
        last = max(last, Int(place))
      }
    }
    let lastPresent = last >= 0 ? reads.all[last].begin : nil
    let lastAbsent = lastAbsence(number, add, set, &absences)
    let isStable = lastPresent != nil && (lastAbsent ?? -1) < lastPresent!
    var isLost = false
    if let known, let lastAbsent {
      isLost = (lastPresent ?? -1) < lastAbsent && known < lastAbsent
    }
    return Element(
      number: number, outcome: isStable ? .stable : isLost ? .lost : .neverRead, known: known,
      lastPresent: lastPresent, lastAbsent: lastAbsent,
      stableLatency: isStable ? latency(from: known!, to: lastAbsent, history) : nil,
      lostLatency: isLost ? latency(from: known!, to: lastPresent, history) : nil)
  }

  /// The beginning of the last read to begin that ended after the add began and lacks the element.
  private static func lastAbsence(
    _ number: Int, _ add: SetHistory.Element, _ set: SetHistory, _ absences: inout SetReads.Absences
  ) -> Int? {
    let last = absences.last(of: number, set.reads.appearances(of: number))
    if last >= 0, set.reads.all[last].begin > add.begin { return set.reads.all[last].begin }
    // Of the reads that began before the add, those that were under way then.
    let absent = set.overlaps[add.overlaps].last { !set.reads.shows(Int($0), number) }
    return absent.map { set.reads.all[Int($0)].begin }
  }

  /// Milliseconds from when an element was known until just after the beginning of a read; 0 without one.
  private static func latency(from known: Int, to read: Int?, _ history: History) -> Int {
    guard let read else { return 0 }
    let nanoseconds = history.time(of: read) + 1 - history.time(of: known)
    return Int(max(0, nanoseconds) / 1_000_000)
  }
}

extension SetFull {
  private static let worstMax = 8

  var verdict: Verdict {
    if elements.contains(where: { $0.outcome == .lost }) || !set.reads.duplicates.isEmpty { return .invalid }
    return elements.contains { $0.outcome == .stable } ? .valid : .unknown
  }

  /// What Jepsen reports.
  var figures: EDN {
    let stable = elements.filter { $0.outcome == .stable }
    let lost = elements.filter { $0.outcome == .lost }
    let neverRead = elements.filter { $0.outcome == .neverRead }
    let stale = stable.filter { $0.stableLatency! > 0 }
    let worst = stale.enumerated().sorted { a, b in
      (a.element.stableLatency!, a.offset) > (b.element.stableLatency!, b.offset)
    }
    let repeated = duplicated
    var edn: EDN = [
      "attempt-count": .integer(elements.count), "stable-count": .integer(stable.count),
      "lost-count": .integer(lost.count), "lost": values(lost),
      "never-read-count": .integer(neverRead.count), "never-read": values(neverRead),
      "stale-count": .integer(stale.count), "stale": values(stale),
      "worst-stale": .vector(worst.prefix(Self.worstMax).map { describe($0.element) }),
    ]
    edn["stable-latencies"] = distribution(stableLatencies)
    edn["lost-latencies"] = distribution(Self.quantiles(lost.map { $0.lostLatency! }))
    edn["duplicated-count"] = .integer(repeated.count)
    edn["duplicated"] = .map(repeated)
    return edn
  }

  /// For each element that a read shows more than once, how often at most.
  private var duplicated: [EDN.Member] {
    let most = Dictionary(set.reads.duplicates.map { ($0.element, $0.multiplicity) }) { max($0, $1) }
    return
      most
      .sorted { JSON.precedes(set.value($0.key), set.value($1.key)) }
      .map { .init(EDN(set.value($0.key)), .integer($0.value)) }
  }

  private func values(_ elements: [Element]) -> EDN { .vector(elements.map { EDN(set.value($0.number)) }) }

  private static func quantiles(_ milliseconds: [Int]) -> Quantiles? {
    Quantiles(nanoseconds: milliseconds.map { Int64($0) * 1_000_000 })
  }

  private func distribution(_ latencies: Quantiles?) -> EDN? {
    latencies?.edn { .integer(Int($0.nanoseconds / 1_000_000)) }
  }

  private func describe(_ element: Element) -> EDN {
    [
      "element": EDN(set.value(element.number)), "outcome": .keyword(element.outcome.rawValue),
      "stable-latency": element.stableLatency.map { .integer($0) } ?? .null,
      "lost-latency": element.lostLatency.map { .integer($0) } ?? .null,
      "known": element.known.map { history[$0].edn } ?? .null,
      "last-absent": element.lastAbsent.map { history[$0].edn } ?? .null,
    ]
  }
}
