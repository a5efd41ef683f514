import Glomers
import Testing

@Suite struct HandshakeTests {
  @Test("init is answered with init_ok")
  func initialize() {
    var stage = Stage()
    #expect(stage.receive(.initialize(me: "n0", nodes: ["n0", "n1"])) == [answer(.initializeOk)])
  }

  @Test("before init a request fails with 11, which is definite, and the node starts all the same")
  func tooEarly() {
    var stage = Stage()
    #expect(code(stage.receive(.message(.ping))) == 11)
    #expect(stage.receive(.initialize(me: "n0", nodes: ["n0"])) == [answer(.initializeOk)])
    #expect(stage.receive(.message(.ping)) == [answer(.message(.pong))])
  }

  @Test("the same init again is answered again; another one is refused and changes nothing")
  func initializedTwice() {
    var stage = Stage.initialized()
    #expect(
      stage.receive(.initialize(me: "n0", nodes: ["n0", "n1", "n2"])) == [answer(.initializeOk)])
    #expect(code(stage.receive(.initialize(me: "n1", nodes: ["n0", "n1", "n2"]))) == 22)
    #expect(stage.receive(.message(.ping)) == [answer(.message(.pong))])
  }

  @Test(
    "init must name each node once, this one among them",
    arguments: [[NodeID]](["n1"].map { [$0] } + [[], ["n0", "n1", "n1"]]))
  func badNodes(nodes: [NodeID]) {
    var stage = Stage()
    #expect(code(stage.receive(.initialize(me: "n0", nodes: nodes))) == 12)
    #expect(stage.receive(.initialize(me: "n0", nodes: ["n0"])) == [answer(.initializeOk)])
  }

  @Test("a message to somebody else fails with 1")
  func misdirected() {
    var stage = Stage.initialized()
    #expect(code(stage.receive(.message(.ping), to: "n5")) == 1)
  }

  @Test("an answer without in_reply_to is noted and nothing else")
  func strayAnswer() {
    var stage = Stage.initialized()
    for body in [Letter.Body.initializeOk, .service(.writeOk), .error(.abort("no"))] {
      let outputs = stage.receive(body)
      #expect(outputs.count == 1)
      guard case .log? = outputs.first else {
        Issue.record("\(outputs)")
        return
      }
    }
  }
}

