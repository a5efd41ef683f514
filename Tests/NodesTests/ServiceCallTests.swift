import Glomers
import Nodes
import Support
import Testing
import Wire

@Suite("Requests that are passed on to a service")
struct ServiceCallTests {
  private typealias Node = LinKVSingleNode

  private static let patience = Retry.giveUp(after: .seconds(5))
  private let write = KV.write(key: 1, value: 2)

  // MARK: The node that passes on

  @Test("a node asks for a session before it passes on anything")
  func binds() throws {
    var trial = Trial(Node.self, me: "n2")
    let life = try #require(Self.life(&trial))
    let bind = Node.Call.bind(write, trial.request())
    #expect(
      trial.receive(.client(write)) == [.call("n0", .bind(life: life), then: bind, Self.patience)])
    #expect(
      trial.complete(bind, .success(.bound(life: life, session: 7)))
        == [passedOn(write, ServiceCall(session: 7, number: 1), trial.request())])
    #expect(
      trial.receive(.client(.read(key: 1)))
        == [passedOn(.read(key: 1), ServiceCall(session: 7, number: 2), trial.request())])
  }

  @Test("without a session a request has not happened, and its client is told so")
  func unbound() throws {
    var trial = Trial(Node.self, me: "n2")
    let life = try #require(Self.life(&trial))
    let bind = Node.Call.bind(write, trial.request())
    for outcome: Outcome<ServiceMessage> in [
      .failure(.timeout("late")), .failure(.crash("full")), .success(.bound(life: life + 1, session: 7)),
    ] {
      guard case .fail(let error, trial.request())? = trial.complete(bind, outcome).first else {
        Issue.record("no error after \(outcome)")
        continue
      }
      #expect(error.isDefinite)
      #expect(Self.life(&trial) == life)
    }
  }

  @Test("an answer that names the call is passed back as it is")
  func answered() {
    let (_, passed, call) = Self.passing(write)
    for outcome: Outcome<KV> in [.success(.writeOk), .failure(.preconditionFailed("other"))] {
      var trial = passed
      let effects = trial.complete(
        .passedOn(call, trial.request()), .success(.carriedOut(outcome, call)))
      switch outcome {
      case .success(let answer): #expect(effects == [.reply(.client(answer), to: trial.request())])
      case .failure(let error): #expect(effects == [.fail(error, to: trial.request())])
      }
    }
  }

  @Test("whatever else comes says nothing of how the call went: its client is told that nobody knows")
  func indefinite() {
    let (_, passed, call) = Self.passing(write)
    let earlier = ServiceCall(session: call.session - 1, number: call.number)
    for outcome: Outcome<ServiceMessage> in [
      .failure(.timeout("late")), .failure(.temporarilyUnavailable("another copy could not be stored")),
      .failure(.preconditionFailed("an answer to an earlier life")),
      .success(.carriedOut(.success(.writeOk), earlier)),
      .success(.carriedOut(.failure(.preconditionFailed("earlier")), earlier)), .success(.closed(call)),
    ] {
      var trial = passed
      guard case .fail(let error, _)? = trial.complete(.passedOn(call, trial.request()), outcome).first else {
        Issue.record("no error after \(outcome)")
        continue
      }
      #expect(!error.isDefinite)
    }
  }

  @Test("a closed session is not used again, and numbers go on in the next one")
  func closed() {
    var (life, trial, call) = Self.passing(write)
    _ = trial.complete(.passedOn(call, trial.request()), .success(.closed(call)))
    #expect(Self.life(&trial) == life)
    let bind = Node.Call.bind(write, trial.request())
    let effects = trial.complete(bind, .success(.bound(life: life, session: 9)))
    call = ServiceCall(session: 9, number: 2)
    #expect(effects == [passedOn(write, call, trial.request())])
  }

  // MARK: The node that carries out

  @Test("a call is carried out once, however many copies of it come, in whatever order", arguments: 1...20)
  func once(seed: UInt64) throws {
    var random = Random(seed: seed)
    var trial = Trial(Node.self, seed: seed)
    let session = try #require(Self.session(&trial, from: "n1", life: 1))
    var copies = (1...300).flatMap { Array(repeating: $0, count: Int.random(in: 1...4, using: &random)) }
    copies.shuffle(using: &random)
    var seen: Set<Int> = []
    for number in copies {
      let write = KV.write(key: .integer(number), value: 1)
      let call = ServiceCall(session: session, number: number)
      let effects = trial.receive(.passOn(write, call), from: "n1")
      let answer = ServiceMessage.carriedOut(.success(.writeOk), call)
      #expect(
        effects
          == (seen.insert(number).inserted
            ? [.persist(write), .reply(answer, to: trial.request(from: "n1"))] : []))
    }
    #expect(seen.count == 300)
  }

  @Test("a call that thousands have overtaken is not carried out any more")
  func overtaken() throws {
    var trial = Trial(Node.self)
    let session = try #require(Self.session(&trial, from: "n1", life: 1))
    let carriedOut = { (number: Int) in
      !trial.receive(.passOn(.read(key: 1), ServiceCall(session: session, number: number)), from: "n1")
        .isEmpty
    }
    #expect(carriedOut(3000))
    #expect(!carriedOut(0) && !carriedOut(-5) && !carriedOut(1) && !carriedOut(1975))
    #expect(carriedOut(1976) && carriedOut(2999))
    #expect(!carriedOut(1976) && !carriedOut(2999) && !carriedOut(3000))
    #expect(carriedOut(.max) && !carriedOut(.max))
    #expect(carriedOut(.max - 1024) && !carriedOut(2998))
  }

  @Test("a session ends with the life of either end, and no copy of its calls is carried out then")
  func ends() throws {
    var trial = Trial(Node.self)
    let first = try #require(Self.session(&trial, from: "n1", life: 1))
    let other = try #require(Self.session(&trial, from: "n2", life: 1))
    #expect(Self.session(&trial, from: "n1", life: 1) == first)
    let second = try #require(Self.session(&trial, from: "n1", life: 2))
    // A copy of the earlier life's request for a session: the later life has to ask again.
    let third = try #require(Self.session(&trial, from: "n1", life: 1))
    #expect(Set([first, other, second, third]).count == 4)
    for (session, source) in [(first, "n1"), (second, "n1"), (other, "n1"), (third, "n2")] as [(Int, NodeID)]
    {
      let call = ServiceCall(session: session, number: 1)
      #expect(
        trial.receive(.passOn(write, call), from: source)
          == [.reply(.closed(call), to: trial.request(from: source))])
    }
    let call = ServiceCall(session: other, number: 1)
    #expect(trial.receive(.passOn(write, call), from: "n2").first == .persist(write))
    var next = Trial(Node.self, recovering: trial.node.checkpoint!, seed: 2)
    #expect(
      next.receive(.passOn(write, call), from: "n2")
        == [.reply(.closed(call), to: next.request(from: "n2"))])
  }

  @Test("only the first node carries out, and only for nodes of the cluster")
  func refused() {
    let call = ServiceCall(session: 1, number: 1)
    var first = Trial(Node.self, me: "n0")
    var other = Trial(Node.self, me: "n1")
    let refusals = [
      first.receive(.bind(life: 1), from: "c1"), other.receive(.bind(life: 1), from: "n2"),
      other.receive(.passOn(write, call), from: "n2"), first.receive(.closed(call), from: "n1"),
      first.receive(.bound(life: 1, session: 1), from: "n1"),
      first.receive(.carriedOut(.success(.casOk), call), from: "n1"),
    ]
    for effects in refusals {
      guard effects.count == 1, case .fail(let error, _)? = effects.first else {
        Issue.record("\(effects)")
        continue
      }
      #expect(error.code == 10)
    }
  }

  // MARK: The wire

  @Test("messages are read as they were written")
  func coding() throws {
    let call = ServiceCall(session: (1 << 53) - 1, number: 3)
    let swap = KV.cas(key: "a", from: [1, .null], to: ["b": 2], createIfNotExists: true)
    for message: ServiceMessage in [
      .client(swap), .client(.ts), .bind(life: 5), .bound(life: 5, session: 6), .passOn(swap, call),
      .passOn(.ts, call), .carriedOut(.success(.readOk(value: ["x": [1]])), call),
      .carriedOut(.failure(.preconditionFailed("\"1\" is not 2")), call), .closed(call),
    ] {
      #expect(try Self.read(Self.text(of: message)) == message)
    }
    #expect(
      String(decoding: Self.text(of: .passOn(.read(key: 1), call)), as: UTF8.self)
        == #"{"type":"pass_on","request":{"type":"read","key":1},"session":9007199254740991,"number":3}"#)
  }

  @Test(
    "what is not such a message is refused",
    arguments: [
      #"{"type":"bind"}"#, #"{"type":"bound","life":1}"#, #"{"type":"closed","session":1}"#,
      #"{"type":"pass_on","session":1,"number":1}"#,
      #"{"type":"pass_on","request":[],"session":1,"number":1}"#,
      #"{"type":"pass_on","request":{"type":"bind","life":1},"session":1,"number":1}"#,
      #"{"type":"carried_out","session":1,"number":1}"#,
      #"{"type":"carried_out","code":22,"session":1,"number":1}"#,
      #"{"type":"dance"}"#,
    ])
  func malformed(text: String) {
    #expect(throws: WireError.self) { try Self.read(Array(text.utf8)) }
  }

  private static func text(of message: ServiceMessage) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    message.write(to: &writer)
    writer.endObject()
    return writer.bytes
  }

  private static func read(_ text: [UInt8]) throws(WireError) -> ServiceMessage {
    let document = JSONDocument()
    let body = try document.parse(text)
    return try ServiceMessage(type: body.string("type"), body: body)
  }

  // MARK: Parts

  private func passedOn(_ query: KV, _ call: ServiceCall, _ request: Request) -> Effect<Node> {
    .call("n0", .passOn(query, call), then: .passedOn(call, request), Self.patience)
  }

  /// The life that a node without a session names as its own.
  private static func life(_ trial: inout Trial<Node>) -> Int? {
    guard case .call("n0", .bind(let life), _, _)? = trial.receive(.client(.read(key: 0))).first else {
      return nil
    }
    return life
  }

  /// A node that has passed on one request.
  private static func passing(_ query: KV) -> (life: Int, Trial<Node>, ServiceCall) {
    var trial = Trial(Node.self, me: "n2")
    let life = life(&trial)!
    _ = trial.complete(.bind(query, trial.request()), .success(.bound(life: life, session: 7)))
    return (life, trial, ServiceCall(session: 7, number: 1))
  }

  /// What the first node answers one that asks for a session.
  private static func session(_ trial: inout Trial<Node>, from source: NodeID, life: Int) -> Int? {
    guard
      case .reply(.bound(life, let session), _)? = trial.receive(.bind(life: life), from: source).first
    else { return nil }
    return session
  }
}
