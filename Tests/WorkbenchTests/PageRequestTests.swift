import Report
import Testing

@testable import WorkbenchCommand

@Suite struct PageRequestTests {
  private func read(_ text: String) -> PageRequest.Reading { PageRequest.read(Array(text.utf8)) }

  private func status(_ text: String) -> Int? {
    if case .refused(let status, _) = read(text) { status } else { nil }
  }

  @Test("a request is whole once its headers and its body are, and not a byte earlier")
  func pieces() {
    let text =
      "POST /do?a=1%2B1&b=x+y&a=2 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nX-Token:  t \r\nContent-Length: 4\r\n\r\nstep"
    for count in 0..<text.utf8.count {
      #expect(PageRequest.read(Array(text.utf8.prefix(count))) == .beginning, "\(count)")
    }
    #expect(
      read(text)
        == .whole(
          PageRequest(
            method: "POST", path: "/do", query: ["a": "1+1", "b": "x y"], host: "127.0.0.1:8080", token: "t",
            body: "step")))
  }

  @Test(
    "what is no request is refused",
    arguments: [
      "GET\r\n\r\n", "GET http://elsewhere/ HTTP/1.1\r\n\r\n", "GET / HTTP/2\r\n\r\n",
      "GET / x HTTP/1.1\r\n\r\n",
      "GET / HTTP/1.1\r\nno colon\r\n\r\n", "GET / HTTP/1.1\r\n: x\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n", "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
      "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    ])
  func bad(_ text: String) { #expect(status(text) == 400) }

  @Test("headers and bodies have bounds, and a body without a length is refused")
  func bounds() {
    #expect(status("GET /" + String(repeating: "a", count: PageRequest.headBytesMax)) == 431)
    #expect(status("POST / HTTP/1.1\r\nContent-Length: 65537\r\n\r\n") == 413)
    #expect(status("POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n") == 413)
    #expect(read("POST / HTTP/1.1\r\nContent-Length: 65536\r\n\r\n") == .beginning)
    #expect(status("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n") == 411)
  }

  @Test("no name of a file ends a header")
  func headers() {
    let head = PageAnswer(download: "a\r\nX-Evil: 1").head(contentBytes: 3)
    #expect(
      head.contains("filename=\"a  X-Evil: 1\"\r\n")
        && head.hasSuffix(
          "Connection: close\r\nContent-Disposition: attachment; filename=\"a  X-Evil: 1\"\r\n\r\n")
    )
    #expect(head.hasPrefix("HTTP/1.1 200 \r\n") && head.contains("Content-Length: 3\r\n"))
  }
}
