import Glomers
import Testing

@testable import Lab

@Suite struct MachineTests {
  /// How late 24 nodes are that have something due at one instant, every 385 ms from two seconds on: in milliseconds.
  private func lateness(_ kind: Machine.Kind) throws -> [Double] {
    var lateness: [Double] = []
    for seed in 1...20 {
      var machine = try #require(Machine(kind, nodeCount: 25, seed: UInt64(seed)))
      for burst in 0..<52 {
        let due = Instant.zero + .milliseconds(2000 + 385 * burst)
        for node in 1...24 { lateness.append((machine.turn(of: node, due: due) - due).milliseconds) }
      }
    }
    return lateness.sorted()
  }

  @Test("an ideal machine is never late")
  func ideal() {
    #expect(Machine(.ideal, nodeCount: 3, seed: 1) == nil)
  }

  @Test("an idle machine is a few milliseconds late, and a busy one now and then a tenth of a second")
  func tails() throws {
    let (idle, busy) = (try lateness(.idle), try lateness(.busy))
    #expect(idle[0] >= 0 && busy[0] >= 0)
    func quantile(_ share: Double, of sorted: [Double]) -> Double {
      sorted[Int(Double(sorted.count - 1) * share)]
    }
    #expect(quantile(0.5, of: idle) < 4 && quantile(0.99, of: idle) < 20)
    #expect(quantile(0.5, of: busy) < 6)
    #expect(quantile(0.9, of: busy) > 5 && quantile(0.9, of: busy) < 40)
    #expect(quantile(0.99, of: busy) > 30 && busy.last! <= 105)
  }

  @Test("one seed is one machine, and another seed another")
  func seeds() throws {
    func turns(_ seed: UInt64) throws -> [Instant] {
      var machine = try #require(Machine(.busy, nodeCount: 3, seed: seed))
      return (0..<100).map { machine.turn(of: $0 % 3, due: .zero + .milliseconds($0)) }
    }
    let (first, again, other) = (try turns(1), try turns(1), try turns(2))
    #expect(first == again)
    #expect(first != other)
  }

  @Test("in the first second and a half a machine is later")
  func warmUp() throws {
    var (cold, warm) = (Duration.zero, Duration.zero)
    for seed in 1...50 {
      var machine = try #require(Machine(.idle, nodeCount: 25, seed: UInt64(seed)))
      for node in 0..<25 { cold += machine.turn(of: node, due: .zero + .seconds(1)) - (.zero + .seconds(1)) }
      for node in 0..<25 { warm += machine.turn(of: node, due: .zero + .seconds(3)) - (.zero + .seconds(3)) }
    }
    #expect(cold > warm * 2)
  }
}
