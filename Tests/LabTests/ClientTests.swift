import Checkers
import Glomers
import Lab
import Testing
@testable import History

@Suite("Clients")
struct ClientTests {
  /// Answers the first request of a kind in some way, and everything else as it should be.
  private func answering(
    _ type: String, _ answer: @escaping (JSON) -> [Puppets.Said]
  ) -> (NodeID, JSON) -> [Puppets.Said] {
    var isFirst = true
    return { _, message in
      guard message.type == type, isFirst else { return [message.ordinaryReply] }
      isFirst = false
      return answer(message)
    }
  }

  private func firstEnding(_ puppets: Puppets, _ function: String) -> Operation? {
    puppets.test.history.operations.first { $0.function == function && $0.kind != .invoke }
  }

  private let oneClient = stage(.broadcast, rate: 10, seconds: 20)

  @Test("a broadcast without an answer is unknown after 5 s, and its client goes on as another process")
  func timeout() throws {
    let puppets = Puppets.run(oneClient, answering("broadcast") { _ in [] })
    let history = puppets.test.history
    let ending = try #require(firstEnding(puppets, "broadcast"))
    #expect(ending.kind == .info && ending.error == "net-timeout")
    #expect(ending.time - history.invocation(of: ending.index)!.time == .seconds(5))
    #expect(ending.process == .client(0))
    #expect(history[ending.index + 1].process == .client(1))
    let sources = puppets.deliveries.filter { $0.message.type == "broadcast" }.map(\.message.source)
    #expect(sources[0] != sources[1])
    #expect(puppets.test.anomalies.isEmpty)
  }

  @Test("the number of a new process is the old one plus the number of clients")
  func processNumbers() throws {
    var scenario = oneClient
    scenario.concurrency = .clients(3)
    let puppets = Puppets.run(scenario, answering("broadcast") { _ in [] })
    let ending = try #require(puppets.test.history.operations.first { $0.kind == .info })
    guard case .client(let process) = ending.process else { preconditionFailure("no client") }
    let processes = Set(puppets.test.history.operations.map(\.process))
    #expect(processes == Set((0..<3).map { .client($0) } + [.client(process + 3)]))
    #expect(puppets.test.history.operations.filter(\.isFinal).contains { $0.process == .client(process + 3) })
  }

  @Test("a read without an answer has failed, and its process goes on")
  func readTimeout() throws {
    let puppets = Puppets.run(oneClient, answering("read") { _ in [] })
    let ending = try #require(firstEnding(puppets, "read"))
    #expect(ending.kind == .fail && ending.error == "net-timeout")
    #expect(puppets.test.history[ending.index + 1].process == .client(0))
  }

