internal import CGlomers
internal import Storage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// A data directory of the file system, locked for this process until it ends.
struct DirectoryDisk: Disk {
  /// On ext4 an fdatasync that changes the file's size takes ten times as long: so that is made rare.
  var growthBytes: Int { 256 << 10 }

  private let path: String
  private let directory: Int32
  private var files: [LogFile: Int32] = [:]

  /// Makes a directory, and those that it is in, where they are missing.
  static func make(_ path: String) throws(DiskError) {
    _ = try check(glomers_directory_make(path), "make the directory")
  }

  /// Makes the directory where it is missing.
  init(_ path: String) throws(DiskError) {
    try Self.make(path)
    self.path = path
    directory = try Self.check(glomers_directory_open(path), "open")
    let lock = glomers_directory_lock(directory)
    if lock == -EAGAIN {
      throw DiskError("lock", "another process uses it; give each node a directory of its own")
    }
    _ = try Self.check(lock, "lock")
  }

  mutating func size(of file: LogFile) throws(DiskError) -> Int? {
    let descriptor: Int32
    do {
      descriptor = try self.descriptor(file)
    } catch {
      if error.reason == Self.missing { return nil }
      throw error
    }
    let size = glomers_data_size(descriptor)
    if size < 0 { _ = try Self.check(Int32(size), "size of \(file.rawValue)") }
    return Int(size)
  }

  mutating func read(_ file: LogFile, at offset: Int, count: Int) throws(DiskError) -> [UInt8] {
    let descriptor = try descriptor(file)
    var error: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      error = glomers_data_read(descriptor, buffer.baseAddress, count, Int64(offset))
      filled = error == 0 ? count : 0
    }
    _ = try Self.check(error, "read \(file.rawValue)")
    return bytes
  }

  mutating func create(_ file: LogFile) throws(DiskError) {
    close(file)
    files[file] = try Self.check(
      glomers_data_open(directory, file.rawValue, true), "create \(file.rawValue)")
  }

  mutating func write(_ bytes: Span<UInt8>, to file: LogFile, at offset: Int) throws(DiskError) {
    let descriptor = try descriptor(file)
    let error = bytes.withUnsafeBytes {
      glomers_data_write(descriptor, $0.baseAddress, $0.count, Int64(offset))
    }
    if error != 0 { _ = try Self.check(error, "write \(file.rawValue)") }
    // What is written to a file that no name leads to any more is lost with this process.
    guard file != .log || glomers_data_is_at("\(path)/\(file.rawValue)", descriptor) else {
      throw DiskError("write log", "the file is not at its place any more; put it back, or end the node")
    }
  }

  mutating func truncate(_ file: LogFile, to size: Int) throws(DiskError) {
    _ = try Self.check(
      glomers_data_truncate(descriptor(file), Int64(size)), "truncate \(file.rawValue)")
  }

  mutating func sync(_ file: LogFile) throws(DiskError) {
    let error = glomers_data_sync(try descriptor(file))
    if error != 0 { _ = try Self.check(error, "sync \(file.rawValue)") }
  }

  mutating func replaceLog() throws(DiskError) {
    let next = try descriptor(.next)
    _ = try Self.check(
      glomers_directory_rename(directory, LogFile.next.rawValue, LogFile.log.rawValue),
      "rename \(LogFile.next.rawValue)")
    close(.log)
    files[.next] = nil
    files[.log] = next
  }

  mutating func remove(_ file: LogFile) throws(DiskError) {
    close(file)
    _ = try Self.check(glomers_directory_remove(directory, file.rawValue), "remove \(file.rawValue)")
  }

  mutating func syncDirectory() throws(DiskError) {
    _ = try Self.check(glomers_directory_sync(directory), "sync the directory")
  }

  private mutating func descriptor(_ file: LogFile) throws(DiskError) -> Int32 {
    if let descriptor = files[file] { return descriptor }
    let descriptor = try Self.check(
      glomers_data_open(directory, file.rawValue, false), "open \(file.rawValue)")
    files[file] = descriptor
    return descriptor
  }

  private mutating func close(_ file: LogFile) {
    if let descriptor = files.removeValue(forKey: file) { glomers_data_close(descriptor) }
  }

  private static let missing = SystemError("open", -ENOENT).reason

  private static func check(_ result: Int32, _ operation: String) throws(DiskError) -> Int32 {
    guard result < 0 else { return result }
    throw DiskError(operation, SystemError(operation, result).reason)
  }
}
