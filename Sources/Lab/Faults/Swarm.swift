internal import Glomers

/// Swarm testing: each seed has a mix of faults and a network of its own, so that rare combinations come up that a
/// fixed mix, however harsh, would never show (Groce et al.: *Swarm testing*, ISSTA 2012).
extension Scenario {
  /// Draws faults among those that are set, how often they come, latency, its kind and the delivery from the seed.
  /// Safety is looked at all the time; liveness in the last third, from which on there are no faults. In a run of less than
  /// 18 s that begins earlier, after half of it or 6 s before its end: clients wait 5 s for an answer, and one whose node was
  /// down from the start would not ask again before the run is over.
  public mutating func draw() {
    var random = Random(seed: seed ^ 0x7377_6172_6D)
    faults = Set(Fault.allCases.filter { faults.contains($0) && Bool.random(using: &random) })
    nemesisInterval = .milliseconds(Int.random(in: 500...10_000, using: &random))
    calmTime = max(timeLimit / 3, min(timeLimit / 2, .seconds(6)))
    latency = .milliseconds([0, 1, 10, 100].randomElement(using: &random)!)
    latencyDistribution = LatencyDistribution.allCases.randomElement(using: &random)!
    delivery = Delivery.allCases.randomElement(using: &random)!
  }
}
