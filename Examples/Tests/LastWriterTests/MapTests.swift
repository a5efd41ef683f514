import GlomersTesting
import Testing

@testable import LastWriter

/// What clients of a map do, and what must hold: a value that is read was put, and in the end all nodes show the same.
struct MapWorkload: OwnWorkload {
  static let keys = ["a", "b", "c"]
  private var nextValue = 1

  mutating func next(_ random: inout Random) -> Map {
    let key = Self.keys.randomElement(using: &random)!
    guard Bool.random(using: &random) else { return .get(key: key) }
    defer { nextValue += 1 }
    return .put(key: key, value: nextValue)
  }

  var finalRequests: [Map] { Self.keys.map { .get(key: $0) } }

  func changesNothing(_ request: Map) -> Bool {
    if case .get = request { true } else { false }
  }

  func check(_ exchanges: [Exchange<Map>]) -> [Anomaly] { strangeValues(exchanges) + divergence(exchanges) }

  /// Values that were read, and that nobody had put by then.
  private func strangeValues(_ exchanges: [Exchange<Map>]) -> [Anomaly] {
    exchanges.compactMap { read in
      guard case .get(let key) = read.request, case .getOk(let value?)? = read.answer else { return nil }
      let wasPut = exchanges.contains {
        $0.request == .put(key: key, value: value) && $0.begin <= read.end ?? .zero && $0.outcome != .failed
      }
      return wasPut
        ? nil
        : Anomaly(
          "phantom-value", "\(read.node) shows \(value) of \(key), which nobody has put",
          operations: read.operations, node: read.node)
    }
  }

  private func divergence(_ exchanges: [Exchange<Map>]) -> [Anomaly] {
    Self.keys.compactMap { key in
      let reads = exchanges.filter { $0.isFinal && $0.request == .get(key: key) && $0.answer != nil }
      guard let first = reads.first, let other = reads.first(where: { $0.answer != first.answer }) else {
        return nil
      }
      return Anomaly(
        "diverged-replicas", "in the end \(first.node) and \(other.node) show different values of \(key)",
        operations: first.operations + other.operations)
    }
  }
}

@Suite struct MapTests {
  @Test("a value that was put is stored before it is acknowledged, and read")
  func putAndGet() {
    var trial = Trial(MapNode.self)
    let entry = Map.Entry(key: "a", value: 7, time: 1, node: "n0")
    #expect(
      trial.receive(.put(key: "a", value: 7)) == [.persist(entry), .reply(.putOk, to: trial.request())])
    #expect(trial.receive(.get(key: "a")) == [.reply(.getOk(value: 7), to: trial.request())])
  }

  @Test("of two values the later one wins, wherever it comes from")
  func lastWriterWins() {
    var trial = Trial(MapNode.self)
    _ = trial.receive(.gossip([.init(key: "a", value: 1, time: 5, node: "n1")]), from: "n1", id: nil)
    _ = trial.receive(.gossip([.init(key: "a", value: 2, time: 4, node: "n2")]), from: "n2", id: nil)
    #expect(trial.receive(.get(key: "a")) == [.reply(.getOk(value: 1), to: trial.request())])
  }

  @Test("whatever happens to the network and the nodes, all come to show the same")
  func simulation() {
    let failure = Simulation<MapNode>.failure(of: MapWorkload(), seeds: 1...20) {
      $0.faults = [.partition, .oneWay, .loss, .duplicate, .reorder, .kill, .pause]
      $0.draw()
    }
    #expect(failure == nil, "\(failure?.report ?? "")")
  }

  @Test("the checker finds nodes that say nothing to each other")
  func silence() throws {
    let hour = MapNode.period.value(parsing: "3600s")
    let failure = Simulation<MapNode>.failure(
      of: MapWorkload(), seeds: 1...1, options: [MapNode.period.name: try #require(hour)])
    #expect(failure?.results.anomalies.first?.name == "diverged-replicas")
  }
}
