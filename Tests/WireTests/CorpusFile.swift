#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// What is in a file of the corpus.
func corpusFile(_ name: String) -> [UInt8] {
  let folder = #filePath.split(separator: "/").dropLast().joined(separator: "/")
  guard let file = fopen("/\(folder)/Corpus/\(name)", "r") else { preconditionFailure("no \(name)") }
  defer { fclose(file) }
  var bytes: [UInt8] = []
  var part = [UInt8](repeating: 0, count: 65_536)
  while case let count = fread(&part, 1, part.count, file), count > 0 { bytes += part[..<count] }
  return bytes
}
