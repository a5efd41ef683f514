import Glomers

/// A file of a ``MemoryDisk``.
struct MemoryFile: Equatable, Sendable {
  var bytes: [UInt8] = []
  /// What would be there after a loss of power.
  var durable: [UInt8] = []
  /// What the next sync makes durable. A failed one forgets it, as Linux does: see Rebello et al., *Can
  /// applications recover from fsync failures?*, USENIX ATC 2020.
  var unsynced: Range<Int>?

  mutating func write(_ new: Span<UInt8>, at offset: Int) {
    precondition(offset <= bytes.count, "a gap in a file")
    for index in new.indices {
      if offset + index < bytes.count { bytes[offset + index] = new[index] } else { bytes.append(new[index]) }
    }
    touch(offset..<offset + new.count)
  }

  mutating func truncate(to size: Int) {
    guard size < bytes.count else { return }
    touch(size..<bytes.count)
    bytes.removeLast(bytes.count - size)
  }

  private mutating func touch(_ range: Range<Int>) {
    guard let unsynced else {
      self.unsynced = range
      return
    }
    self.unsynced =
      min(unsynced.lowerBound, range.lowerBound)..<max(unsynced.upperBound, range.upperBound)
  }

  mutating func sync() {
    guard let range = unsynced else { return }
    let end = min(range.upperBound, bytes.count)
    durable.removeLast(max(durable.count - max(bytes.count, range.lowerBound), 0))
    if durable.count < end { durable += [UInt8](repeating: 0, count: end - durable.count) }
    if range.lowerBound < end {
      durable.replaceSubrange(range.lowerBound..<end, with: bytes[range.lowerBound..<end])
    }
    unsynced = nil
  }

  mutating func losePower(using random: inout Random) {
    writeBack(using: &random)
    bytes = durable
    unsynced = nil
  }

  mutating func writeBack(using random: inout Random) {
    guard let range = unsynced else { return }
    let sizes = min(durable.count, bytes.count)...max(durable.count, bytes.count)
    // The size is the old one, the new one, or something on the way.
    let size = [durable.count, bytes.count, Int.random(in: sizes, using: &random)].randomElement(
      using: &random)!
    var survivor = durable + [UInt8](repeating: 0, count: max(size - durable.count, 0))
    survivor.removeLast(survivor.count - size)
    var start = range.lowerBound
    while start < min(range.upperBound, size, bytes.count) {
      let end = min(
        (start / LogScanner.sectorBytes + 1) * LogScanner.sectorBytes, range.upperBound, size, bytes.count)
      if Bool.random(using: &random) { survivor.replaceSubrange(start..<end, with: bytes[start..<end]) }
      start = end
    }
    durable = survivor
  }
}
