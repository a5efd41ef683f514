import History
import Glomers
import Testing

@testable import Lab

@Suite("Generators")
struct GeneratorTests {
  private let worker = Worker(number: 0, node: "n0")

  @Test("arrivals keep the rate on average, with gaps of up to twice the mean")
  func stagger() {
    var stagger = Stagger(mean: .milliseconds(10), begin: .zero, random: Random(seed: 5))
    var last = Instant.zero
    for _ in 0..<10_000 {
      stagger.advance(from: stagger.next)
      #expect(stagger.next - last < .milliseconds(20))
      last = stagger.next
    }
    #expect(last > Instant(nanoseconds: 97_000_000_000) && last < Instant(nanoseconds: 103_000_000_000))
  }

  private func latencies(_ distribution: Scenario.LatencyDistribution) -> [Double] {
    var scenario = Scenario(.broadcast)
    scenario.latency = .milliseconds(100)
    scenario.latencyDistribution = distribution
    var generator = LatencyGenerator(scenario, random: Random(seed: 5))
    return (0..<20_000).map { _ in generator.next().milliseconds }
  }

  @Test("a constant delay is the mean")
  func constant() { #expect(latencies(.constant).allSatisfy { $0 == 100 }) }

  @Test("uniform delays reach from nothing to twice the mean")
  func uniform() {
    let latencies = latencies(.uniform)
    #expect(latencies.allSatisfy { $0 >= 0 && $0 < 200 && $0 == $0.rounded() })
    #expect(latencies.min()! < 3 && latencies.max()! > 197)
    #expect(abs(latencies.reduce(0, +) / 20_000 - 99.5) < 2)
  }

  @Test("exponential delays have the mean, and their quantiles are those of the distribution")
  func exponential() {
    let latencies = latencies(.exponential).sorted()
    #expect(abs(latencies.reduce(0, +) / 20_000 - 99.5) < 3)
    // The mean times ln 2, ln 10 and ln 100.
    #expect(abs(latencies[10_000] - 69.3) < 3)
    #expect(abs(latencies[18_000] - 230.3) < 8)
    #expect(abs(latencies[19_800] - 460.5) < 30)
  }

  @Test("broadcasts count from 0, and about half of the operations are reads")
  func broadcast() {
    var generator = BroadcastLoad(Scenario(.broadcast), random: Random(seed: 9))
    let operations = (0..<2000).map { _ in generator.next(for: worker, at: .zero) }
    let values = operations.filter { $0.function == "broadcast" }.map(\.value)
    #expect(values == values.indices.map { .integer($0) })
    #expect(values.count > 900 && values.count < 1100)
    #expect(operations.filter { $0.function == "read" }.allSatisfy { $0.value == .null && !$0.isFinal })
  }

  @Test("echoes say a number below 128")
  func echo() {
    var generator = EchoLoad(Scenario(.echo), random: Random(seed: 9))
    let texts = Set((0..<5000).map { _ in generator.next(for: worker, at: .zero).value })
    #expect(texts == Set((0..<128).map { JSON.string("Please echo \($0)") }))
  }

  @Test("unique ids are asked for without a value")
  func uniqueIDs() {
    let generator = UniqueIDsLoad(Scenario(.uniqueIDs), random: Random(seed: 9))
    #expect(generator.next(for: worker, at: .zero) == Invocation(function: "generate"))
  }
}
