import ArgumentParser
import Fleet
import Foundation
import Lab
import Workbench

/// How to be let in by a NATS server.
struct ServerOptions: ParsableArguments {
  @Option(help: ArgumentHelp("A file with a JWT and its seed, for the NATS server.", valueName: "file"))
  var natsCreds: String?

  @Option(
    help: ArgumentHelp("A file with the certificates to trust: the connection uses TLS.", valueName: "file"))
  var natsCa: String?

  @Option(help: ArgumentHelp("A file with this side's own certificate, for TLS.", valueName: "file"))
  var natsCert: String?

  @Option(help: ArgumentHelp("A file with the key of --nats-cert.", valueName: "file"))
  var natsKey: String?

  /// - Parameter url: as in `--nats`.
  func address(_ url: String) throws -> ServerAddress {
    var address = ServerAddress(url: url)
    if let problem = address.problem { throw ValidationError("--nats: \(problem)") }
    for (option, file) in [
      ("--nats-creds", natsCreds), ("--nats-ca", natsCa), ("--nats-cert", natsCert), ("--nats-key", natsKey),
    ] {
      if let file, !FileManager.default.isReadableFile(atPath: file) {
        throw ValidationError("\(option): there is no file \(file) that can be read")
      }
    }
    guard (natsCert == nil) == (natsKey == nil) else {
      throw ValidationError("--nats-cert and --nats-key belong together")
    }
    (address.credentials, address.authority, address.certificate, address.key) =
      (natsCreds, natsCa, natsCert, natsKey)
    return address
  }

  var isGiven: Bool { natsCreds != nil || natsCa != nil || natsCert != nil || natsKey != nil }
}

/// Where the agents of a sweep are found.
struct SweepHostOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Let agents run the seeds ('workbench agent --sweep'), by parts that this NATS server stores.",
      valueName: "url"))
  var nats: String?

  @OptionGroup var server: ServerOptions

  /// Nil where seeds run here.
  func address() throws -> ServerAddress? {
    guard let nats else {
      if server.isGiven { throw ValidationError("--nats-… are for --nats: give the server's address") }
      return nil
    }
    return try server.address(nats)
  }
}

/// Which agents run the nodes of a test.
struct HostOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Run the nodes on other hosts, by agents that are connected to this NATS server.", valueName: "url"))
  var nats: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "How many agents to wait for and use (default: 1). Nodes are dealt out to them in turn.",
      valueName: "number"),
    transform: Parse.positiveInteger)
  var agents = 1

  @Option(
    help: ArgumentHelp(
      """
      What carries messages between nodes. simulated: this bench, as on one machine. real: the agents, through NATS, past \
      the bench, which hears of each message afterwards; clients and services are the bench's all the same. Agents carry \
      out partitions, one-way cuts and a constant --latency, on top of the way through the network; loss, duplicate, \
      reorder, slow, --delivery independent and other kinds of latency only the simulated network has \
      (default: simulated).
      """, valueName: "name"),
    transform: Parse.choice)
  var network = Scenario.Carrier.simulated

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "How many agents that run a NATS server ('workbench agent --nats-server') to wait for, with --nemesis server, which kills one of these servers at a time (default: 3).",
      valueName: "number"),
    transform: Parse.positiveInteger)
  var servers: Int?

  @OptionGroup var server: ServerOptions

  func apply(to scenario: inout Scenario) {
    scenario.carrier = network
    scenario.serverCount = scenario.faults.contains(.server) ? servers ?? 3 : 0
  }

  /// Nil where nodes are processes here. The rest of the command line is checked against it.
  func hosts(_ scenario: Scenario, nodeArguments: [String]) throws -> BenchSettings.Hosts? {
    guard let nats else {
      if agents != 1 || server.isGiven {
        throw ValidationError("--agents and --nats-… are for --nats: give the server's address")
      }
      guard network == .simulated else {
        throw ValidationError(
          "--network real is for nodes on other hosts: give the address of their server with --nats")
      }
      guard !scenario.faults.contains(.server), servers == nil else {
        throw ValidationError(
          "--nemesis server kills servers between hosts: give their addresses with --nats, or leave it out")
      }
      return nil
    }
    guard agents <= scenario.nodeCount else {
      throw ValidationError("\(agents) agents are too many for \(scenario.nodeCount) nodes")
    }
    guard !scenario.faults.contains(.disk) else {
      throw ValidationError("the disks of other hosts can't be made to fail: leave disk out")
    }
    try checkNetwork(scenario)
    guard nodeArguments.isEmpty else {
      throw ValidationError(
        "over NATS no arguments reach nodes: give them to the agents, workbench agent … -- \(nodeArguments.joined(separator: " "))"
      )
    }
    if let problem = scenario.nodes.compactMap({ Fleet.problem(withNode: "\($0)") }).first {
      throw ValidationError(problem)
    }
    return BenchSettings.Hosts(address: try server.address(nats), agentCount: agents)
  }

  private func checkNetwork(_ scenario: Scenario) throws {
    guard servers == nil || scenario.faults.contains(.server) else {
      throw ValidationError("--servers is for --nemesis server")
    }
    guard servers != 1 else {
      throw ValidationError("--servers: with one server killed another has to go on; give 2 or more")
    }
    guard network == .real else { return }
    let impossible = scenario.faults.filter(\.needsSimulatedNetwork).map(\.rawValue).sorted()
    guard impossible.isEmpty else {
      throw ValidationError(
        "only the simulated network can do \(impossible.joined(separator: ", ")): leave that out, or take --network simulated"
      )
    }
    guard scenario.delivery == .inOrder else {
      throw ValidationError(
        "a real network delivers in an order of its own: leave --delivery out, or take --network simulated")
    }
    guard scenario.latency == .zero || scenario.latencyDistribution == .constant else {
      throw ValidationError(
        "agents add a constant latency only: leave --latency-dist out, or take --network simulated")
    }
  }
}
