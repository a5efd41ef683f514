import Glomers
import Testing

@testable import Nodes
@testable import Replication

private let names: [NodeID] = ["n0", "n1", "n2"]
private func origin(_ name: NodeID) -> Origin { Origin(name: "\(name).x") }
private func at(_ milliseconds: Int) -> Instant { .zero + .milliseconds(milliseconds) }

private func version(_ counts: [NodeID: Int]) -> VersionVector {
  var version = VersionVector()
  for (name, count) in counts { version[origin(name)] = count }
  return version
}

/// The exchange of n0: a period of 100 ms, a patience of 300 ms.
private func exchange(of me: NodeID = "n0", among nodes: [NodeID] = names) -> Exchange {
  Exchange(
    Cluster(me: me, nodes: nodes), origin: origin(me), period: .milliseconds(100),
    patience: .milliseconds(300))
}

@Suite struct ExchangeTests {
  @Test("a replica that holds nothing, and one without peers, is silent")
  func nothingToSay() {
    var fresh = exchange()
    #expect(fresh.schedule(holding: .init(), at: at(0)) == nil)
    var alone = exchange(among: ["n0"])
    #expect(alone.schedule(holding: version(["n0": 1]), at: at(0)) == nil)
  }

  @Test("the first news goes to every peer at once, and what follows waits for the end of the period")
  func rounds() {
    var exchange = exchange()
    #expect(exchange.schedule(holding: version(["n0": 1]), at: at(5)) == at(5))
    #expect(exchange.schedule(holding: version(["n0": 1]), at: at(5)) == nil, "the timer is set already")
    let first = exchange.round(holding: version(["n0": 1]), at: at(5))
    #expect(first.map(\.peer) == ["n1", "n2"])
    #expect(first.allSatisfy { $0.since == .init() && !$0.isRepair && !$0.wantsAnswer })
    #expect(exchange.schedule(holding: version(["n0": 2]), at: at(6)) == at(105))
    let second = exchange.round(holding: version(["n0": 2]), at: at(105))
    #expect(second.map(\.since) == [version(["n0": 1]), version(["n0": 1])], "the first is under way")
  }

  @Test("entries of others that arrive are acknowledged to every peer")
  func acknowledgement() {
    var exchange = exchange()
    exchange.heard(version(["n1": 1]), wantsAnswer: false, from: "n1", holding: version(["n1": 1]))
    #expect(exchange.schedule(holding: version(["n1": 1]), at: at(0)) == at(0))
    #expect(exchange.round(holding: version(["n1": 1]), at: at(0)).map(\.peer) == ["n1", "n2"])
    #expect(exchange.known(of: "n1") == version(["n1": 1]))
  }

  @Test("when every peer has shown that it holds everything, all is silent")
  func silence() {
    var exchange = exchange()
    let mine = version(["n0": 1])
    _ = exchange.round(holding: mine, at: at(0))
    for peer in ["n1", "n2"] as [NodeID] {
      exchange.heard(mine, wantsAnswer: false, from: peer, holding: mine)
    }
    #expect(exchange.schedule(holding: mine, at: at(10)) == nil)
    #expect(exchange.round(holding: mine, at: at(5000)) == [])
  }

  @Test("a peer that does not show in time that it holds what it was sent gets a repair, ever less often")
  func reminders() {
    var exchange = exchange(among: ["n0", "n1"])
    let mine = version(["n0": 1])
    _ = exchange.round(holding: mine, at: at(0))
    var instants: [Instant] = []
    while instants.count < 5, let due = exchange.schedule(holding: mine, at: instants.last ?? at(0)) {
      let pushes = exchange.round(holding: mine, at: due)
      #expect(pushes.map(\.isRepair) == [true])
      #expect(pushes.map(\.wantsAnswer) == [true])
      #expect(pushes.map(\.since) == [.init()])
      instants.append(due)
    }
    #expect(instants == [at(300), at(900), at(2100), at(4100), at(6100)])
  }

  @Test("a peer whose messages are lost is late even while there is news for it")
  func lateUnderLoad() {
    var exchange = exchange(among: ["n0", "n1"])
    var repairs: [Int] = []
    for round in 0...8 {
      let pushes = exchange.round(holding: version(["n0": round + 1]), at: at(100 * round))
      #expect(pushes.count == 1)
      if pushes.contains(where: \.isRepair) { repairs.append(100 * round) }
    }
    #expect(repairs == [300], "then after twice the time, at 900")
  }

