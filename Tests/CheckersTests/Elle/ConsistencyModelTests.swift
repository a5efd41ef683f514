import Testing

@testable import Lab
@testable import Checkers

@Suite("Consistency models")
struct ConsistencyModelTests {
  @Test("each model of the ladder excludes all that a weaker one does")
  func ladder() {
    let ladder = [
      "read-uncommitted", "read-committed", "monotonic-atomic-view", "read-atomic", "causal-cerone", "prefix",
      "snapshot-isolation", "serializable", "strong-session-serializable", "strict-serializable",
    ]
    for (weaker, stronger) in zip(ladder, ladder.dropFirst()) {
      #expect(
        ConsistencyModel.prohibited(by: [weaker]).isSubset(of: ConsistencyModel.prohibited(by: [stronger])),
        "\(weaker), \(stronger)")
    }
  }

  @Test("what each level of Adya's excludes")
  func proscribed() {
    func excludes(_ model: String, _ anomaly: String) -> Bool {
      ConsistencyModel.prohibited(by: [model]).contains(anomaly)
    }
    #expect(excludes("read-uncommitted", "G0") && !excludes("read-uncommitted", "G1a"))
    #expect(!excludes("read-uncommitted", "G1c"))
    for anomaly in ["G0", "G1a", "G1b", "G1c", "dirty-update", "incompatible-order", "duplicate-elements"] {
      #expect(excludes("read-committed", anomaly), "\(anomaly)")
    }
    #expect(!excludes("read-committed", "G-single-item") && !excludes("read-committed", "internal"))
    #expect(excludes("cursor-stability", "lost-update") && !excludes("cursor-stability", "G-single-item"))
    #expect(
      excludes("snapshot-isolation", "G-nonadjacent-item") && !excludes("snapshot-isolation", "G2-item"))
    #expect(excludes("repeatable-read", "G2-item") && !excludes("repeatable-read", "G2"))
    #expect(excludes("serializable", "G2") && !excludes("serializable", "G-single-item-process"))
    #expect(excludes("strong-session-serializable", "G2-item-process"))
    #expect(!excludes("strong-session-serializable", "G0-realtime"))
    #expect(
      excludes("strict-serializable", "G0-process") && excludes("strict-serializable", "G2-item-realtime"))
  }

  @Test("an anomaly rules out the weakest models that exclude it, and all stronger ones")
  func boundary() {
    let dirty = ConsistencyModel.boundary(["G0"])
    #expect(dirty.not == ["read-uncommitted"])
    #expect(dirty.alsoNot.contains("serializable") && dirty.alsoNot.contains("strict-serializable"))
    #expect(ConsistencyModel.boundary(["G1a"]).not == ["read-committed"])
    let skew = ConsistencyModel.boundary(["G2-item"])
    #expect(skew.not == ["repeatable-read"] && skew.alsoNot.contains("serializable"))
    #expect(!skew.alsoNot.contains("snapshot-isolation"))
    #expect(ConsistencyModel.boundary(["G2-item-realtime"]).not == ["strict-serializable"])
    let lost = ConsistencyModel.boundary(["lost-update"])
    #expect(lost.not.contains("cursor-stability") && lost.not.contains("update-atomic"))
    let none = ConsistencyModel.boundary([String]())
    #expect(none.not.isEmpty && none.alsoNot.isEmpty)
  }

  @Test("what can be demanded beside a model is excluded by the models that promise it, and by no weaker one")
  func demands() {
    let promises = [
      "fractured-read": ["monotonic-atomic-view", "read-atomic", "repeatable-read", "snapshot-isolation"],
      "forgotten-write": [
        "read-your-writes", "strong-session-serializable", "strict-serializable", "causal",
      ],
      "diverged-replicas": ["convergence"],
    ]
    for (anomaly, promising) in promises {
      for model in ["read-uncommitted", "read-committed", "cursor-stability"] + promising {
        #expect(
          ConsistencyModel.prohibited(by: [model]).contains(anomaly) == promising.contains(model), "\(model)")
      }
    }
    // Convergence is no model that Maelstrom knows.
    #expect(ConsistencyModel.unknown(among: ConsistencyModel.demands) == ["convergence"])
    #expect(ConsistencyModel.strongest(without: ["G0"]) == ["read-your-writes"])
  }

  @Test("names are known by their friends and by Adya")
  func names() {
    #expect(ConsistencyModel.unknown(among: ["read-committed", "PL-2", "PL-SS", "1SR", "causal"]).isEmpty)
    #expect(ConsistencyModel.unknown(among: ["serialisable", "read-atomic"]) == ["serialisable"])
    #expect(ConsistencyModel.prohibited(by: ["PL-2"]) == ConsistencyModel.prohibited(by: ["read-committed"]))
    #expect(ConsistencyModel.names == ConsistencyModel.names.sorted())
  }
}
