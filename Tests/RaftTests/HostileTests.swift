import Glomers
import Support
import Testing
import Wire

@testable import Raft

@Suite("Messages that no node of this cluster would send")
struct HostileTests {
  private func read(_ text: String) -> RaftMessage<Notes>? {
    let document = JSONDocument()
    guard let object = try? document.parse(Array(text.utf8).span) else { return nil }
    return try? RaftMessage<Notes>(type: object.string("type"), body: object)
  }

  @Test(
    "terms and indexes near 2^63 and below 0 are malformed",
    arguments: ["9223372036854775807", "9007199254740992", "-1", "1.5", "null", "\"1\""])
  func extremes(_ number: String) {
    #expect(read(#"{"type":"timeout_now","term":7}"#) == .timeoutNow(term: 7))
    #expect(read(#"{"type":"timeout_now","term":\#(number)}"#) == nil)
    #expect(read(#"{"type":"read_index","life":1,"batch":\#(number)}"#) == nil)
    let append =
      #"{"type":"append","term":1,"previous_index":\#(number),"previous_term":0,"entries":[],"commit":0,"round":1,"timeout":300}"#
    #expect(read(append) == nil)
  }

  @Test("messages are read as they are written")
  func coding() {
    let id = CommandID(origin: "n1", life: 2, number: 3)
    let entries: [Entry<Notes.Message>] = [
      Entry(term: 1, .nothing), Entry(term: 2, .command(.add(5), id)),
      Entry(term: 3, .configuration(Configuration(voters: ["n0", "n1"], learners: ["n2"]))),
    ]
    var sessions = Sessions()
    _ = sessions.admit(id)
    let header = SnapshotHeader(
      index: 9, term: 2, configuration: Configuration(voters: ["n0"]), sessions: sessions)
    let messages: [RaftMessage<Notes>] = [
      .append(
        Append(
          term: 3, previousIndex: 4, previousTerm: 2, entries: entries, commit: 4, round: 8,
          timeoutMilliseconds: 300)),
      .appended(Appended(term: 1, index: 2, refused: nil, round: 3)),
      .appended(Appended(term: 1, index: 2, refused: 4, round: 3)),
      .requestVote(RequestVote(term: 1, lastIndex: 2, lastTerm: 1, kind: .transfer)),
      .vote(Vote(term: 1, isGranted: true, isPre: true)),
      .snapshot(
        SnapshotPart(term: 4, header: header, offset: 1, pieces: [.init(5)], isLast: true, round: 2)),
      .snapshotTaken(SnapshotTaken(term: 4, index: 9, count: 1, round: 2)),
      .snapshotTaken(SnapshotTaken(term: 4, index: 9, count: nil, round: 2)),
      .timeoutNow(term: 5), .committed(Committed(term: 1, index: 2, indexTerm: 1)),
      .forward(life: 1, [Forwarded(number: 2, .add(3))]),
      .readIndex(life: 1, batch: 2, term: 3),
      .readAt(ReadAt(term: 1, life: 1, batch: 2, index: 3, commit: 2)),
      .change(MembershipChange("n2", isMember: false)),
    ]
    for message in messages {
      var writer = JSONWriter()
      writer.beginObject()
      message.write(to: &writer)
      writer.endObject()
      #expect(read(String(decoding: writer.bytes, as: UTF8.self)) == message)
    }
  }

  @Test("a leader of another cluster does not overwrite what is committed")
  func otherCluster() {
    var group = RaftGroup()
    group.run(for: .seconds(1))
    _ = group.propose(1, at: group.leader!)
    group.run(for: .milliseconds(300))
    let follower = group.names.first { $0 != group.leader }!
    let append = Append<Notes.Message>(
      term: 99, previousIndex: 0, previousTerm: 0, entries: [Entry(term: 98, .nothing)], commit: 1, round: 1,
      timeoutMilliseconds: 300)
    group.on(follower) { $0.receive(.append(append), from: "n0", at: $1) }
    #expect(group[follower].machine.values == [1])
    let last = group[follower].log.lastIndex
    for index in [last, last + 1, 1 << 40] {
      let committed = Committed(term: 99, index: index, indexTerm: 98)
      group.on(follower) { $0.receive(.committed(committed), from: "n0", at: $1) }
    }
    #expect(group[follower].commit == last && group[follower].machine.values == [1])
  }

  @Test("no single message leaves the cluster without terms for its elections")
  func hugeTerms() {
    var group = RaftGroup()
    group.run(for: .seconds(1))
    let (leader, last) = (group.leader!, (1 << 53) - 1)
    let term = group[leader].term
    let follower = group.names.first { $0 != leader }!
    let bound = Raft<Notes>.termLeapMax
    let heartbeat = { RaftMessage<Notes>.committed(Committed(term: $0, index: 1, indexTerm: 99)) }
    group.on(follower) { $0.receive(heartbeat(term + bound + 1), from: "n9", at: $1) }
    #expect(group[follower].term == term + bound && group[follower].leader == nil)
    group.on(follower) { $0.receive(heartbeat(term + 2 * bound), from: "n9", at: $1) }
    #expect(group[follower].term == term + 2 * bound && group[follower].leader == "n9")
    for message: RaftMessage<Notes> in [
      .timeoutNow(term: last), heartbeat(last),
      .appended(Appended(term: last, index: 1, refused: nil, round: 1)),
      .vote(Vote(term: last, isGranted: false, isPre: true)),
      .requestVote(RequestVote(term: last, lastIndex: 0, lastTerm: 0, kind: .transfer)),
    ] {
      for node in group.names { group.on(node) { $0.receive(message, from: "n9", at: $1) } }
    }
    #expect(group.names.allSatisfy { group[$0].term < 1 << 36 })
    group.run(for: .seconds(3))
    #expect(group.leader != nil)
    let isTaken = group.propose(1, at: group.leader!)
    group.run(for: .milliseconds(300))
    #expect(isTaken != nil && group.names.allSatisfy { group[$0].machine.values == [1] })
  }

  @Test("answers that nobody asked for are not taken")
  func unasked() {
    var group = RaftGroup()
    group.run(for: .seconds(1))
    let leader = group.leader!
    let term = group[leader].term
    let commit = group[leader].commit
    for node: NodeID in ["n0", "n1", "n2", "n9"] where node != leader {
      group.on(leader) {
        $0.receive(
          .appended(Appended(term: term, index: 1 << 40, refused: nil, round: 1)), from: node, at: $1)
        $0.receive(.appended(Appended(term: term, index: 1, refused: 0, round: 1 << 40)), from: node, at: $1)
        $0.receive(
          .snapshotTaken(SnapshotTaken(term: term, index: 5, count: 9, round: 1)), from: node, at: $1)
        $0.receive(.vote(Vote(term: term, isGranted: true, isPre: false)), from: node, at: $1)
      }
    }
    #expect(group[leader].commit == commit && group[leader].role == .leader)
  }
}
