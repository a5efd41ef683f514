import Glomers
import Testing

@testable import Replication

/// Holds one stream, of which each entry is the letter with its number.
private struct Letters: EntryHolder {
  let stream: Incarnation
  let letters: [Character]

  func entry(_ number: Int, of stream: Incarnation) -> String? {
    stream == self.stream ? String(letters[number - 1]) : nil
  }
}

private final class Watch {
  private(set) var invariants = ReplicationInvariants<String>()

  /// Looks at a replica that holds so much of a stream, of which each entry is the letter with its number.
  func look(
    at replica: Dissemination, holding count: Int, of stream: Incarnation, isStored: Bool = true,
    keepsRecords: Bool = true, entries: [Character] = Array("abcdefgh")
  ) -> String? {
    invariants.look(
      at: replica, holding: VersionVector(origins: [stream], counts: [count]), isStored: isStored,
      keepsRecords: keepsRecords, entriesOf: Letters(stream: stream, letters: entries))?.name
  }
}

@Suite struct ReplicationInvariantsTests {
  private func replica(_ name: NodeID, seed: UInt64 = 1) -> Dissemination {
    var random = Random(seed: seed)
    let pace = Pace(period: .milliseconds(100), timeout: .milliseconds(300))
    return Dissemination(Cluster(me: name, nodes: ["n0", "n1", "n2"]), pace, &random, at: .zero)
  }

  private func version(_ stream: Incarnation, _ count: Int) -> VersionVector {
    VersionVector(origins: [stream], counts: [count])
  }

  @Test("what is known of a process is what it holds, and has stored, at most")
  func known() {
    let watch = Watch()
    let n0 = replica("n0")
    let stream = n0.incarnation
    func knowing(_ count: Int) -> Dissemination {
      var n1 = replica("n1")
      let said = Advertisement(stream, version: version(stream, count))
      let isAdmitted = n1.admits(said, from: "n0")
      #expect(isAdmitted)
      n1.heard(said, from: "n0", holding: version(stream, count), at: .zero)
      return n1
    }
    #expect(watch.look(at: n0, holding: 5, of: stream) == nil)
    #expect(watch.look(at: knowing(5), holding: 5, of: stream) == nil)
    #expect(watch.look(at: n0, holding: 6, of: stream, isStored: false) == nil)
    #expect(watch.look(at: knowing(6), holding: 5, of: stream) == "known-beyond-held")
    #expect(watch.look(at: n0, holding: 8, of: stream) == nil)
    #expect(watch.look(at: knowing(7), holding: 5, of: stream) == nil)
    // The process has ended, and its last message comes late.
    #expect(watch.look(at: replica("n0", seed: 2), holding: 8, of: stream) == nil)
    #expect(watch.look(at: knowing(8), holding: 5, of: stream) == nil)
    #expect(watch.look(at: knowing(9), holding: 5, of: stream) == "known-beyond-held")
  }

  @Test("a number of a stream names one entry, whichever replica gives it, once that is stored")
  func entries() {
    let watch = Watch()
    let (n0, n1, n2) = (replica("n0"), replica("n1", seed: 2), replica("n2", seed: 3))
    let stream = n0.incarnation
    #expect(watch.look(at: n0, holding: 3, of: stream) == nil)
    #expect(watch.look(at: n1, holding: 2, of: stream, entries: Array("abx")) == nil)
    #expect(watch.look(at: n1, holding: 3, of: stream, isStored: false, entries: Array("abx")) == nil)
    #expect(watch.look(at: n1, holding: 3, of: stream, entries: Array("abx")) == "differing-entries")
    #expect(watch.look(at: n2, holding: 3, of: stream) == nil)
    // What no replica was seen to hold becomes what all must hold.
    #expect(watch.look(at: n2, holding: 4, of: stream) == nil)
    #expect(watch.look(at: n0, holding: 4, of: stream, entries: Array("abcx")) == "differing-entries")
  }

  @Test("where nothing is stored, an entry that its node alone held may be given up, and no other")
  func withoutRecords() {
    let watch = Watch()
    let (before, after, n1) = (replica("n0"), replica("n0", seed: 2), replica("n1", seed: 3))
    let stream = before.incarnation
    #expect(watch.look(at: before, holding: 3, of: stream, keepsRecords: false) == nil)
    #expect(watch.look(at: n1, holding: 2, of: stream, keepsRecords: false) == nil)
    #expect(watch.look(at: after, holding: 2, of: stream, keepsRecords: false) == nil)
    #expect(watch.look(at: after, holding: 3, of: stream, keepsRecords: false, entries: Array("abx")) == nil)
    #expect(watch.look(at: n1, holding: 3, of: stream, keepsRecords: false, entries: Array("abx")) == nil)
    let again = replica("n0", seed: 4)
    #expect(watch.look(at: again, holding: 3, of: stream, keepsRecords: false) == "differing-entries")
  }

  @Test("a node comes back with all that was stored; what was not may be gone")
  func comingBack() {
    let watch = Watch()
    let n0 = replica("n0")
    let stream = n0.incarnation
    #expect(watch.look(at: n0, holding: 4, of: stream) == nil)
    #expect(watch.look(at: n0, holding: 5, of: stream, isStored: false) == nil)
    #expect(watch.look(at: replica("n0", seed: 2), holding: 4, of: stream) == nil)
    #expect(watch.look(at: replica("n0", seed: 3), holding: 3, of: stream) == "forgotten-entries")
  }

  @Test("a node that has held an entry counts as its holder, also once it has come back without it")
  func holders() {
    let watch = Watch()
    let (n0, n1) = (replica("n0"), replica("n1", seed: 2))
    let stream = n0.incarnation
    #expect(watch.look(at: n0, holding: 3, of: stream, keepsRecords: false) == nil)
    #expect(watch.look(at: n1, holding: 2, of: stream, keepsRecords: false) == nil)
    #expect((1...4).map { watch.invariants.holderCount($0, of: stream) } == [2, 2, 1, 0])
    #expect(watch.look(at: replica("n1", seed: 3), holding: 0, of: stream, keepsRecords: false) == nil)
    #expect((1...4).map { watch.invariants.holderCount($0, of: stream) } == [2, 2, 1, 0])
  }

  @Test("a message that is too long is found, unless a single entry makes it so")
  func overlong() {
    let (mine, stream) = (Incarnation(name: "n0.a"), Incarnation(name: "n1.a"))
    let pace = Pace(period: .zero, timeout: .zero, messageBytesMax: 100)
    let sent = version(stream, 2)
    func message(_ bytes: Int, to count: Int) -> [UnderWay] {
      var ends = version(stream, count)
      ends[mine] = 0
      return [UnderWay(bytes: bytes, ends: ends, after: sent, pace)]
    }
    #expect(message(100, to: 9).overlong == nil)
    #expect(message(101, to: 3).overlong == nil)
    #expect(message(101, to: 4).overlong == 101)
  }
}
