import Checkers
public import Lab
public import Report
internal import Glomers
internal import PlayFiles
internal import Simulator
internal import Wire
import History

/// The pages of `workbench play`: a session in a browser. Knows nothing of sockets.
///
/// `GET /` is the page, `GET /state` what it shows, `GET /script` the run as a script. `POST /do` with a line of text
/// does something, and is answered with the state: `step`, `back`, `until NANOSECONDS`, `branch NUMBER`, or `act` and
/// words as in a script, without their times (docs/SCRIPTS.md); beside those, `end FAULT` and `deliver n0>n1 3`.
public struct PlaySite {
  private var session: Session
  /// What runs, and with which arguments.
  private let file: ScriptFile
  private let token: String
  private let hosts: Set<String>
  private let verdicts = VerdictCache()
  private var refusal: String?

  private static let linesShown = 80
  private static let linesBytesMax = 48 << 10
  private static let flightsShown = 600
  private static let bodyBytesMax = 400

  /// - Parameters:
  ///   - file: what is played: its scenario is that of the session.
  ///   - token: a secret of this process. The page carries it; what changes the run is refused without it.
  ///   - hosts: names that a Host header may have.
  public init(_ session: Session, _ file: ScriptFile, token: String, hosts: Set<String>) {
    self.session = session
    self.file = file
    self.token = token
    self.hosts = hosts
  }

  /// - Parameters:
  ///   - path: without a query.
  ///   - query: `node`: the node whose state is shown.
  public mutating func answer(
    method: String, path: String, query: [String: String] = [:], host: String?, token given: String = "",
    body: String = ""
  ) -> PageAnswer {
    guard let host, hosts.contains(host.lowercased()) else {
      return PageAnswer.text(
        421,
        "This server answers to \(hosts.sorted().joined(separator: ", ")), not to \(host ?? "no name").\n")
    }
    switch (method, path) {
    case ("GET", "/"), ("HEAD", "/"): return page
    case ("GET", "/state"): return state(of: query["node"])
    case ("GET", "/script"):
      var file = file
      file.scenario = session.scenario
      var answer = PageAnswer.text(200, file.text)
      answer.download = "\(file.scenario.workload.rawValue)-played.script"
      return answer
    case ("POST", "/do"):
      guard given == token else {
        return PageAnswer.text(403, "The page's token is missing or of another run: reload the page.\n")
      }
      guard perform(body) else {
        return PageAnswer.text(400, "Say step, back, until NANOSECONDS, branch NUMBER, or act WORDS.\n")
      }
      return state(of: query["node"])
    case (_, "/"), (_, "/state"), (_, "/script"), (_, "/do"):
      return PageAnswer.text(405, "Pages are for GET, acts for POST.\n")
    default: return PageAnswer.text(404, "There is no such page. The run is at /.\n")
    }
  }

  private var page: PageAnswer {
    var page = PageText()
    page.markup("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n")
    page.markup(
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"token\" content=\""
    )
    page.text(token)
    page.markup("\">\n<link rel=\"icon\" href=\"data:,\">\n<title>Play</title>\n<style>\n")
    unsafe page.file(play_style())
    page.markup("</style></head>\n<body><header><h1>")
    page.text(file.scenario.workload.rawValue)
    page.markup("</h1>")
    page.element("p class=\"summary\"", summary)
    page.markup("</header>\n")
    unsafe page.file(play_body())
    page.markup("<script>\n")
    unsafe page.file(play_script())
    page.markup("</script></body></html>\n")
    return PageAnswer(body: page.bytes)
  }

  /// What is played, in words.
  private var summary: String {
    var words = "\(file.scenario.nodes.count) nodes"
    if case .node(let name) = file.subject { words += " of \(name)" }
    if !file.arguments.isEmpty { words += " \(file.arguments.joined(separator: " "))" }
    return words + " · seed \(file.scenario.seed) · \(file.script.requests.count) requests drawn"
  }

  // MARK: Acts

  /// Does what a line of text says; false if it says nothing that is known.
  private mutating func perform(_ line: String) -> Bool {
    refusal = nil
    let words = line.split(separator: " ", maxSplits: 1)
    let rest = words.count > 1 ? String(words[1]) : ""
    switch words.first {
    case "step": session.step()
    case "back": session.stepBack()
    case "until":
      guard let nanoseconds = Int64(rest), nanoseconds >= 0 else { return false }
      session.go(to: max(session.begin, Instant(nanoseconds: nanoseconds)))
    case "branch":
      guard let place = Int(rest) else { return false }
      session.resume(branch: place)
    case "act":
      do throws(ScriptError) {
        try session.act(act(rest), words: rest)
      } catch {
        refusal = "\(error)"
      }
    default: return false
    }
    return true
  }

  /// Reads an act as a line of a script.
  private func act(_ words: String) throws(ScriptError) -> Script.Act {
    guard !words.contains(where: \.isNewline) else { throw ScriptError("an act is one line") }
    let parts = words.split(separator: " ")
    switch parts.first {
    case "end":
      guard parts.count == 2, let place = Int(parts[1]) else { throw ScriptError("write 'end FAULT'") }
      return .end(place)
    case "deliver":
      // Of the same form as a message that comes later.
      return .deliver(try read("message \(words.dropFirst("deliver ".count)) lost").strikes[0].message)
    case "client": return .request(try read("at 0 \(words)").requests[0])
    case "message": return .strike(try read(words).strikes[0])
    case "kill", "pause", "disk", "remove", "partition", "one-way":
      return .begin(try read("from 0 to end \(words)").faults[0].harm)
    default:
      throw ScriptError(
        "acts are client, kill, pause, disk, remove, partition, one-way, message, end and deliver")
    }
  }

