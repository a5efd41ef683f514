import Benchmark
import Glomers
import Storage
import Texts

/// What the write-ahead log costs beside the disk: framing, checksums, reading all of it again.
func storage() {
  let record = Texts.send
  for (name, count) in ["one record": 1, "64 records": 64] as KeyValuePairs {
    Benchmark("store: \(name) of \(record.count) bytes, one commit") { benchmark in
      var disk = Nowhere()
      var log = try RecordLog(opening: &disk, sync: .fdatasync) { _ in nil }
      log.begin(as: "n0")
      benchmark.startMeasurement()
      for _ in benchmark.scaledIterations {
        for _ in 0..<count { log.append(record.span) }
        try log.commit(to: &disk)
      }
      benchmark.stopMeasurement()
      blackHole(disk.bytes)
    }
  }
  Benchmark("store: recover 64 records of \(record.count) bytes") { benchmark in
    var disk = MemoryDisk()
    var log = try RecordLog(opening: &disk, sync: .fdatasync) { _ in nil }
    log.begin(as: "n0")
    for _ in 0..<64 { log.append(record.span) }
    try log.commit(to: &disk)
    benchmark.startMeasurement()
    for _ in benchmark.scaledIterations {
      var count = 0
      _ = try RecordLog(opening: &disk, sync: .fdatasync) { _ in
        count += 1
        return nil
      }
      guard count == 64 else { return benchmark.error("\(count) records of 64") }
    }
    benchmark.stopMeasurement()
  }
}

/// A disk that takes everything and keeps nothing.
private struct Nowhere: Disk {
  let growthBytes = 4096
  private(set) var bytes = 0

  mutating func size(of file: LogFile) -> Int? { nil }
  mutating func read(_ file: LogFile, at offset: Int, count: Int) -> [UInt8] { [] }
  mutating func create(_ file: LogFile) {}
  mutating func write(_ bytes: Span<UInt8>, to file: LogFile, at offset: Int) { self.bytes += bytes.count }
  mutating func truncate(_ file: LogFile, to size: Int) {}
  mutating func sync(_ file: LogFile) {}
  mutating func replaceLog() {}
  mutating func remove(_ file: LogFile) {}
  mutating func syncDirectory() {}
}
