import Glomers
import Testing

@Suite struct DurationTests {
  @Test(
    "durations are a number and a unit",
    arguments: [
      ("600ms", Duration.milliseconds(600)), ("2s", .seconds(2)), ("1.5s", .milliseconds(1500)),
      ("250us", .microseconds(250)), ("2m", .seconds(120)), ("0ms", .zero), ("1h", .seconds(3600)),
    ])
  func parses(text: String, duration: Duration) {
    #expect(Duration(parsing: text) == duration)
  }

  @Test(
    "anything else is not a duration",
    arguments: ["", "600", "ms", "-1s", "1e3s", "1 s", "1.2.3s", "nans", "infs", "1d", "90000s", "٣s"])
  func refuses(text: String) {
    #expect(Duration(parsing: text) == nil)
  }

  @Test("nanoseconds are clamped, not trapped on")
  func clamps() {
    #expect(Duration.seconds(Int64.max).nanoseconds == .max)
    #expect(Duration.seconds(Int64.min).nanoseconds == .min)
    #expect(Duration.milliseconds(3).nanoseconds == 3_000_000)
    for count in [0, 1, -1, 999_999_999, -3_000_000_001, .max, .max - 1, .min, .min + 1] as [Int64] {
      #expect(Duration.nanoseconds(count).nanoseconds == count)
    }
    #expect(Duration(secondsComponent: 2, attosecondsComponent: 1_999_999_999).nanoseconds == 2_000_000_001)
    #expect(
      Duration(secondsComponent: -2, attosecondsComponent: -1_999_999_999).nanoseconds == -2_000_000_001)
  }

  @Test("an instant that 64 bits can't hold is the nearest that they can")
  func clampsInstants() {
    let last = Instant(nanoseconds: .max)
    #expect(last + .seconds(1) == last)
    #expect(last - .nanoseconds(1) < last)
    #expect(Instant(nanoseconds: .min) - .seconds(1) == Instant(nanoseconds: .min))
  }

  @Test(
    "a duration's text is what it is parsed from",
    arguments: ["600ms", "2s", "1500ms", "250us", "2m", "0s", "1h", "24h", "90s"])
  func text(_ text: String) {
    #expect(Duration(parsing: text)?.text == text)
  }
}

@Suite struct OptionTests {
  private let limit = Option("limit", .integer(3, in: 1...9), "How many.")
  private let store = Option("store", .choice("seq-kv", of: ["seq-kv", "lin-kv"]), "Where.")

  @Test("an option takes what fits its kind and bounds")
  func takes() {
    #expect(limit.value(parsing: "9") == .integer(9, in: 1...9))
    #expect(limit.value(parsing: "10") == nil)
    #expect(limit.value(parsing: "three") == nil)
    #expect(store.value(parsing: "lin-kv") == .choice("lin-kv", of: ["seq-kv", "lin-kv"]))
    #expect(store.value(parsing: "sql") == nil)
  }

  private let period = Option(
    "period", .duration(.seconds(1), in: .milliseconds(1) ... .seconds(3600)), "How often.")
  private let patience = Option("patience", .limit(nil, in: .seconds(5) ... .seconds(60)), "How long.")

  @Test("a duration is taken within its range, and the range is told")
  func ranges() {
    #expect(
      period.value(parsing: "1ms").map { Cluster.with($0, period).duration(period) } == .milliseconds(1))
    for text in ["0s", "999us", "61m", "never"] { #expect(period.value(parsing: text) == nil) }
    #expect(period.placeholder == "DURATION (1ms to 1h, like 600ms or 2s)")
  }

  @Test("a limit is a duration within its range, or never")
  func limits() {
    #expect(patience.value(parsing: "30s").map { Cluster.with($0, patience).limit(patience) } == .seconds(30))
    #expect(patience.value(parsing: "never").map { Cluster.with($0, patience).limit(patience) } == .some(nil))
    for text in ["0s", "61s", "none", ""] { #expect(patience.value(parsing: text) == nil) }
    #expect(patience.placeholder == "DURATION (5s to 1m, like 30s or 2m) or never")
  }

  @Test("a cluster has a value for every option: what was given, or else the fallback")
  func cluster() {
    let cluster = Cluster(me: "n0", nodes: ["n0"], options: ["limit": .integer(5, in: 1...9)])
    #expect(cluster.integer(limit) == 5)
    #expect(cluster.choice(store) == "seq-kv")
  }
}

extension Cluster {
  fileprivate static func with(_ value: Option.Value, _ option: Option) -> Cluster {
    Cluster(me: "n0", nodes: ["n0"], options: [option.name: value])
  }
}

@Suite struct RandomTests {
  /// The first outputs for seed 1234567 in the reference implementation of SplitMix64.
  @Test("draws what SplitMix64's reference implementation draws")
  func reference() {
    var random = Random(seed: 1_234_567)
    #expect(
      (0..<5).map { _ in random.next() } == [
        6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
        4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
      ])
  }
}

@Suite struct RPCErrorTests {
  @Test("Maelstrom's definite codes are definite, and no others")
  func definite() {
    let definite = (0...2000).filter { RPCError(code: $0, text: "").isDefinite }
    // 40 is that of pull request 101, for changes of membership.
    #expect(definite == [1, 10, 11, 12, 14, 20, 21, 22, 30, 40])
  }
}
