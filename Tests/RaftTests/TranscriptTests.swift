import Foundation
import Glomers
import Testing

@testable import Raft

/// What nodes say and store, line by line, in `transcripts`. `REWRITE=1` writes the files anew: read the difference.
@Suite("Transcripts")
struct TranscriptTests {
  private func compare(_ name: String, _ group: RaftGroup) throws {
    let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "transcripts/\(name).txt")
    let text = group.transcript.joined(separator: "\n") + "\n"
    if ProcessInfo.processInfo.environment["REWRITE"] != nil {
      try text.write(to: file, atomically: true, encoding: .utf8)
    }
    let expected = try String(contentsOf: file, encoding: .utf8)
    #expect(text == expected, "\(name) differs: REWRITE=1 writes it anew")
  }

  private func led() -> RaftGroup {
    var group = RaftGroup()
    group.run(for: .milliseconds(350))
    group.transcript = []
    return group
  }

  @Test("an election")
  func election() throws {
    var group = RaftGroup()
    while group.leader == nil { group.run(for: .milliseconds(10)) }
    try compare("election", group)
  }

  @Test("a command at the leader, and one at a follower that the network copies")
  func commands() throws {
    var group = led()
    _ = group.propose(1, at: "n0")
    group.deliverAll()
    group.forward(2, at: "n1", copies: 2)
    group.deliverAll()
    try compare("commands", group)
  }

  @Test("queries at the leader and at a follower")
  func queries() throws {
    var group = led()
    group.ask("n0")
    group.deliverAll()
    group.ask("n2")
    group.deliverAll()
    try compare("queries", group)
  }

  @Test("the leader removes itself, and is added again")
  func members() throws {
    var group = led()
    _ = group.on("n0") { $0.change(MembershipChange("n0", isMember: false), at: $1) }
    group.deliverAll()
    let leader = group.leader!
    _ = group.on(leader) { $0.change(MembershipChange("n0", isMember: true), at: $1) }
    group.deliverAll()
    try compare("members", group)
  }

  @Test("a snapshot in parts")
  func snapshot() throws {
    var limits = Raft<Notes>.Limits()
    limits.messageBytes = 320
    limits.tailBytes = 1000
    var group = RaftGroup(3, limits: limits)
    group.run(for: .milliseconds(350))
    group.isolated = ["n2"]
    for value in 1...25 {
      _ = group.propose(value, at: "n0")
      group.deliverAll()
    }
    group.isolated = []
    group.transcript = []
    group.pass(.milliseconds(80))
    group.deliverAll()
    group.pass(.milliseconds(80))
    group.deliverAll()
    try compare("snapshot", group)
  }
}
