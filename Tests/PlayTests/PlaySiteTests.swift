import History
import Glomers
import Lab
import Nodes
import Report
import Simulator
import Testing
import Wire

@testable import Play

@Suite("The pages of play")
struct PlaySiteTests {
  private var site: PlaySite

  init() throws {
    var scenario = Scenario(.broadcast)
    scenario.nodeCount = 3
    scenario.latency = .milliseconds(100)
    scenario.delivery = .independent
    scenario.faults = [.kill]
    scenario.recordBytesMax = 1 << 30
    scenario.probeInterval = nil
    var script = Script()
    script.clients = scenario.nodes
    script.end = .seconds(5)
    scenario.script = script
    let file = ScriptFile(.node("broadcast"), arguments: ["</script><b>"], scenario)
    site = PlaySite(
      Session(Simulation<BroadcastNode>(scenario)), file, token: "secret", hosts: ["localhost:8080"])
  }

  private mutating func send(_ words: String, token: String = "secret") -> PageAnswer {
    site.answer(
      method: "POST", path: "/do", query: ["node": "n1"], host: "localhost:8080", token: token, body: words)
  }

  private func text(_ answer: PageAnswer) -> String { String(decoding: answer.body, as: UTF8.self) }

  private func json(_ answer: PageAnswer) throws -> JSON {
    try JSONDocument().parseValue(answer.body.span).value
  }

  /// Messages between nodes that are on their way.
  private func flights(_ state: JSON) -> [JSON] {
    (state["flights"]?.array ?? []).filter { ($0["number"]?.integer ?? 0) > 0 }
  }

  @Test("an act needs the page's token, and every page the right host")
  mutating func guarded() {
    #expect(send("step", token: "").status == 403)
    #expect(send("step").status == 200)
    #expect(site.answer(method: "GET", path: "/", host: "evil.example").status == 421)
    #expect(site.answer(method: "GET", path: "/", host: nil).status == 421)
    #expect(site.answer(method: "GET", path: "/do", host: "localhost:8080").status == 405)
    #expect(site.answer(method: "GET", path: "/../etc/passwd", host: "localhost:8080").status == 404)
    let page = text(site.answer(method: "GET", path: "/", host: "localhost:8080"))
    #expect(page.contains("secret") && !page.contains("</script><b>"))
  }

  @Test("acts are lines of a script without times")
  mutating func acts() throws {
    for (words, isDone) in [
      ("kill n1", true), ("pause n0", true), ("partition n0<n1 n1<n0", true), ("one-way n2<n0", true),
      ("client 1 broadcast {\"a\":[1]}", true), ("client 1 dance", false), ("client 7 read", false),
      ("kill n9", false), ("end 0", true), ("end 99", false), ("message n0>n1 900 lost", false),
      ("deliver n0>n1 900", false), ("deliver", false), ("dance", false), ("", false), ("kill", false),
      ("kill n0\nkill n1", false), ("from 0 to 1 kill n0", false), ("client", false), ("disk full n0", true),
    ] {
      let state = try json(send("act \(words)"))
      #expect((state["refusal"] == JSON.null) == isDone, "\(words): \(state["refusal"] ?? .null)")
    }
    #expect(try json(send("step"))["deeds"]?.array?.count == 7)
    for nonsense in ["", "dance", "until", "until -5", "until x", "branch", "branch x"] {
      #expect(send(nonsense).status == 400, "\(nonsense)")
    }
    #expect(send("branch 7").status == 200)
    let script = site.answer(method: "GET", path: "/script", host: "localhost:8080")
    #expect(try ScriptFile(text: text(script)).script.faults.count == 5)
  }

  @Test("the state tells nodes, messages on their way, and what a node has in its own terms")
  mutating func state() throws {
    _ = send("act client 1 broadcast \"</script>\"")
    var state = try json(send("step"))
    for _ in 0..<40 where flights(state).isEmpty { state = try json(send("step")) }
    let flight = try #require(flights(state).first)
    #expect(flight["due"]?.integer ?? 0 > flight["sent"]?.integer ?? .max)
    #expect(state["nodes"]?.array?.count == 3 && state["verdict"] == JSON.null)
    #expect(state["inspected"]?.string?.contains("</script>") == true)
    #expect(state["lines"]?.array?.isEmpty == false)
    state = try json(send("until 99000000000"))
    #expect(state["finished"] == JSON.bool(true) && state["verdict"]?["valid"] == "valid")
  }
}
