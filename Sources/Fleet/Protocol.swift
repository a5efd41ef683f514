import Foundation

/// What the bench and its agents say to each other over NATS: `docs/hosts.md` has it as a table.
enum Protocol {
  /// Both sides must have the same.
  static let number = 2

  /// How often each side says that it is there, and what it has received.
  static let beatInterval: Duration = .milliseconds(200)
  /// After so long without a word the other side is taken for gone.
  static let silenceMax: Duration = .seconds(10)
  /// How long the bench waits for agents, and an agent for another one of its name.
  static let gatheringTime: Duration = .seconds(5)
  static let namingTime: Duration = .milliseconds(500)
  /// What one side keeps for the other at most: sent, and not yet acknowledged.
  static let waitingBytesMax = 64 << 20
  /// From here on an agent no longer reads what its nodes print.
  static let pausingBytes = 32 << 20
  /// So many nodes an agent runs at a time.
  static let nodesMax = 256

  /// What becomes one token of a subject, and on agents the name of a file: letters, digits, `-` and `_`, 64 at most.
  /// The library publishes on subjects that nobody can subscribe to without an error, and a space in one ends the
  /// connection: names are therefore checked before.
  static func isToken(_ name: some StringProtocol) -> Bool {
    (1...64).contains(name.utf8.count)
      && name.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
          true
        default: false
        }
      }
  }

  /// Who is there? Agents answer to the run that asks.
  static let hello = "glomers.hello"

  /// Where agents of one name hear of each other.
  static func naming(_ agent: String) -> String { "glomers.agents.\(agent)" }
}

/// From the bench to an agent (`down`) or back (`up`), or from one agent to another (`across`), within a run.
enum Direction: String {
  case down, up, across
}

enum Verb: String {
  // All.
  /// What was sent and received so far; without a number of its own.
  case beat
  // From the bench.
  case reserve, release, start, input, signal
  /// Where all nodes are, and who does not hear whom: for nodes that talk past the bench.
  case roster, cut
  // From an agent.
  /// The answer to `hello`; without a number.
  case here
  case reserved, refused, output, log, oversized, overflow, exit, failed, usage
  /// All other agents have been heard; what nodes have said to nodes, and what became of it.
  case linked, sent, fates
  // From an agent to another.
  /// The first word.
  case greeting
  /// What one node says to another.
  case lines
}

/// A subject of a run: `glomers.run.<run>.<agent>.<direction>.<verb>[.<node>]`.
struct Subject: Equatable {
  let run: String
  let agent: String
  let direction: Direction
  let verb: Verb
  /// Empty where the message is about no node.
  let node: String

  init(_ run: String, _ agent: String, _ direction: Direction, _ verb: Verb, node: String = "") {
    self.run = run
    self.agent = agent
    self.direction = direction
    self.verb = verb
    self.node = node
  }

  /// Nil for what is no subject of a run.
  init?(_ text: String) {
    let tokens = text.split(separator: ".", omittingEmptySubsequences: false)
    guard tokens.count == 6 || tokens.count == 7, tokens[0] == "glomers", tokens[1] == "run",
      let direction = Direction(rawValue: String(tokens[4])), let verb = Verb(rawValue: String(tokens[5])),
      tokens.allSatisfy({ Protocol.isToken($0) })
    else { return nil }
    self.init(
      String(tokens[2]), String(tokens[3]), direction, verb, node: tokens.count == 7 ? String(tokens[6]) : "")
  }

  var text: String {
    "glomers.run.\(run).\(agent).\(direction.rawValue).\(verb.rawValue)" + (node.isEmpty ? "" : ".\(node)")
  }
}

// MARK: What the messages hold, as JSON

struct Hello: Codable {
  let run: String
}

struct Here: Codable, Equatable {
  let agent: String
  /// Another one for each start of an agent.
  let instance: String
  let `protocol`: Int
  /// Of the workbench.
  let version: String
  /// Whether it works for a run already.
  let isBusy: Bool
  /// Whether it runs a server rather than nodes.
  var isServer: Bool?
}

/// From an agent to those of the same name.
struct Naming: Codable {
  let instance: String
  /// Whether it has had the name for a while.
  let isEstablished: Bool
}

struct Beat: Codable, Equatable {
  /// The number of the last message sent, and of the last one received without a gap.
  let sent: Int
  let received: Int
}

struct Start: Codable {
  /// Whether the node is to be told a directory for what must survive a kill.
  let keepsRecords: Bool
}

struct Ended: Codable {
  /// The exit status, or the number of the signal that ended it.
  let status: Int32?
  let signal: Int32?
}

struct Usage: Codable {
  let cpuNanoseconds: Int64
  let peakResidentBytes: Int
  /// What the node has printed without ending the line: its beginning, and how much it is.
  var unfinished: Unfinished?
}

struct Unfinished: Codable, Equatable {
  let beginning: String
  let bytes: Int
}

extension Encodable {
  var bytes: [UInt8] { (try? JSONEncoder().encode(self)).map { Array($0) } ?? [] }
}

extension Decodable {
  init?(bytes: [UInt8]) {
    guard let value = try? JSONDecoder().decode(Self.self, from: Data(bytes)) else { return nil }
    self = value
  }
}