  /// The script that one line makes, over the nodes and clients of this run.
  private func read(_ line: String) throws(ScriptError) -> Script {
    var header = ScriptFile(.node("x"), arguments: [], Scenario(file.scenario.workload))
    header.scenario.nodes = file.scenario.nodes
    header.script.clients = file.script.clients
    return try ScriptFile(text: header.text + line + "\n").script
  }

  // MARK: The state

  private func state(of node: String?) -> PageAnswer {
    let test = session.run.test
    let down = test.downNodes
    let paused = test.pausedNodes
    let dead = test.deadNodes
    let script = test.script ?? Script()
    let active = test.activeFaults
    var cuts: [EDN] = []
    for place in active {
      guard case .cut(let grudge, _) = script.faults[place].harm else { continue }
      for (receiver, sources) in grudge.sources.sorted(by: { $0.key < $1.key }) {
        for source in sources.sorted() {
          cuts.append([.string(source.name), .string(receiver.name), .integer(place)])
        }
      }
    }
    let begin = session.begin
    let state: EDN = [
      "now": nanoseconds(session.now), "begin": nanoseconds(begin), "end": nanoseconds(session.end),
      "origin": nanoseconds(test.origin), "next": session.run.next.map(nanoseconds) ?? .null,
      "finished": .bool(test.isFinished), "full": .bool(session.isFull),
      "refusal": refusal.map { .string($0) } ?? .null,
      "objection": test.objectionToActs.map { .string($0) } ?? .null,
      "nodes": .vector(
        test.nodes.map { name in
          let condition =
            dead.contains(name)
            ? "dead" : down.contains(name) ? "down" : paused.contains(name) ? "paused" : "up"
          return ["name": .string(name.name), "condition": .string(condition)]
        }),
      "clients": .vector(script.clients.map { .string($0.name) }),
      "samples": .vector(Self.samples(file.scenario.workload).map { .string($0) }),
      "faults": .vector(
        active.map { ["place": .integer($0), "words": .string(ScriptFile.words(script.faults[$0].harm))] }),
      "cuts": .vector(cuts),
      "flights": .vector(test.flights.prefix(Self.flightsShown).map { Self.json($0) }),
      "deeds": .vector(
        session.deeds.map { ["t": nanoseconds($0.time), "words": .string($0.words)] }),
      "branches": .vector(
        session.branches.map { branch in
          ["words": .string(branch.deeds.last?.words ?? ""), "count": .integer(branch.deeds.count)]
        }),
      "inspected": node.flatMap { inspection(of: $0) }.map { .string($0) } ?? .null,
      "verdict": test.isFinished ? verdicts.verdict(of: session.run) : .null,
      "lineCount": .integer(session.lineCount),
    ]
    var bytes: [UInt8] = []
    state.write(in: .json, to: &bytes)
    bytes.removeLast()
    bytes += ", \"lines\": [".utf8
    for (place, line) in session.lastLines(Self.linesShown, bytesMax: Self.linesBytesMax).enumerated() {
      if place > 0 { bytes.append(UInt8(ascii: ",")) }
      bytes += line
    }
    bytes += "]}".utf8
    return PageAnswer(contentType: "application/json", body: bytes)
  }

  private func nanoseconds(_ instant: Instant) -> EDN { .integer(Int(instant.nanoseconds)) }

  private static func json(_ flight: Flight) -> EDN {
    let parcel = flight.parcel
    let line = parcel.line.dropLast()
    let text = String(decoding: line.prefix(Self.bodyBytesMax), as: UTF8.self)
    return [
      "id": .integer(parcel.id), "src": .string(parcel.source.name), "dest": .string(parcel.destination.name),
      "number": .integer(parcel.number), "sent": .integer(Int(parcel.sent.nanoseconds)),
      "due": .integer(Int(flight.due.nanoseconds)), "held": .bool(parcel.isDelayed),
      "text": .string(line.count > Self.bodyBytesMax ? text + "…" : text),
    ]
  }

  private func inspection(of name: String) -> String? {
    guard let place = session.run.test.place(of: NodeID(name)), place < session.run.test.nodes.count,
      let state = session.run.state(ofNodeAt: place)
    else { return nil }
    return Inspection.text(of: state, at: session.run.clock(ofNodeAt: place))
  }

  /// What clients may ask for.
  private static func samples(_ workload: Workload) -> [String] {
    switch workload {
    case .echo: ["echo \"hello\""]
    case .uniqueIDs: ["generate"]
    case .broadcast: ["broadcast 1001", "read"]
    case .gSet: ["add 1001", "read"]
    case .gCounter, .pnCounter: ["add 3", "read"]
    case .kafka: ["send [[\"send\",\"7\",1001]]", "assign [\"7\"]", "poll [[\"poll\"]]"]
    case .linKV: ["write [1,7]", "read [1,null]", "cas [1,[7,8]]"]
    case .txnRWRegister: ["txn [[\"r\",1,null],[\"w\",1,1001]]"]
    case .txnListAppend: ["txn [[\"r\",1,null],[\"append\",1,1001]]"]
    }
  }
}

/// The verdict on a run that is over, which takes a while to reach.
private final class VerdictCache {
  private var digest: Digest?
  private var verdict = EDN.null

  func verdict(of run: any PlayedRun) -> EDN {
    guard run.digest != digest else { return verdict }
    digest = run.digest
    let results = run.test.results()
    verdict = [
      "valid": .string("\(results.verdict)"),
      "anomalies": .vector(
        results.anomalies.prefix(12).map { ["name": .string($0.name), "detail": .string($0.detail)] }),
      "complaints": .vector(results.complaints.map { .string($0) }),
    ]
    return verdict
  }
}
