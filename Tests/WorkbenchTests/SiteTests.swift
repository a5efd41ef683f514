import Foundation
import Report
import Testing

@testable import Workbench

@Suite("The pages of serve")
final class SiteTests {
  private let root: String

  init() throws {
    root = FileManager.default.temporaryDirectory.appendingPathComponent("site-\(UUID().uuidString)").path
    for (name, verdict) in [("20260101T000000.000Z", "true"), ("20260102T000000.000Z", "false")] {
      let run = "\(root)/store/broadcast/\(name)"
      try FileManager.default.createDirectory(atPath: "\(run)/node-logs", withIntermediateDirectories: true)
      try Data("{:valid? \(verdict) :stats {:count 7} :workbench {:anomaly-counts {:lost-value 2}}}".utf8)
        .write(to: URL(filePath: "\(run)/results.edn"))
      try Data("<html>\(name)</html>".utf8).write(to: URL(filePath: "\(run)/report.html"))
      try Data("</pre><script>alert(1)</script>\n".utf8).write(to: URL(filePath: "\(run)/node-logs/n0.log"))
    }
    let going = "\(root)/store/echo/20260103T000000.000Z"
    try FileManager.default.createDirectory(atPath: going, withIntermediateDirectories: true)
    try Data("{\"format\":\"glomers-messages\",\"nodes\":[\"n0\"]}\n{\"t\":5,\"sent\":{\"id\"".utf8)
      .write(to: URL(filePath: "\(going)/messages.jsonl"))
    try Data("</pre><script>alert(1)</script>\n".utf8).write(to: URL(filePath: "\(going)/console.txt"))
    try Data("secret".utf8).write(to: URL(filePath: "\(root)/secret"))
    try FileManager.default.createSymbolicLink(
      atPath: "\(root)/store/latest", withDestinationPath: "broadcast/20260102T000000.000Z")
    try FileManager.default.createSymbolicLink(atPath: "\(root)/store/out", withDestinationPath: "../secret")
  }

  deinit { try? FileManager.default.removeItem(atPath: root) }

  private func get(
    _ path: String, method: String = "GET", query: [String: String] = [:], host: String? = "localhost:8080"
  ) -> PageAnswer {
    var site = Site(root: "\(root)/store", hosts: Site.localHosts(port: 8080))
    return site.answer(method: method, path: path, query: query, host: host)
  }

  private func text(_ answer: PageAnswer) -> String { String(decoding: answer.body, as: UTF8.self) }

  @Test("the list has every run with its verdict, the latest first")
  func list() throws {
    let page = text(get("/"))
    for word in ["valid", "invalid", "running", "lost-value ×2", "20260103T000000.000Z", "workbench play"] {
      #expect(page.contains(word), "\(word)")
    }
    #expect(page.contains(">2026-01-03 00:00:00<"))
    let second = try #require(page.range(of: "20260102T")), first = try #require(page.range(of: "20260101T"))
    #expect(second.lowerBound < first.lowerBound)
    #expect(page.contains("/files/broadcast/20260102T000000.000Z/report.html"))
  }

  @Test(
    "files are shown from inside the store only, whatever the path or a link says",
    arguments: [
      "/files/../secret", "/files/%2e%2e/secret", "/files/broadcast/../../secret", "/files/out",
      "/files//etc/passwd", "/files/",
      "/files/broadcast/%00", "/files/.hidden", "/nothing", "/zip/..", "/zip/broadcast", "/live/../..",
      "/files/%2E%2E%2Fsecret",
    ])
  func outside(_ path: String) {
    let answer = get(path)
    #expect(answer.status == 404 && answer.file == nil)
  }

  @Test("a file inside is shown, also through the store's own link")
  func inside() throws {
    let file = try #require(get("/files/latest/report.html").file)
    #expect(file.hasSuffix("/broadcast/20260102T000000.000Z/report.html"))
    #expect(get("/files/latest/node-logs/n0.log").contentType.hasPrefix("text/plain"))
    #expect(text(get("/files/latest/")).contains("node-logs"))
    #expect(get("/files/latest").location == "/files/latest/")
  }

  @Test(
    "a foreign Host is refused, and so is what would change something",
    arguments: ["evil.example", "localhost", "localhost:80", nil])
  func foreign(_ host: String?) {
    #expect(get("/", host: host).status == 421)
    #expect(get("/", method: "POST").status == 405)
  }

  @Test("a run under way shows what its record tells so far, and what nodes say stays text")
  func live() {
    let page = text(get("/live/echo/20260103T000000.000Z"))
    #expect(page.contains("0 messages") && page.contains("http-equiv=\"refresh\""))
    #expect(!page.contains("<script>alert"))
    #expect(
      get("/live/broadcast/20260101T000000.000Z").location
        == "/files/broadcast/20260101T000000.000Z/report.html")
  }

  @Test("a run comes as a zip file that others can open")
  func zip() throws {
    let answer = get("/zip/broadcast/20260101T000000.000Z")
    #expect(answer.download == "broadcast-20260101T000000.000Z.zip")
    let path = "\(root)/run.zip"
    try Data(answer.body).write(to: URL(filePath: path))
    let python = Process()
    python.executableURL = URL(filePath: "/usr/bin/env")
    python.arguments = [
      "python3", "-c",
      "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; assert len(z.namelist()) == 3",
      path,
    ]
    try python.run()
    python.waitUntilExit()
    #expect(python.terminationStatus == 0)
    #expect(CRC32.of(Array("123456789".utf8)) == 0xCBF4_3926)
  }

  @Test("two runs are shown side by side")
  func compare() {
    let page = text(
      get("/compare", query: ["a": "broadcast/20260101T000000.000Z", "b": "broadcast/20260102T000000.000Z"]))
    #expect(page.contains("invalid") && page.contains("2026-01-01 00:00:00"))
    #expect(page.contains("/files/broadcast/20260101T000000.000Z/report.html"))
    #expect(page.contains(">2026-01-02 00:00:00</a>") && page.contains("of these ok"))
    #expect(get("/compare", query: ["a": "x", "b": "../secret"]).status == 404)
  }

  @Test("nothing in the store is changed by looking at it")
  func readsOnly() throws {
    func everything() throws -> [String] {
      try FileManager.default.subpathsOfDirectory(atPath: root).sorted()
    }
    let before = try everything()
    for path in [
      "/", "/files/latest/", "/live/echo/20260103T000000.000Z", "/zip/broadcast/20260101T000000.000Z",
    ] { _ = get(path) }
    #expect(try everything() == before)
  }
}