@Suite struct CallTests {
  @Test("an answer goes to the call that asked for it, once")
  func answered() {
    var stage = Stage.initialized()
    let sent = stage.receive(.message(.forward(.giveUp(after: .seconds(1)))), id: 3)
    #expect(sent == [.send(Letter(from: "n0", to: "n1", id: 1, .message(.ping)))])
    #expect(
      stage.receive(.message(.pong), from: "n1", id: nil, inReplyTo: 1) == [answer(.message(.pong), id: 3)])
    #expect(stage.receive(.message(.pong), from: "n1", id: nil, inReplyTo: 1).isEmpty)
    #expect(stage.host.deadline == nil)
  }

  @Test("an answer from anybody else than who was asked is not an answer")
  func impostor() {
    var stage = Stage.initialized()
    _ = stage.receive(.message(.forward(.giveUp(after: .seconds(1)))))
    #expect(stage.receive(.message(.pong), from: "n2", id: nil, inReplyTo: 1).isEmpty)
    #expect(stage.receive(.message(.pong), from: "n1", id: nil, inReplyTo: 1).count == 1)
  }

  @Test("a call that gives up fails with a timeout at its deadline, and a late answer is ignored")
  func givesUp() {
    var stage = Stage.initialized()
    _ = stage.receive(.message(.forward(.giveUp(after: .seconds(1)))))
    #expect(stage.host.deadline == Instant.zero + .seconds(1))
    #expect(stage.pass(.milliseconds(999)).isEmpty)
    #expect(code(stage.pass(.milliseconds(1))) == 0)
    #expect(stage.receive(.message(.pong), from: "n1", id: nil, inReplyTo: 1).isEmpty)
  }

  @Test("an answer to what an earlier life asked is not taken for one to this life's question")
  func earlierLife() {
    var stage = Stage.initialized(lastCallID: 1000)
    _ = stage.receive(.message(.forward(.giveUp(after: .seconds(1)))))
    #expect(stage.receive(.message(.pong), from: "n1", id: nil, inReplyTo: 1).isEmpty)
    #expect(stage.receive(.message(.pong), from: "n1", id: nil, inReplyTo: 1001) == [answer(.message(.pong))])
  }

  @Test("a retried call keeps its message id, so that an answer to any of its sendings settles it")
  func retries() {
    var stage = Stage.initialized()
    _ = stage.receive(.message(.forward(.untilAnswered(every: .milliseconds(100)))))
    for _ in 0..<3 {
      #expect(
        stage.pass(.milliseconds(100)) == [.send(Letter(from: "n0", to: "n1", id: 1, .message(.ping)))])
    }
    #expect(stage.receive(.message(.pong), from: "n1", id: nil, inReplyTo: 1).count == 1)
    #expect(stage.pass(.seconds(10)).isEmpty)
  }

  @Test("an error is an answer")
  func errorAnswers() {
    var stage = Stage.initialized()
    _ = stage.receive(.message(.forward(.untilAnswered(every: .milliseconds(100)))))
    #expect(code(stage.receive(.error(.abort("no")), from: "n1", id: nil, inReplyTo: 1)) == 14)
    #expect(stage.host.deadline == nil)
  }

  @Test("a service's answer settles an ask")
  func ask() {
    var stage = Stage.initialized()
    #expect(
      stage.receive(.message(.lookUp), id: 5)
        == [.send(Letter(from: "n0", to: "lin-kv", id: 1, .service(.read(key: 1))))])
    #expect(stage.host.isAsk(1))
    #expect(!stage.host.isAsk(2))
    #expect(
      stage.receive(.service(.readOk(value: 4)), from: "lin-kv", id: nil, inReplyTo: 1)
        == [answer(.message(.pong), id: 5)])
    #expect(!stage.host.isAsk(1))
  }

  @Test("an answer that a client could no longer get in five seconds stays; a peer gets it all the same")
  func lateAnswers() {
    let cases: [(NodeID, Duration, Bool)] = [
      ("c1", .milliseconds(4499), true), ("c1", .milliseconds(4500), false), ("n2", .seconds(5), true),
    ]
    for (asker, delay, isAnswered) in cases {
      var stage = Stage.initialized()
      _ = stage.receive(.message(.forward(.giveUp(after: .seconds(60)))), from: asker)
      _ = stage.pass(delay)
      let outputs = stage.receive(.message(.pong), from: "n1", id: nil, inReplyTo: 1)
      #expect((outputs == [answer(.message(.pong), to: asker)]) == isAnswered)
      #expect(outputs.count == 1)
    }
  }

  @Test("what has no message id gets no answer")
  func oneWay() {
    var stage = Stage.initialized()
    #expect(stage.receive(.message(.ping), id: nil).isEmpty)
  }
}

@Suite struct TimerTests {
  @Test("a timer wakes the node once, at its instant")
  func wakes() {
    var stage = Stage.initialized()
    _ = stage.receive(.message(.alarm(.seconds(2))))
    #expect(stage.host.deadline == Instant.zero + .seconds(2))
    #expect(stage.pass(.seconds(1)).isEmpty)
    #expect(stage.pass(.seconds(1)) == [.send(Letter(from: "n0", to: "n2", .message(.nothing)))])
    #expect(stage.pass(.seconds(100)).isEmpty)
  }

