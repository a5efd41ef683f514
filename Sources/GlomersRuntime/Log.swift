internal import CGlomers

/// Writes one line to stderr. Lines beyond 4096 bytes are cut; lines that nobody reads are lost and counted.
@inline(never)
public func logLine(_ line: String) {
  var line = line
  line.withUTF8 { bytes in
    if let start = bytes.baseAddress { glomers_log(start, bytes.count) }
  }
}
