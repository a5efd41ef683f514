internal import Glomers

/// How late the computer that a simulated test runs on is: with each line that it hands to a node, and with
/// each of a node's timers.
///
/// Lateness comes in bursts. Everything that becomes due takes a turn on one processor, so the last of many
/// messages that are due together is the latest; for a while such a turn takes much longer (other programs
/// want the processor); now and then the whole machine stands still, or a single node does. In the first
/// second and a half a turn takes several times as long, as in a virtual machine that has not compiled its
/// code yet.
///
/// The figures are fitted to the delays of 100 ms hops between the 25 nodes of challenge 3d, measured on 2
/// cores:
///
/// | | batches: median / p90 / p99 / most | scatters, 24 at a time |
/// |---|---|---|
/// | `idle`: Maelstrom alone | 99.9 / 100.8 / 103.3 / 104.0 ms | 101.5 / 104.9 / 110.6 / 115.4 |
/// | `busy`: beside three busy loops | 100.1 / 105.5 / 127.8 / 143.7 ms | 101.9 / 114.6 / 171 / 205 |
public struct Machine: Sendable {
  /// How busy the computer is.
  public enum Kind: String, CaseIterable, Sendable {
    /// Never late.
    case ideal
    /// A computer that runs only the test, under the real Maelstrom.
    case idle
    /// The same beside three busy loops.
    case busy
  }

  private let pace: Pace
  private var random: Random
  /// When the processor has done all that it was given.
  private var free: Int64 = 0
  /// The node that had the last turn.
  private var last = -1
  private var isContended = false
  /// When the times of contention, or those without, end.
  private var episodeEnd: Int64 = 0
  /// How long a turn takes on average, in nanoseconds.
  private var turnMean: Double
  private var wholeStalls: Stalls
  private var nodeStalls: [Stalls]

  /// Nil for a machine that is never late.
  init?(_ kind: Kind, nodeCount: Int, seed: UInt64) {
    guard let pace = Pace(kind) else { return nil }
    self.pace = pace
    random = Random(seed: seed ^ 0x6D61_6368_696E_65)
    turnMean = pace.turnMean
    wholeStalls = Stalls(pace.wholeStalls, &random)
    nodeStalls = []
    for _ in 0..<nodeCount { nodeStalls.append(Stalls(pace.nodeStalls, &random)) }
  }

  /// When a line or a timer that is due for a node reaches it. To be asked in the order of what is due.
  mutating func turn(of node: Int, due: Instant) -> Instant {
    let due = due.nanoseconds
    let start = max(free, wholeStalls.end(at: due, &random))
    // A process that runs already takes its next line sooner.
    let share = node == last ? 0.3 : 1
    last = node
    free = start + Int64(turnMean(at: start) * share * random.exponential())
    let end = node < nodeStalls.count ? nodeStalls[node].end(at: free, &random) : free
    // Nothing waits for ever, not even on a busy machine: its scheduler is fair.
    free = min(free, due + pace.latenessMax)
    return Instant(nanoseconds: min(end, due + pace.latenessMax))
  }

  private mutating func turnMean(at time: Int64) -> Double {
    while episodeEnd <= time {
      isContended.toggle()
      let mean = isContended ? pace.contendedMean : pace.calmMean
      episodeEnd += Int64(Double(mean) * random.exponential()) + 1
      let depth = Double.random(in: 0..<1, using: &random)
      turnMean = isContended ? pace.contendedTurnMax * depth * depth : pace.turnMean
    }
    return time < pace.warmUp ? max(turnMean, pace.turnMean * pace.coldFactor) : turnMean
  }
}

/// The figures of a machine: nanoseconds.
private struct Pace: Sendable {
  let turnMean: Double
  let coldFactor: Double
  let warmUp: Int64 = 1_500_000_000
  let calmMean: Int64
  let contendedMean: Int64
  let contendedTurnMax: Double
  let wholeStalls: Stalls.Pace
  let nodeStalls: Stalls.Pace
  let latenessMax: Int64

  init?(_ kind: Machine.Kind) {
    switch kind {
    case .ideal: return nil
    case .idle:
      (turnMean, coldFactor) = (0.16e6, 4)
      (calmMean, contendedMean, contendedTurnMax) = (1_500_000_000, 200_000_000, 0.6e6)
      wholeStalls = .init(intervalMean: 1_000_000_000, lengthMean: 1_500_000, lengthMax: 8_000_000)
      nodeStalls = .init(intervalMean: 5_000_000_000, lengthMean: 1_500_000, lengthMax: 8_000_000)
      latenessMax = 25_000_000
    case .busy:
      (turnMean, coldFactor) = (0.2e6, 4)
      (calmMean, contendedMean, contendedTurnMax) = (800_000_000, 150_000_000, 5.5e6)
      wholeStalls = .init(intervalMean: 1_500_000_000, lengthMean: 8_000_000, lengthMax: 40_000_000)
      nodeStalls = .init(intervalMean: 4_000_000_000, lengthMean: 8_000_000, lengthMax: 40_000_000)
      latenessMax = 105_000_000
    }
  }
}

/// Times in which something stands still: a Poisson process, drawn as time goes on.
private struct Stalls: Sendable {
  struct Pace: Sendable {
    let intervalMean: Int64
    let lengthMean: Int64
    let lengthMax: Int64
  }

  private let pace: Pace
  private var start: Int64 = 0
  private var end: Int64 = 0

  init(_ pace: Pace, _ random: inout Random) {
    self.pace = pace
    draw(&random)
  }

  /// When what is to happen at this time can.
  mutating func end(at time: Int64, _ random: inout Random) -> Int64 {
    while end <= time { draw(&random) }
    return max(time, start <= time ? end : time)
  }

  private mutating func draw(_ random: inout Random) {
    start = end + Int64(Double(pace.intervalMean) * random.exponential()) + 1
    end = start + min(Int64(Double(pace.lengthMean) * random.exponential()) + 1, pace.lengthMax)
  }
}

extension Random {
  /// An exponential variate of mean 1, by comparisons alone, so that it is the same on every machine (von
  /// Neumann: *Various techniques used in connection with random digits*, 1951).
  mutating func exponential() -> Double {
    var whole = 0.0
    while true {
      let first = Double.random(in: 0..<1, using: &self)
      var last = first
      var descents = 0
      while true {
        let next = Double.random(in: 0..<1, using: &self)
        guard next < last else { break }
        last = next
        descents += 1
      }
      if descents.isMultiple(of: 2) { return whole + first }
      whole += 1
    }
  }
}