  @Test("setting a timer again moves it")
  func moves() {
    var stage = Stage.initialized()
    _ = stage.receive(.message(.alarm(.seconds(2))))
    _ = stage.receive(.message(.alarm(.seconds(4))))
    #expect(stage.host.deadline == Instant.zero + .seconds(4))
    #expect(stage.pass(.seconds(3)).isEmpty)
    #expect(stage.pass(.seconds(1)).count == 1)
  }

  @Test("a cancelled timer does not fire")
  func cancels() {
    var stage = Stage.initialized()
    _ = stage.receive(.message(.alarm(.seconds(2))))
    _ = stage.receive(.message(.calm))
    #expect(stage.host.deadline == nil)
    #expect(stage.pass(.seconds(3)).isEmpty)
  }

  @Test(
    "an instant before the last one counts as the last one: time stands still until the driver's clock is there again"
  )
  func clockRunsBack() {
    var stage = Stage.initialized()
    _ = stage.pass(.seconds(10))
    _ = stage.receive(.message(.alarm(.seconds(2))))
    stage.now = .zero + .seconds(3)
    #expect(stage.pass(.zero).isEmpty)
    #expect(stage.host.deadline == .zero + .seconds(12))
    #expect(stage.pass(.milliseconds(8999)).isEmpty)
    #expect(stage.pass(.milliseconds(1)).count == 1)
  }
}

@Suite("After a stop") struct StopTests {
  /// A host that was stopped for a while from now on.
  private func stopped(for stop: Duration) -> Stage {
    var stage = Stage.initialized()
    stage.resume(after: stop)
    return stage
  }

  @Test("what a client sent that may have given up is not carried out, and not answered, until all is read")
  func outdated() {
    var stage = stopped(for: .seconds(10))
    #expect(stage.receive(.message(.remember(1)), id: 1).isEmpty)
    #expect(
      stage.receive(.service(.readOk(value: 1)), id: 2).allSatisfy {
        if case .log = $0 { true } else { false }
      })
    stage.host.reject(.notSupported("what?"), from: "c3", to: "n0", id: 4, isReply: false, at: stage.now)
    #expect(stage.drain().isEmpty)
    stage.host.caughtUp()
    let outputs = stage.drain()
    guard case .log(let line)? = outputs.first, outputs.count == 1 else {
      Issue.record("\(outputs)")
      return
    }
    #expect(line.hasPrefix("left 2 requests"))
    #expect(stage.receive(.message(.ping), id: 5) == [answer(.message(.pong), id: 5)])
  }

  @Test("what peers sent is taken as always, and so are their answers")
  func peers() {
    var stage = Stage.initialized()
    _ = stage.receive(.message(.forward(.untilAnswered(every: .seconds(60)))), from: "n2", id: 3)
    stage.resume(after: .seconds(10))
    #expect(stage.receive(.message(.ping), from: "n1", id: 8) == [answer(.message(.pong), to: "n1", id: 8)])
    #expect(
      stage.receive(.message(.pong), from: "n1", id: nil, inReplyTo: 1)
        == [answer(.message(.pong), to: "n2", id: 3)])
  }

  @Test(
    "after a short stop clients are answered, for as long as they wait: counted from the stop's beginning")
  func short() {
    var stage = stopped(for: .seconds(3))
    #expect(stage.receive(.message(.ping), id: 1) == [answer(.message(.pong), id: 1)])
    for (delay, isAnswered) in [(Duration.milliseconds(1499), true), (.milliseconds(1500), false)] {
      var stage = stopped(for: .seconds(3))
      _ = stage.receive(.message(.forward(.giveUp(after: .seconds(60)))))
      stage.host.caughtUp()
      _ = stage.pass(delay)
      let outputs = stage.receive(.message(.pong), from: "n1", id: nil, inReplyTo: 1)
      #expect((outputs == [answer(.message(.pong))]) == isAnswered)
    }
  }

  @Test("of two stops in one backlog the first counts")
  func twice() {
    var stage = stopped(for: .seconds(3))
    stage.resume(after: .seconds(2))
    #expect(stage.receive(.message(.ping)).isEmpty)
  }

  @Test(
    "no alarm goes off before all is read; then the earliest does, and the others as long after it as before")
  func alarms() {
    var stage = Stage.initialized()
    _ = stage.receive(.message(.alarm(.seconds(2))))
    _ = stage.receive(.message(.forward(.giveUp(after: .seconds(3)))), from: "n2")
    _ = stage.pass(.seconds(1))
    stage.resume(after: .seconds(10))
    #expect(stage.host.deadline == nil)
    #expect(stage.pass(.milliseconds(10)).isEmpty)
    stage.host.caughtUp()
    #expect(stage.pass(.zero) == [.send(Letter(from: "n0", to: "n2", .message(.nothing)))])
    #expect(stage.host.deadline == .zero + .seconds(12))
  }

  @Test("a stop in which nothing was due changes no alarm")
  func alarmsToCome() {
    var stage = Stage.initialized()
    _ = stage.receive(.message(.alarm(.seconds(20))))
    stage.resume(after: .seconds(10))
    stage.host.caughtUp()
    #expect(stage.host.deadline == .zero + .seconds(20))
  }

  @Test("a node is initialized whenever it hears of it, and says so to a client that waits ten seconds")
  func initialization() {
    for (stop, isAnswered) in [(Duration.seconds(8), true), (.seconds(10), false)] {
      var stage = Stage()
      stage.resume(after: stop)
      let outputs = stage.receive(.initialize(me: "n0", nodes: ["n0"]))
      #expect((outputs == [answer(.initializeOk)]) == isAnswered)
      #expect(stage.host.me == "n0")
    }
  }
}

