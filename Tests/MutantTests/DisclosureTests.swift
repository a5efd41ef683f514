import History
import Glomers
import Lab
import Simulator
import Testing

@testable import Mutants

@Suite("What reports of mutants show")
struct DisclosureTests {
  /// The path of a mutant, and a seed that catches it, as in bench/MUTANTS.md. `make mutants` does the same for all.
  @Test(
    "the report names the operations that prove the mistake, and has their messages",
    arguments: [
      ("echo/answers-the-last", 1), ("unique-ids/few-bits", 1), ("broadcast/keeps-to-itself", 1),
      ("broadcast/falls-silent", 1), ("g-set/compares-sizes", 1), ("g-counter/shows-old-copies", 1),
      ("pn-counter/never-negative", 1), ("kafka/counts-for-itself", 1), ("lin-kv/is-sequential", 1),
      ("txn-rw-register/tells-each-write", 1), ("txn-list-append/checks-writes-only", 1),
    ])
  func names(_ path: String, _ seed: UInt64) throws {
    let mutant = try #require(Mutant.all.first { $0.path == path })
    #expect(Disclosure(mutant, seed: seed).problems.isEmpty)
  }

  @Test("a report that does not show what was expected is told")
  func concealed() throws {
    let sound = try #require(Mutant.all.first { $0.path == "echo/answers-the-last" })
    let mistaken = Mutant(
      "accident", "answers the last", shows: "lost-value", in: .echo, { $0 = sound.scenario }, run: sound.run,
      original: sound.runOriginal, played: { sound.begin($0) })
    #expect(Disclosure(mistaken, seed: 1).problems == ["the report does not show lost-value"])
  }
}