  @Test("a definite error is a failure, an indefinite one or one that nobody knows is not")
  func errors() throws {
    for (code, kind, name) in [
      (11, Operation.Kind.fail, "temporarily-unavailable"), (13, .info, "crash"), (1234, .info, "unknown"),
    ] {
      let puppets = Puppets.run(
        oneClient, answering("broadcast") { [$0.reply(#""type":"error","code":\#(code),"text":"no""#)] })
      let ending = try #require(firstEnding(puppets, "broadcast"))
      #expect(ending.kind == kind)
      #expect(ending.error == (code == 1234 ? [.string(name), "no", 1234] : [.string(name), "no"]))
      #expect(puppets.test.anomalies.isEmpty)
    }
    let puppets = Puppets.run(
      oneClient, answering("read") { [$0.reply(#""type":"error","code":13,"text":"no""#)] })
    #expect(firstEnding(puppets, "read")?.kind == .fail)
  }

  @Test(
    "a node that answers a client that has gone is heard no more, as with Maelstrom, and the run is invalid")
  func late() throws {
    let puppets = Puppets.run(
      oneClient, answering("broadcast") { [$0.reply(#""type":"broadcast_ok""#, after: .seconds(6))] })
    #expect(firstEnding(puppets, "broadcast")?.kind == .info)
    #expect(puppets.test.anomalies.map(\.name) == ["late-reply"])
    let late = try #require(
      puppets.deliveries.first { $0.message.type == "broadcast" }.map { $0.time + .seconds(6) })
    let history = puppets.test.history
    let answered = history.operations.filter { $0.kind == .ok }
    #expect(answered.allSatisfy { Instant.zero + $0.time < late })
    #expect(history.operations.contains { $0.isFinal && $0.kind == .fail && $0.error == "net-timeout" })
    #expect(puppets.test.results().verdict == .invalid)
  }

  @Test(
    "so is one that goes on writing to the client for init, which leaves with its answer; what comes along with that is dropped",
    arguments: [(Duration.milliseconds(99), false), (.milliseconds(100), true), (.seconds(3), true)])
  func initialClient(after delay: Duration, isMute: Bool) {
    let puppets = Puppets.run(
      stage(.echo, rate: 10, seconds: 20),
      answering("init") { [$0.ordinaryReply, $0.reply(#""type":"init_ok""#, after: delay)] })
    let anomaly = puppets.test.anomalies.first
    #expect(puppets.test.anomalies.count == 1)
    #expect(anomaly?.name == (isMute ? "late-reply" : "unasked-reply"))
    #expect(anomaly?.detail.contains("answered c0, which had its answer to init and gone") == isMute)
    #expect(anomaly?.detail.contains("Answer init once") == isMute)
    #expect(puppets.test.results().verdict == (isMute ? .invalid : .valid))
    #expect(
      (puppets.test.history.operations.last { $0.kind == .ok }?.time ?? .zero > .seconds(19)) == !isMute)
  }

  @Test("such a reply can be dropped instead, with a warning")
  func dropped() {
    var scenario = oneClient
    scenario.lateReplies = .drop
    let puppets = Puppets.run(
      scenario, answering("broadcast") { [$0.reply(#""type":"broadcast_ok""#, after: .seconds(6))] })
    #expect(puppets.test.anomalies.map(\.severity) == [.warning])
    #expect(puppets.test.history.operations.last?.kind == .ok)
  }

  @Test(
    "a client that has given up is there until its worker's next operation: until then a late answer is harmless"
  )
  func notYetGone() {
    var scenario = stage(.broadcast, rate: 0.05, seconds: 60)
    scenario.seed = 3
    let puppets = Puppets.run(
      scenario, answering("broadcast") { [$0.reply(#""type":"broadcast_ok""#, after: .milliseconds(5001))] })
    #expect(puppets.test.history.operations.contains { $0.kind == .info })
    #expect(puppets.test.anomalies.isEmpty)
  }

  @Test("a node that is killed and started again is heard again")
  func heardAgain() {
    var scenario = stage(.broadcast, rate: 10, seconds: 120)
    scenario.faults = [.kill]
    let puppets = Puppets.run(
      scenario, answering("broadcast") { [$0.reply(#""type":"broadcast_ok""#, after: .seconds(6))] })
    #expect(puppets.test.anomalies.contains { $0.name == "late-reply" } || !puppets.killed.isEmpty)
    #expect(puppets.test.history.operations.last { !$0.isFinal && $0.isClient }?.kind != .invoke)
    #expect(puppets.test.history.operations.contains { $0.isFinal && $0.kind == .ok })
  }

  @Test("a late answer does not stand for the answer to the next question")
  func lateButOpen() throws {
    let puppets = Puppets.run(
      oneClient, answering("read") { [$0.reply(#""type":"read_ok","messages":[99]"#, after: .seconds(6))] })
    #expect(!puppets.test.history.operations.contains { $0.value == [99] })
    #expect(puppets.test.anomalies.isEmpty)
  }

  @Test("clients for unique ids keep their names when nobody knows what happened")
  func reused() throws {
    let puppets = Puppets.run(stage(.uniqueIDs, rate: 10, seconds: 20), answering("generate") { _ in [] })
    let ending = try #require(firstEnding(puppets, "generate"))
    #expect(ending.kind == .info)
    #expect(puppets.test.history[ending.index + 1].process == .client(1))
    #expect(Set(puppets.deliveries.filter { $0.message.type == "generate" }.map(\.message.source)) == ["c1"])
  }

  @Test("the values of what succeeded are what Maelstrom writes down")
  func values() {
    for (workload, function) in [(Workload.echo, "echo"), (.uniqueIDs, "generate"), (.broadcast, "read")] {
      let puppets = Puppets.run(stage(workload)) { _, message in [message.ordinaryReply] }
      let ending = firstEnding(puppets, function)
      #expect(ending?.kind == .ok)
      switch workload {
      case .echo: #expect(ending?.value.string?.hasPrefix("Please echo ") == true)
      case .uniqueIDs: #expect(ending?.value == "c1-1")
      default: #expect(ending?.value == [])
      }
    }
  }
}
