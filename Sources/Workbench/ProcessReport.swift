import Glomers
import GlomersRuntime
import Lab
import History

extension ResourceUsage {
  /// For `:workbench {:nodes {"n0" …}}`.
  var edn: EDN {
    [
      "cpu-ms": .real((cpu.milliseconds * 10).rounded() / 10),
      "peak-resident-kib": .integer(peakResidentBytes / 1024),
    ]
  }
}

extension LagMeter {
  /// For `:workbench {:schedule-lag …}`: milliseconds at three points.
  var edn: EDN {
    func milliseconds(_ duration: Duration) -> EDN { .real((duration.milliseconds * 1000).rounded() / 1000) }
    return [
      "count": .integer(count),
      "p50-ms": milliseconds(percentile(50)),
      "p99-ms": milliseconds(percentile(99)),
      "max-ms": milliseconds(longest),
    ]
  }
}