@Suite struct PersistenceTests {
  @Test("log before answer: the answer waits until the record is stored")
  func logBeforeAnswer() {
    var stage = Stage.initialized()
    #expect(stage.receive(.message(.remember(5))) == [.store(5)])
    #expect(stage.drain().isEmpty)
    stage.host.stored(at: stage.now)
    #expect(stage.drain() == [answer(.message(.pong))])
  }

  @Test("later effects do not overtake held ones, for they may rest on the same record")
  func laterEffectsWait() {
    var stage = Stage.initialized()
    _ = stage.receive(.message(.remember(5)), id: 1)
    #expect(stage.receive(.message(.ping), id: 2).isEmpty)
    #expect(stage.receive(.message(.remember(6)), id: 3) == [.store(6)])
    stage.host.stored(at: stage.now)
    #expect(stage.drain() == [1, 2, 3].map { answer(.message(.pong), id: $0) })
  }

  @Test("an answer whose record is stored when its client may have given up is left out; one in time is not")
  func storedLate() {
    for (delay, isAnswered) in [(Duration.milliseconds(4499), true), (.milliseconds(4500), false)] {
      var stage = Stage.initialized()
      #expect(stage.receive(.message(.remember(5))) == [.store(5)])
      stage.host.stored(at: stage.now + delay)
      #expect(stage.drain().contains(answer(.message(.pong))) == isAnswered)
    }
  }

  @Test("nor is anybody told that storing fails who may have given up")
  func failedLate() {
    var stage = Stage.initialized()
    _ = stage.receive(.message(.remember(5)), id: 1)
    stage.host.storingFailed(at: stage.now + .seconds(5))
    #expect(stage.drain().allSatisfy { if case .log = $0 { true } else { false } })
  }

  @Test("a node gets back the records of its earlier life")
  func recovers() {
    var stage = Stage(recovering: [1, 2])
    let outputs = stage.receive(.initialize(me: "n0", nodes: ["n0"]))
    #expect(outputs == [answer(.initializeOk), .store(1001), .store(1002)])
  }

