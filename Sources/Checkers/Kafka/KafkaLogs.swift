import History
import Glomers

/// The log of every key, as far as sends and polls show it. Jepsen calls it the version order.
///
/// Sends count if they have certainly happened, polls always: what a consumer is shown is to be true, whatever becomes
/// of its operation.
struct KafkaLogs: Sendable {
  /// Something that was seen at an offset, and where first.
  struct Sighting: Sendable {
    let offset: Int
    let value: Int
    /// The end of the operation.
    let operation: Int
  }

  /// The log of one key. Places count what lies between no two known offsets as next to each other.
  struct Log: Sendable {
    /// One for each value at each offset, in the order of the offsets.
    fileprivate(set) var sightings: [Sighting] = []
    /// By place: the first of its sightings.
    fileprivate(set) var starts: [Int] = []
    /// By value: its place, if it is the value of one, and where it was seen at all first and last.
    fileprivate(set) var places: [Int?]
    fileprivate(set) var firstPlaces: [Int?]
    fileprivate(set) var lastPlaces: [Int?]

    /// Everything that was seen at a place: one value, if all is well.
    func sightings(at place: Int) -> ArraySlice<Sighting> {
      sightings[starts[place]..<(place + 1 < starts.count ? starts[place + 1] : sightings.count)]
    }

    /// The value of a place; of several, any.
    func value(at place: Int) -> Int { sightings[starts[place]].value }

    func offset(of place: Int) -> Int { sightings[starts[place]].offset }

    /// How many places lie from one value to the next one in a poll; 1 where that is not known.
    func distance(from first: Int, to second: Int) -> Int {
      guard let first = places[first], let second = places[second] else { return 1 }
      return second - first
    }
  }

  /// By key.
  let logs: [Log]
  /// The ends of operations that are unknown to their clients, and yet have certainly sent what they wanted to.
  let committed: Set<Int>

  init(_ history: KafkaHistory) {
    var sightings: [[Sighting]] = Array(repeating: [], count: history.keys.count)
    var committed: Set<Int> = []
    for entry in history.entries where !entry.accesses.isEmpty {
      let countsSends = history.hasCommitted(entry)
      if countsSends, entry.kind == .info { committed.insert(entry.index) }
      for access in history.accesses[entry.accesses] where access.isPoll || countsSends {
        for place in access.messages {
          guard let offset = history.offsets[place] else { continue }
          sightings[access.key].append(
            Sighting(offset: offset, value: history.values[place], operation: entry.index))
        }
      }
    }
    self.committed = committed
    logs = sightings.indices.map { Self.log(of: sightings[$0], valueCount: history.keys[$0].values.count) }
  }

  private static func log(of all: [Sighting], valueCount: Int) -> Log {
    let none = [Int?](repeating: nil, count: valueCount)
    var log = Log(places: none, firstPlaces: none, lastPlaces: none)
    let sorted = all.sorted { ($0.offset, $0.value, $0.operation) < ($1.offset, $1.value, $1.operation) }
    for sighting in sorted {
      let last = log.sightings.last
      if last?.offset == sighting.offset, last?.value == sighting.value { continue }
      if last?.offset != sighting.offset {
        log.places[sighting.value] = log.starts.count
        log.starts.append(log.sightings.count)
      }
      log.sightings.append(sighting)
      let place = log.starts.count - 1
      log.firstPlaces[sighting.value] = log.firstPlaces[sighting.value] ?? place
      log.lastPlaces[sighting.value] = place
    }
    return log
  }
}
