import ArgumentParser
import Glomers
import Lab
import Wire
import Workloads
import History

/// `workbench doc`: a workload's messages, written by the code that reads them.
struct DocCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doc",
    abstract: "Prints what clients ask nodes in a workload, and what nodes answer.",
    discussion: """
      Every message is one JSON object on one line. The examples are a client's requests and a node's answers; \
      members that are not named may be left out. docs/WORKLOADS.md has the checkers and every anomaly as well.

      EXAMPLES
        workbench doc
        workbench doc kafka
      """)

  @Argument(
    help: ArgumentHelp(
      "One of \(Parse.listed(Workload.allCases.map(\.rawValue))); without it, all are listed.",
      valueName: "workload"),
    transform: Parse.workload)
  var workload: Workload?

  func run() {
    guard let workload else {
      let width = Workload.allCases.map(\.rawValue.count).max()! + 2
      for each in Workload.allCases {
        let name = each.rawValue
        print(name + String(repeating: " ", count: width - name.count) + each.manual.purpose)
      }
      return
    }
    print(workload.manual.text(workload.rawValue), terminator: "")
  }
}

/// What there is to say of a workload.
struct WorkloadManual {
  let purpose: String
  let exchanges: [(request: any WireMessage, reply: any WireMessage, words: String)]

  func text(_ name: String) -> String {
    var text = "\(name): \(purpose)\n"
    for (number, exchange) in exchanges.enumerated() {
      text += "\n\(exchange.words)\n"
      text += "  \(Self.line(exchange.request, id: number + 2))\n"
      text += "  \(Self.line(exchange.reply, answering: number + 2))\n"
    }
    text += """

      Before all others, and once:
        {"src":"c0","dest":"n0","body":{"type":"init","node_id":"n0","node_ids":["n0","n1"],"msg_id":1}}
        {"src":"n0","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}

      In place of an answer, where the request certainly did not happen (codes 1, 10, 11, 12, 14, 20, 21, 22 and 30) or
      may have happened (all others):
        {"src":"n0","dest":"c1","body":{"type":"error","code":11,"text":"try again later","in_reply_to":2}}

      """
    return text
  }

  private static func line(_ request: any WireMessage, id: Int) -> String {
    #"{"src":"c1","dest":"n0","body":\#(body(request) { $0.member("msg_id", id) })}"#
  }

  private static func line(_ reply: any WireMessage, answering id: Int) -> String {
    #"{"src":"n0","dest":"c1","body":\#(body(reply) { $0.member("in_reply_to", id) })}"#
  }

  private static func body(_ message: any WireMessage, _ writeID: (inout JSONWriter) -> Void) -> String {
    var writer = JSONWriter()
    writer.beginObject()
    message.write(to: &writer)
    writeID(&writer)
    writer.endObject()
    return String(decoding: writer.bytes, as: UTF8.self)
  }
}

extension Workload {
  /// Every workload has one: a test holds this to the vocabularies.
  var manual: WorkloadManual {
    switch self {
    case .echo:
      WorkloadManual(
        purpose: "The answer is what was said.",
        exchanges: [(Echo.echo("hello"), Echo.echoOk("hello"), "echo may be any JSON.")])
    case .uniqueIDs:
      WorkloadManual(
        purpose: "No two answers are equal, whoever gives them.",
        exchanges: [(UniqueIDs.generate, UniqueIDs.generateOk(id: "n0-1"), "id may be any JSON.")])
    case .broadcast:
      WorkloadManual(
        purpose: "A value that one node gets is read at every node in the end.",
        exchanges: [
          (
            Broadcast.topology(["n0": ["n1"], "n1": ["n0"]]), Broadcast.topologyOk,
            "Once, to every node: the neighbours that it might talk to."
          ),
          (Broadcast.broadcast(7), Broadcast.broadcastOk, "message may be any JSON."),
          (Broadcast.read, Broadcast.readOk([7]), "In any order, each value once."),
        ])
    case .gSet:
      WorkloadManual(
        purpose: "An element that is added at one node is read at every node in the end.",
        exchanges: [
          (GSet.add(7), GSet.addOk, "element may be any JSON."),
          (GSet.read, GSet.readOk([7]), "In any order, each element once."),
        ])
    case .gCounter, .pnCounter:
      WorkloadManual(
        purpose: "Every node reads the sum of all adds in the end"
          + (self == .gCounter ? "; none is negative." : "; they may be negative."),
        exchanges: [
          (Counter.add(self == .gCounter ? 3 : -3), Counter.addOk, "delta is an integer."),
          (Counter.read, Counter.readOk(self == .gCounter ? 3 : -3), "The sum, as far as the node knows."),
        ])
    case .kafka:
      WorkloadManual(
        purpose: "A log for each key: each message at an offset of its own, the same for everybody.",
        exchanges: [
          (Kafka.send(key: "k1", message: 123), Kafka.sendOk(offset: 1000), "msg may be any JSON."),
          (
            Kafka.poll([.init("k1", 1000)]), Kafka.pollOk([.init("k1", [.init(1000, 123)])]),
            "Messages from these offsets on, in order; a node decides how many."
          ),
          (
            Kafka.commitOffsets([.init("k1", 1000)]), Kafka.commitOffsetsOk,
            "The client has processed everything up to these offsets."
          ),
          (
            Kafka.listCommittedOffsets(["k1", "k2"]), Kafka.listCommittedOffsetsOk([.init("k1", 1000)]),
            "Keys of which nothing was committed may be left out."
          ),
        ])
    case .linKV:
      WorkloadManual(
        purpose: "Registers whose operations seem to take place one after the other, each within its time.",
        exchanges: [
          (KV.read(key: 1), KV.readOk(value: 4), "Error 20 if there is no such key."),
          (KV.write(key: 1, value: 4), KV.writeOk, "Creates the key if need be."),
          (
            KV.cas(key: 1, from: 4, to: 5, createIfNotExists: false), KV.casOk,
            "Error 20 if there is no such key, error 22 if it does not hold from."
          ),
        ])
    case .txnRWRegister:
      WorkloadManual(
        purpose: "Transactions that read and write registers.",
        exchanges: [
          (
            Transactions.txn([
              .read(key: 1, value: .null), .write(key: 1, value: 6), .write(key: 2, value: 9),
            ]),
            Transactions.txnOk([.read(key: 1, value: 3), .write(key: 1, value: 6), .write(key: 2, value: 9)]),
            "The answer is what was asked, with the reads filled in; null for a register without a value."
          )
        ])
    case .txnListAppend:
      WorkloadManual(
        purpose: "Transactions that read lists and append to them.",
        exchanges: [
          (
            Transactions.txn([.read(key: 1, value: .null), .append(key: 1, value: 6)]),
            Transactions.txnOk([.read(key: 1, value: [1, 2]), .append(key: 1, value: 6)]),
            "The answer is what was asked, with the reads filled in; null for a list without elements."
          )
        ])
    }
  }
}
