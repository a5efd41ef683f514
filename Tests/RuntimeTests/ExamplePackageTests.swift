import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

@Suite("A package that depends on this one")
struct ExamplePackageTests {
  /// Builds this package once more, as a stranger would: a minute or so.
  @Test("a node in one file builds and echoes", .timeLimit(.minutes(10)))
  func example() throws {
    let here = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
    let package = "/\(here)/Fixtures/ExamplePackage"
    let scratch = temporaryPath()
    defer { _ = try? Self.run("rm -rf \(scratch)") }
    let built = try Self.run("swift build --package-path \(package) --scratch-path \(scratch) 2>&1")
    try #require(built.status == 0, "\(built.output.suffix(4000))")

    let node = try PipedNode(["--times", "2"], path: "\(scratch)/debug/parrot")
    node.input.write(Line.initialize + Line.echo("polly", id: 2))
    let end = node.finish()
    #expect(end.output == Line.initializeOk + "\n" + Line.echoOk("pollypolly", id: 2) + "\n")
    #expect(end.status == 0)

    let refused = try PipedNode(["--times", "10"], path: "\(scratch)/debug/parrot").finish()
    #expect(refused.errors.contains("INTEGER (1 to 9)"))
    #expect(refused.status == 2)
  }

  private static func run(_ script: String) throws -> (output: String, status: Int32) {
    let (reading, writing) = try makePipe()
    let shell = try Spawned(
      "/bin/sh", ["-c", script], input: 0, output: writing.number, errors: 2, limitSeconds: 900)
    writing.close()
    return (reading.readText(), shell.wait())
  }
}
