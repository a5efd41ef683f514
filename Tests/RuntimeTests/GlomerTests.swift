import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

@Suite("The glomer command")
struct GlomerTests {
  @Test("--list names the nodes, one a line")
  func list() throws {
    let end = try PipedNode(["--list"]).finish()
    #expect(end.output.split(separator: "\n").contains("echo"))
    #expect(end.status == 0)
  }

  @Test(
    "--help names the nodes, and a node's --help its options", arguments: [["--help"], ["echo", "--help"]])
  func help(arguments: [String]) throws {
    let end = try PipedNode(arguments).finish()
    #expect(end.output.contains("Usage: glomer"))
    #expect(end.output.contains("--help"))
    #expect(end.status == 0)
  }

  @Test(
    "a bad command line ends with status 2 and says what would be right",
    arguments: [
      ([], "which node?"), (["ehco"], "no node 'ehco'"), (["echo", "--loud"], "unknown option '--loud'"),
      (["broadcast", "--latency-budget", "5"], "it takes DURATION"),
    ])
  func usage(arguments: [String], message: String) throws {
    let end = try PipedNode(arguments).finish()
    #expect(end.errors.contains(message))
    #expect(end.errors.contains("--help"))
    #expect(end.output == "")
    #expect(end.status == 2)
  }

  @Test("under the name maelstrom-echo it is the echo node")
  func hardLink() throws {
    let directory = temporaryPath()
    let link = directory + "/maelstrom-echo"
    try #require(mkdir(directory, 0o700) == 0)
    defer {
      unlink(link)
      rmdir(directory)
    }
    // The temporary directory may be another file system, where a symbolic link has to do.
    if Self.makeLink(productPath("glomer"), link) != 0 { symlink(productPath("glomer"), link) }
    let node = try PipedNode([], path: link)
    node.input.write(Line.initialize)
    #expect(node.output.readLine() == Line.initializeOk)
    #expect(node.finish().status == 0)
  }

  private static func makeLink(_ old: String, _ new: String) -> Int32 { link(old, new) }

  @Test("it links no Foundation", .enabled(if: access("/usr/bin/ldd", X_OK) == 0, "needs ldd"))
  func noFoundation() throws {
    let end = try PipedNode([productPath("glomer")], path: "/usr/bin/ldd").finish()
    #expect(end.output.contains("libuv"))
    #expect(!end.output.contains("Foundation"))
  }
}
