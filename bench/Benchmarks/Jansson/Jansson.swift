import Benchmark
import CPlainJansson
import Texts

/// What jansson alone takes for the same texts: its values on malloc's memory, no arena, no Swift.
let benchmarks: @Sendable () -> Void = {
  let texts: KeyValuePairs = [
    "echo": Texts.echo, "nested echo": Texts.nested, "read_ok of 1,000": Texts.readOk,
    "poll_ok of 10 × 20": Texts.pollOk,
  ]
  for (name, text) in texts {
    Benchmark("parse \(name)", configuration: .sized(text)) { benchmark in
      text.withUnsafeBytes { bytes in
        let characters = bytes.assumingMemoryBound(to: CChar.self).baseAddress!
        for _ in benchmark.scaledIterations { blackHole(plain_jansson_parse(characters, bytes.count)) }
      }
    }
    // An answer is as long as its request, and called as in the other suite.
    Benchmark("encode \(name == "echo" ? "echo_ok" : name)", configuration: .sized(text)) { benchmark in
      let value = text.withUnsafeBytes {
        plain_jansson_load($0.assumingMemoryBound(to: CChar.self).baseAddress!, $0.count)
      }
      let buffer = UnsafeMutableBufferPointer<CChar>.allocate(capacity: text.count * 2)
      benchmark.startMeasurement()
      for _ in benchmark.scaledIterations {
        blackHole(plain_jansson_dump(value, buffer.baseAddress!, buffer.count))
      }
      benchmark.stopMeasurement()
      buffer.deallocate()
      plain_jansson_free(value)
    }
  }
}
