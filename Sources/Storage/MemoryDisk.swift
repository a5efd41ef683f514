public import Glomers

/// A disk for simulations and tests: full, failing, torn and powerless on demand. A value, so it can be kept
/// and copied.
///
/// What the operating system holds and what would survive a loss of power are kept apart, and differ until
/// synced: contents by ``sync(_:)``, names by ``syncDirectory()``.
public struct MemoryDisk: Disk, Equatable, Sendable {
  public enum Operation: CaseIterable, Sendable {
    case read, create, write, truncate, sync, replace, remove, syncDirectory
  }

  /// Operations of these kinds fail, and have no effect.
  public var failing: Set<Operation> = []
  /// No file grows beyond this: a write is cut off there, and fails.
  public var capacityBytes = Int.max
  /// When so much more has been changed, everything fails until ``restart()``: a byte written counts one, and
  /// so does any other change. A write is cut off in the middle.
  public var changesUntilCrash = Int.max
  public var growthBytes = 4096
  /// Bytes written and other changes so far.
  public private(set) var changes = 0
  /// Syncs that were carried out so far, of files and of the directory.
  public private(set) var syncs = 0

  private var files: [Int: MemoryFile] = [:]
  private var names: [LogFile: Int] = [:]
  private var durableNames: [LogFile: Int] = [:]
  private var lastFile = 0
  private var hasCrashed = false

  public init() {}

  /// What a process sees in a file; nil if there is none.
  public subscript(file: LogFile) -> [UInt8]? {
    get { names[file].map { files[$0]!.bytes } }
    set {
      names[file] = newValue.map { bytes in
        lastFile += 1
        files[lastFile] = MemoryFile(bytes: bytes, durable: bytes)
        return lastFile
      }
      durableNames = names
    }
  }

  // MARK: Crashes

  /// Ends ``changesUntilCrash``: another process can use the disk. What was written is there, synced or not.
  public mutating func restart() {
    hasCrashed = false
    changesUntilCrash = .max
  }

  /// Loses, of everything that was not synced, each sector with a probability of one half; and restarts.
  public mutating func losePower(using random: inout Random) {
    if Bool.random(using: &random) { names = durableNames }
    for number in files.keys.sorted() { files[number]!.losePower(using: &random) }
    durableNames = names
    restart()
  }

  /// Makes each unsynced sector durable with a probability of one half: the operating system writes when it
  /// likes.
  public mutating func writeBack(using random: inout Random) {
    for number in files.keys.sorted() { files[number]!.writeBack(using: &random) }
  }

  // MARK: Operations

  public mutating func size(of file: LogFile) throws(DiskError) -> Int? {
    try check(.read, file)
    return self[file]?.count
  }

  public mutating func read(_ file: LogFile, at offset: Int, count: Int) throws(DiskError) -> [UInt8] {
    try check(.read, file)
    return Array(try files[number(file)]!.bytes[offset..<offset + count])
  }

  public mutating func create(_ file: LogFile) throws(DiskError) {
    try change(.create, file)
    lastFile += 1
    names[file] = lastFile
    files[lastFile] = MemoryFile()
    dropForgotten()
  }

  public mutating func write(_ bytes: Span<UInt8>, to file: LogFile, at offset: Int) throws(DiskError) {
    try check(.write, file)
    let number = try number(file)
    let room = min(bytes.count, max(capacityBytes - offset, 0))
    let count = min(room, changesUntilCrash)
    files[number]!.write(bytes.extracting(first: count), at: offset)
    spend(count)
    if count < room || changesUntilCrash == 0 {
      hasCrashed = true
      throw DiskError("write \(file.rawValue)", "the process has ended")
    }
    guard room == bytes.count else { throw DiskError("write \(file.rawValue)", "no space left on device") }
  }

  public mutating func truncate(_ file: LogFile, to size: Int) throws(DiskError) {
    try change(.truncate, file)
    try files[number(file)]!.truncate(to: size)
  }

  public mutating func sync(_ file: LogFile) throws(DiskError) {
    let number = try number(file)
    do throws(DiskError) {
      try change(.sync, file)
    } catch {
      files[number]!.unsynced = nil
      throw error
    }
    files[number]!.sync()
    syncs += 1
  }

  public mutating func replaceLog() throws(DiskError) {
    try change(.replace, .next)
    names[.log] = try number(.next)
    names[.next] = nil
    dropForgotten()
  }

  public mutating func remove(_ file: LogFile) throws(DiskError) {
    try change(.remove, file)
    names[file] = nil
    dropForgotten()
  }

  public mutating func syncDirectory() throws(DiskError) {
    try change(.syncDirectory, .log)
    durableNames = names
    syncs += 1
    dropForgotten()
  }

  // MARK: Parts of operations

  private func number(_ file: LogFile) throws(DiskError) -> Int {
    guard let number = names[file] else {
      throw DiskError("open \(file.rawValue)", "no such file or directory")
    }
    return number
  }

  private func check(_ operation: Operation, _ file: LogFile) throws(DiskError) {
    if hasCrashed { throw DiskError("\(operation) \(file.rawValue)", "the process has ended") }
    if failing.contains(operation) { throw DiskError("\(operation) \(file.rawValue)", "input/output error") }
  }

  private mutating func change(_ operation: Operation, _ file: LogFile) throws(DiskError) {
    try check(operation, file)
    if changesUntilCrash == 0 {
      hasCrashed = true
      throw DiskError("\(operation) \(file.rawValue)", "the process has ended")
    }
    spend(1)
  }

  private mutating func spend(_ count: Int) {
    changes += count
    if changesUntilCrash < .max { changesUntilCrash -= count }
  }

  /// Files that no name leads to, now or after a loss of power.
  private mutating func dropForgotten() {
    let known = Set(names.values).union(durableNames.values)
    files = files.filter { known.contains($0.key) }
  }
}

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