  @Test("while storing fails, what waited too long is told that nobody knows; the rest waits on")
  func storingFails() {
    var stage = Stage.initialized()
    #expect(stage.receive(.message(.remember(5)), id: 1) == [.store(5)])
    stage.now = stage.now + .milliseconds(600)
    #expect(stage.receive(.message(.remember(6)), id: 2) == [.store(6)])
    #expect(stage.receive(.message(.alarm(.seconds(9))), id: nil).isEmpty)
    stage.now = stage.now + .milliseconds(400)
    stage.host.storingFailed(at: stage.now)
    let outputs = stage.drain()
    #expect(outputs.count == 1)
    #expect(code(outputs) == 13)
    #expect(stage.host.deadline == nil)
    stage.host.stored(at: stage.now)
    #expect(stage.drain() == [answer(.message(.pong), id: 2)])
    #expect(stage.host.deadline != nil)
  }

  @Test("while storing fails, requests are refused with 11 and don't reach the node; then they do again")
  func refusedWhileStoringFails() {
    var stage = Stage.initialized()
    _ = stage.receive(.message(.remember(5)), id: 1)
    stage.host.storingFailed(at: stage.now)
    #expect(stage.drain().isEmpty)
    #expect(code(stage.receive(.message(.remember(6)), id: 2)) == 11)
    #expect(stage.receive(.message(.remember(7)), id: nil).isEmpty)
    stage.host.stored(at: stage.now)
    #expect(stage.drain() == [answer(.message(.pong), id: 1)])
    #expect(stage.receive(.message(.ping), id: 3) == [answer(.message(.pong), id: 3)])
  }

  @Test("while storing fails, those who only read are told what is stored, at once, and not what waits to be")
  func readWhileStoringFails() {
    var stage = Stage.initialized()
    _ = stage.receive(.message(.remember(5)), id: 1)
    for _ in 0..<2 { stage.host.storingFailed(at: stage.now) { [2, 3] } }
    #expect(stage.drain().isEmpty)
    #expect(stage.receive(.message(.recall), id: 2) == [answer(.message(.remember(5)), id: 2)])
    #expect(stage.receive(.message(.recall), id: nil).isEmpty)
    #expect(code(stage.receive(.message(.ping), id: 3)) == 11)
    #expect(code(stage.receive(.message(.recall), to: "n1", id: 4)) == 1)
    stage.host.stored(at: stage.now)
    #expect(stage.drain() == [answer(.message(.pong), id: 1)])
    #expect(stage.receive(.message(.remember(6)), id: 5) == [.store(6)])
    stage.host.storingFailed(at: stage.now) { nil }
    #expect(code(stage.receive(.message(.recall), id: 6)) == 11, "what is stored can't be read")
  }

  @Test("without patience everything that waits is told at once: the process ends")
  func storingFailsAtTheEnd() {
    var stage = Stage.initialized()
    _ = stage.receive(.message(.remember(5)), id: 1)
    stage.host.storingFailed(at: stage.now, patience: .zero)
    #expect(code(stage.drain()) == 13)
  }
}

@Suite struct RejectionTests {
  @Test("a sender that can be answered is told")
  func told() {
    var stage = Stage.initialized()
    stage.host.reject(.notSupported("what?"), from: "c3", to: "n0", id: 4, isReply: false, at: .zero)
    #expect(stage.drain() == [answer(.error(.notSupported("what?")), to: "c3", id: 4)])
  }

  @Test("errors are never answered with errors, nor is nobody, nor this node itself")
  func notTold() {
    var stage = Stage.initialized()
    stage.host.reject(.malformedRequest("x"), from: "c3", to: "n0", id: 4, isReply: true, at: .zero)
    stage.host.reject(.malformedRequest("x"), from: nil, to: nil, id: nil, isReply: false, at: .zero)
    stage.host.reject(.malformedRequest("x"), from: "n0", to: "n0", id: 4, isReply: false, at: .zero)
    let outputs = stage.drain()
    #expect(outputs.count == 3)
    for output in outputs {
      guard case .log = output else {
        Issue.record("\(output)")
        return
      }
    }
  }
}
