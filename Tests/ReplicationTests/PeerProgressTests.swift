import Glomers
import Testing

@testable import Replication

private let mine = Incarnation(name: "n0.a"), theirs = Incarnation(name: "n1.a")
private func at(_ milliseconds: Int) -> Instant { .zero + .milliseconds(milliseconds) }
private let pace = Pace(
  period: .milliseconds(100), timeout: .milliseconds(300), messageBytesMax: 10, windowBytes: 30)

private func version(_ own: Int, _ their: Int = 0) -> VersionVector {
  VersionVector(origins: [mine, theirs], counts: [own, their])
}

@Suite struct PeerProgressTests {
  /// Sends what is due at an instant: `count` entries of a byte each at most.
  private func push(_ peer: inout PeerProgress, _ held: VersionVector, at instant: Instant) -> Push? {
    let push = peer.push(pace, held, (mine, mine), isAsking: false, fresh: 7, at: instant)
    if let push, push.scope != .nothing {
      let (after, count) = (push.since[mine], held[mine])
      let end = min(count, after + push.bytesMax)
      peer.sent(
        end - after, ends: VersionVector(origins: [mine], counts: [end]), isComplete: end == count, pace)
    }
    return push
  }

  private func hear(
    _ peer: inout PeerProgress, _ said: VersionVector, _ held: VersionVector, at instant: Instant
  ) {
    let advertisement = Advertisement(theirs, version: said)
    #expect(peer.admits(advertisement, fresh: 8) == true)
    peer.hear(advertisement, holding: held, mayWait: false, at: instant)
  }

  /// A peer that has spoken at time 0 and held nothing.
  private func contacted() -> PeerProgress {
    var peer = PeerProgress(name: "n1")
    _ = push(&peer, version(0), at: at(0))
    hear(&peer, version(0), version(0), at: at(0))
    return peer
  }

  @Test("an unknown peer is asked, ever less often, and sent no entries")
  func unknown() {
    var peer = PeerProgress(name: "n1")
    var instants: [Instant] = []
    while instants.count < 5 {
      let due = peer.schedule(pace, version(5), isAsking: false, at: instants.last ?? at(0))!
      let push = push(&peer, version(5), at: max(due, at(0)))
      #expect(push?.scope == .nothing && push?.challenge != nil)
      instants.append(max(due, at(0)))
    }
    #expect(instants == [at(0), at(250), at(750), at(1750), at(3750)])
    #expect(peer.state == .unknown)
  }

  @Test("a peer that has spoken is probed with one message until it acknowledges, then sent up to the window")
  func window() {
    var peer = contacted()
    #expect(peer.state == .probing)
    #expect(push(&peer, version(100), at: at(100))?.scope == .stream(mine))
    #expect(push(&peer, version(100), at: at(100)) == nil, "one message at a time")
    hear(&peer, version(10), version(100), at: at(120))
    #expect(peer.state == .replicating)
    var sinces: [Int] = []
    while let push = push(&peer, version(100), at: at(120)) { sinces.append(push.since[mine]) }
    #expect(sinces == [10, 20, 30], "three messages of ten bytes fill the window of thirty")
    hear(&peer, version(20), version(100), at: at(130))
    #expect(push(&peer, version(100), at: at(130))?.since[mine] == 40, "what is acknowledged makes room")
    #expect(push(&peer, version(100), at: at(130)) == nil)
  }

  @Test("after a timeout a peer is probed again from what it has shown, and after the next it is silent")
  func timeouts() {
    var peer = contacted()
    _ = push(&peer, version(5), at: at(100))
    let repeated = push(&peer, version(5), at: at(400))
    #expect(repeated?.since[mine] == 0 && repeated?.scope == .all && repeated?.wantsAnswer == true)
    #expect(peer.state == .probing)
    let question = push(&peer, version(5), at: at(1000))
    #expect(question?.scope == .all && question?.since[mine] == 0 && question?.wantsAnswer == true)
    #expect(peer.state == .silent)
    hear(&peer, version(0), version(5), at: at(1500))
    #expect(peer.state == .probing)
    #expect(push(&peer, version(5), at: at(1500))?.scope == .all, "it is sent what it has not shown to hold")
  }

  @Test("messages that show nothing new put off neither the repair nor the question for a gap")
  func notPostponed() {
    var peer = contacted()
    _ = push(&peer, version(5), at: at(100))
    for instant in [150, 200, 250, 300, 350] {
      hear(&peer, version(0, 3), version(5), at: at(instant))
      _ = peer.schedule(pace, version(5), isAsking: false, at: at(instant))
    }
    #expect(peer.schedule(pace, version(5), isAsking: false, at: at(390)) == at(400))
    let late = push(&peer, version(5), at: at(400))
    #expect(late?.scope == .all && late?.wantsAnswer == true)
    var other = contacted()
    for instant in [150, 200, 250, 300, 350] {
      hear(&other, version(0, instant), version(0), at: at(instant))
      _ = other.schedule(pace, version(0), isAsking: false, at: at(instant))
    }
    #expect(other.schedule(pace, version(0), isAsking: false, at: at(400)) == at(450))
  }

  @Test("a repair that goes on puts off the question for the rest of it, and is acknowledged at once")
  func partial() {
    var peer = contacted()
    for instant in [200, 400, 600] {
      let part = Advertisement(theirs, version: version(0, 50), isPartial: true)
      #expect(peer.admits(part, fresh: 9) == true)
      peer.hear(part, holding: version(0, 10), mayWait: false, at: at(instant))
      let acknowledgement = push(&peer, version(0, 10), at: at(instant))
      #expect(acknowledgement != nil && acknowledgement?.wantsAnswer == false)
    }
    #expect(peer.schedule(pace, version(0, 10), isAsking: false, at: at(600)) == at(900))
  }

  @Test("another incarnation is believed once it has echoed a challenge, and begins anew")
  func incarnations() {
    var peer = contacted()
    _ = push(&peer, version(5), at: at(100))
    hear(&peer, version(5), version(5), at: at(150))
    #expect(peer.known == version(5))
    let other = Incarnation(name: "n1.b")
    #expect(peer.admits(Advertisement(other, version: version(0), challenge: 1), fresh: 20) == false)
    let challenge = push(&peer, version(5), at: at(160))
    #expect(challenge?.challenge != nil && challenge?.echo == nil, "its own challenge is not echoed yet")
    #expect(peer.admits(Advertisement(other, version: version(0), echo: 3), fresh: 21) == false)
    let proof = Advertisement(other, version: version(0), challenge: 1, echo: challenge?.challenge)
    #expect(peer.admits(proof, fresh: 22) == true)
    peer.hear(proof, holding: version(5), mayWait: false, at: at(170))
    #expect(peer.known == version(0) && peer.incarnation == other && peer.hasAccepted)
    let answer = push(&peer, version(5), at: at(170))
    #expect(answer?.scope == .all && answer?.since == .init() && answer?.echo == 1)
    // A message of the incarnation before that was long under way changes nothing.
    #expect(peer.admits(Advertisement(theirs, version: version(5)), fresh: 23) == false)
    #expect(peer.incarnation == other)
  }
}
