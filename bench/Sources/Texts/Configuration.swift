public import Benchmark

extension Benchmark.Configuration {
  /// For steps of about a microsecond: a sample is a thousand of them.
  public static var small: Self { configuration(.kilo) }
  /// For steps that are long enough to be timed one by one. Short samples keep other load out of the median.
  /// The names of such benchmarks have "_ok of" or "nested" in them, by which `run.py` knows them: the export does not say.
  public static var large: Self { configuration(.one) }

  /// The one or the other, for work on a text.
  public static func sized(_ text: [UInt8]) -> Self { text.count > 500 ? .large : .small }

  private static func configuration(_ scale: BenchmarkScalingFactor) -> Self {
    .init(
      metrics: [.wallClock, .throughput], warmupIterations: 10, scalingFactor: scale,
      maxDuration: .milliseconds(400), maxIterations: 5_000)
  }
}
