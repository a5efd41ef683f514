import Glomers
import Support
import Testing
import Workloads

@testable import Nodes
@testable import Replication

private let b = Incarnation(name: "n2.b")
private let mailPeriod = Duration.milliseconds(200)

@Suite struct BroadcastMailTests {
  private func letter(_ values: [JSON], after: Int = 0, version: VersionVector? = nil)
    -> BroadcastNode.Message
  {
    .peer(
      .mail(
        Delta(origin: b, after: after, entries: values),
        version: version ?? .init([b: after + values.count]), .left(.seconds(5))))
  }

  /// A spoke that the hub has told to mail.
  private func spoke() -> Trial<BroadcastNode> {
    var trial = Trial.started("n1")
    _ = scatter(&trial, mailPeriod: mailPeriod)
    return trial
  }

  private func scatter(_ trial: inout Trial<BroadcastNode>, mailPeriod: Duration?) -> [Effect<BroadcastNode>]
  {
    let rhythm = Rhythm.told(trial.now - .zero, mailPeriod: mailPeriod)
    return trial.receive(.peer(.scatter([], .version(.init()), rhythm)), from: "n0", id: nil)
  }

  /// A hub that has scattered once, and knows that a round trip takes 205 ms.
  private func hub(budget: Int) -> (trial: Trial<BroadcastNode>, rhythm: Rhythm?) {
    var trial = Trial(
      BroadcastNode.self, options: ["latency-budget": .duration(.milliseconds(budget))])
    _ = trial.receive(.client(.topology([:])))
    trial.now = trial.now + .milliseconds(205)
    _ = trial.complete(.ping(sent: .zero), .success(.peer(.pong)))
    _ = trial.receive(
      .peer(
        .batch(
          Delta(origin: b, after: 0, entries: [1]), version: .init([b: 1]),
          .left(.zero, roundTrip: .milliseconds(205)))),
      from: "n2", id: nil)
    for case .scatter(_, _, let rhythm, _) in trial.wake(.scatter).gossip.map(\.gossip) {
      return (trial, rhythm)
    }
    return (trial, nil)
  }

  @Test("a hub that can't be in time tells all to mail: the period is what the budget leaves after one hop")
  func decides() {
    #expect(hub(budget: 180).rhythm?.mailPeriod == .microseconds(180_000 - 6000 - 102_500))
    #expect(hub(budget: 210).rhythm?.mailPeriod == nil)
    #expect(hub(budget: 60).rhythm?.mailPeriod == nil, "not even one hop is in time")
  }

  @Test("a hub mails its own values too, gathered for a period")
  func hubMails() {
    var trial = hub(budget: 180).trial
    #expect(
      trial.receive(.client(.broadcast(7))).instant(of: .scatter) == trial.now + .microseconds(71_500))
  }

  @Test("a batch of a spoke that does not know yet that it should mail is scattered at once")
  func lateBatch() {
    var trial = hub(budget: 180).trial
    let batch = BroadcastNode.Message.peer(
      .batch(
        Delta(origin: b, after: 1, entries: [2]), version: .init([b: 2]), .left(.zero)))
    #expect(trial.receive(batch, from: "n2", id: nil).gossip.map(\.to) == ["n1", "n2"])
  }

  @Test("a spoke gathers its values for a period, and mails them to all peers in one message each")
  func mails() {
    var trial = spoke()
    _ = trial.receive(letter([1]), from: "n2", id: nil)
    #expect(trial.receive(.client(.broadcast(7))).instant(of: .batch) == trial.now + mailPeriod)
    #expect(trial.receive(.client(.broadcast(8))).instant(of: .batch) == nil)
    let effects = trial.wake(.batch)
    #expect(effects.gossip.map(\.to) == ["n0", "n2"])
    for (gossip, peer) in effects.gossip {
      guard case .mail(let delta, let said, _) = gossip else {
        Issue.record("\(gossip)")
        continue
      }
      #expect(delta == Delta(origin: trial.stream, after: 0, entries: [7, 8]))
      let version = VersionVector([b: peer == "n0" ? 1 : 0, trial.stream: 2])
      #expect(said == trial.says(version), "all, to the hub alone")
    }
    #expect(trial.wake(.batch).isEmpty)
  }

  @Test("when the hub scatters again, batches go to it alone again")
  func mailsNoMore() {
    var trial = spoke()
    _ = scatter(&trial, mailPeriod: nil)
    _ = trial.receive(.client(.broadcast(7)))
    #expect(trial.wake(.batch).gossip.map(\.to) == ["n0"])
  }

  @Test(
    "what is mailed is not scattered, but confirmed to its sender, and those that do not confirm it are asked"
  )
  func seesThrough() {
    var trial = hub(budget: 180).trial
    let effects = trial.receive(letter([2], after: 1), from: "n2", id: nil)
    #expect(effects.instant(of: .scatter) == nil)
    #expect(effects.instant(of: .delayedAcknowledgement(to: "n2")) == trial.now + .microseconds(71_500))
    #expect(
      trial.wake(.delayedAcknowledgement(to: "n2")).gossip.map(\.gossip)
        == [.sync([], trial.says(.init([b: 2])))])
    #expect(trial.wake(.probe).gossip.map(\.to) == ["n1"])
    _ = trial.sync(.init([b: 2]), from: "n1")
    #expect(trial.wake(.probe).isEmpty)
  }

  @Test("a spoke confirms a letter to the hub, not to its sender, unless it has something to mail itself")
  func confirms() {
    var trial = spoke()
    let effects = trial.receive(letter([1]), from: "n2", id: nil)
    #expect(effects.instant(of: .delayedAcknowledgement(to: "n0")) == trial.now + mailPeriod)
    #expect(trial.wake(.delayedAcknowledgement(to: "n0")).gossip.map(\.to) == ["n0"])
    _ = trial.receive(.client(.broadcast(7)))
    #expect(trial.wake(.batch).contains(.cancel(.delayedAcknowledgement(to: "n0"))))
  }

  @Test("what a letter shows to be missing is asked for, once it could have come by itself")
  func gap() {
    var trial = spoke()
    let effects = trial.receive(letter([2], after: 1), from: "n2", id: nil)
    #expect(effects.instant(of: .round) == trial.now + .milliseconds(600))
    var later = trial
    later.now = trial.now + .milliseconds(600)
    #expect(later.wake(.round).gossip.map(\.gossip) == [.sync([], trial.says(.init(), wantsAnswer: true))])
    _ = trial.receive(letter([1]), from: "n2", id: nil)
    _ = trial.receive(letter([2], after: 1), from: "n2", id: nil)
    trial.now = trial.now + .milliseconds(600)
    #expect(trial.wake(.round).gossip.isEmpty)
  }

  @Test("a hub that does not confirm a letter is suspected, and the next in order sees it through")
  func hubIsLost() {
    var trial = spoke()
    _ = trial.receive(.client(.broadcast(7)))
    let patience = trial.wake(.batch).instant(of: .acknowledgement(hub: "n0", count: 1))
    #expect(patience.map { $0 > trial.now + mailPeriod } == true)
    #expect(trial.wake(.acknowledgement(hub: "n0", count: 1)).instant(of: .scatter) != nil)
    #expect(trial.node.hub == "n1")
  }
}