  @Test("a peer that has shown what it was waited for is waited for with what it was told since")
  func awaitsTheRest() {
    var exchange = exchange(among: ["n0", "n1"])
    _ = exchange.round(holding: version(["n0": 1]), at: at(0))
    _ = exchange.round(holding: version(["n0": 2]), at: at(100))
    exchange.heard(version(["n0": 1]), wantsAnswer: false, from: "n1", holding: version(["n0": 2]))
    #expect(exchange.schedule(holding: version(["n0": 2]), at: at(150)) == at(400))
    #expect(exchange.round(holding: version(["n0": 2]), at: at(400)).map(\.since) == [version(["n0": 1])])
  }

  @Test("a gap that does not fill by itself is asked for, and one that does is not")
  func gaps() {
    var exchange = exchange()
    let mine = version(["n0": 1])
    _ = exchange.round(holding: mine, at: at(0))
    let held = version(["n0": 1, "n2": 4])
    for peer in ["n1", "n2"] as [NodeID] {
      exchange.heard(held, wantsAnswer: false, from: peer, holding: mine)
    }
    #expect(exchange.schedule(holding: mine, at: at(200)) == at(500))
    var filled = exchange
    #expect(exchange.round(holding: mine, at: at(500)).map(\.wantsAnswer) == [true, true])
    #expect(exchange.schedule(holding: mine, at: at(500)) == at(800), "the question may have been lost")
    let afterwards = filled.round(holding: held, at: at(500))
    #expect(afterwards.map(\.wantsAnswer) == [false, false], "only acknowledged")
  }

  @Test("a gap at the very first contact is asked for, too")
  func gapOfTheSilent() {
    var exchange = exchange(among: ["n0", "n1"])
    exchange.heard(version(["n1": 4]), wantsAnswer: false, from: "n1", holding: .init())
    #expect(exchange.schedule(holding: .init(), at: at(10)) == at(310))
    #expect(exchange.round(holding: .init(), at: at(310)).map(\.wantsAnswer) == [true])
  }

  @Test("who asks is answered within a period, with all that it lacks")
  func answers() {
    var exchange = exchange(among: ["n0", "n1"])
    let mine = version(["n0": 3, "n2": 2])
    _ = exchange.round(holding: mine, at: at(0))
    exchange.heard(version(["n0": 1]), wantsAnswer: true, from: "n1", holding: mine)
    #expect(exchange.schedule(holding: mine, at: at(20)) == at(100))
    let pushes = exchange.round(holding: mine, at: at(100))
    #expect(
      pushes == [.init(peer: "n1", since: version(["n0": 1]), isRepair: true, wantsAnswer: false)])
    exchange.heard(mine, wantsAnswer: true, from: "n1", holding: mine)
    let answer = exchange.round(holding: mine, at: at(500))
    #expect(
      answer == [.init(peer: "n1", since: mine, isRepair: false, wantsAnswer: false)],
      "who lacks nothing is answered all the same")
  }

  @Test("a peer that comes back with less than it had gets it again")
  func killedPeer() {
    var exchange = exchange(among: ["n0", "n1"])
    let mine = version(["n0": 3])
    _ = exchange.round(holding: mine, at: at(0))
    exchange.heard(mine, wantsAnswer: false, from: "n1", holding: mine)
    exchange.heard(.init(), wantsAnswer: false, from: "n1", holding: mine)
    #expect(exchange.schedule(holding: mine, at: at(1000)) == at(1000))
    #expect(
      exchange.round(holding: mine, at: at(1000))
        == [.init(peer: "n1", since: .init(), isRepair: true, wantsAnswer: true)])
  }

  @Test("a peer out of reach does not slow down the others")
  func noStarvation() {
    var exchange = exchange()
    var mine = version(["n0": 1])
    _ = exchange.round(holding: mine, at: at(0))
    exchange.heard(mine, wantsAnswer: false, from: "n1", holding: mine)
    #expect(exchange.round(holding: mine, at: at(300)).map(\.peer) == ["n2"])
    mine = version(["n0": 2])
    #expect(exchange.schedule(holding: mine, at: at(310)) == at(310))
    #expect(exchange.round(holding: mine, at: at(310)).map(\.peer) == ["n1"])
  }

  @Test("strangers are not listened to")
  func strangers() {
    var exchange = exchange()
    exchange.heard(version(["n1": 1]), wantsAnswer: true, from: "c1", holding: .init())
    #expect(exchange.schedule(holding: .init(), at: at(0)) == nil)
    #expect(exchange.known(of: "c1") == .init())
  }
}
