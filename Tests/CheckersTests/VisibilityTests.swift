import History
import Glomers
import Lab
import Testing
@testable import Checkers

@Suite("Visibility")
struct VisibilityTests {
  private func at(_ milliseconds: Int64) -> Instant { Instant(nanoseconds: milliseconds * 1_000_000) }
  private let nodes: [NodeID] = ["n0", "n1", "n2"]

  @Test("a value's latency runs from its acknowledgement until the last node shows it")
  func latency() {
    var visibility = Visibility(nodes: nodes)
    visibility.acknowledged(7, at: at(100))
    visibility.observed("n0", [7], at: at(110))
    visibility.observed("n1", [7], at: at(150))
    #expect(visibility.latencies == nil)
    #expect(visibility.lacking == ["n2"])
    visibility.observed("n2", [7], at: at(330))
    visibility.observed("n2", [7], at: at(400))
    #expect(visibility.latencies?.minimum == .milliseconds(230))
    #expect(visibility.lacking.isEmpty)
    #expect(visibility.everywhereCount == 1)
  }

  @Test("a value that is everywhere before it is acknowledged has the latency 0")
  func early() {
    var visibility = Visibility(nodes: nodes)
    for node in nodes { visibility.observed(node, [7], at: at(5)) }
    visibility.acknowledged(7, at: at(9))
    #expect(visibility.latencies?.maximum == .zero)
    #expect(visibility.lacking.isEmpty)
  }

  @Test("a value nobody acknowledged is not waited for")
  func unacknowledged() {
    var visibility = Visibility(nodes: nodes)
    visibility.observed("n0", [7], at: at(5))
    #expect(visibility.lacking.isEmpty)
    #expect(visibility.acknowledgedCount == 0)
    #expect(visibility.edn.text == "{:acknowledged-count 0, :everywhere-count 0}")
  }

  @Test("a second acknowledgement and other nodes' reads change nothing")
  func repeated() {
    var visibility = Visibility(nodes: ["n0"])
    visibility.acknowledged("x", at: at(0))
    visibility.acknowledged("x", at: at(50))
    visibility.observed("c3", ["x"], at: at(60))
    #expect(visibility.lacking == ["n0"])
    visibility.observed("n0", ["x"], at: at(100))
    #expect(visibility.latencies?.median == .milliseconds(100))
    #expect(visibility.acknowledgedCount == 1)
  }

  @Test("the recovery ends when the last value acknowledged before the heal is everywhere")
  func recovery() {
    var visibility = Visibility(nodes: ["n0", "n1"])
    visibility.acknowledged(1, at: at(0))
    visibility.acknowledged(2, at: at(0))
    visibility.observed("n0", [1, 2], at: at(10))
    visibility.healed(at: at(1000))
    visibility.acknowledged(3, at: at(1100))
    visibility.observed("n1", [1], at: at(1200))
    #expect(visibility.recovery == nil)
    visibility.observed("n1", [2], at: at(1500))
    #expect(visibility.recovery == .milliseconds(500))
    visibility.observed("n0", [3], at: at(1600))
    visibility.observed("n1", [3], at: at(1700))
    #expect(visibility.recovery == .milliseconds(500))
    visibility.healed(at: at(2000))
    #expect(visibility.recovery == .zero)
    #expect(visibility.recoveryMax == .milliseconds(500))
    #expect(
      visibility.edn.text == """
        {:acknowledged-count 3, :everywhere-count 3, \
        :latencies {0 600.0, 0.5 1200.0, 0.95 1500.0, 0.99 1500.0, 1 1500.0}, \
        :recovery {:last 0.0, :max 500.0}}
        """)
  }

  @Test("a value that was not everywhere when the next fault ended counts from then")
  func secondHeal() {
    var visibility = Visibility(nodes: ["n0"])
    visibility.acknowledged(1, at: at(0))
    visibility.healed(at: at(100))
    visibility.healed(at: at(900))
    visibility.observed("n0", [1], at: at(950))
    #expect(visibility.recovery == .milliseconds(50))
    #expect(visibility.recoveryMax == .milliseconds(50))
  }

  @Test("values of all kinds and sizes are kept apart")
  func kinds() {
    let values: [JSON] = [0, 1, 1_048_575, 1_048_576, -1, .integer(.max), 1.0, "1", [1], ["1": 1], nil, true]
    var visibility = Visibility(nodes: ["n0"])
    for value in values { visibility.acknowledged(value, at: at(0)) }
    #expect(visibility.acknowledgedCount == values.count)
    for (count, value) in values.enumerated() {
      #expect(visibility.everywhereCount == count)
      visibility.observed("n0", [value], at: at(1))
    }
    #expect(visibility.everywhereCount == values.count)
    #expect(visibility.lacking.isEmpty)
  }
}
