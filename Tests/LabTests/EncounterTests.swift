import Glomers
import Testing

@testable import Lab
@testable import Simulator

@Suite("Encounters")
struct EncounterTests {
  private func scenario(_ lines: String) throws -> Scenario {
    try ScriptFile(
      text: """
        script 1
        workload broadcast
        node flood
        nodes n0 n1
        clients n0 n1
        nemesis kill
        end 9
        at 1 client 0 broadcast 7
        \(lines)
        """
    ).scenario
  }

  private func encounters(_ lines: String, tells: Bool = true) throws -> Encounters {
    Simulation<FloodNode>.outcome(try scenario(lines), options: ["tells": .flag(tells)]).encounters
  }

  @Test("a kill of a node that has acknowledged and told nobody is counted")
  func untold() throws {
    let kept = try encounters("from 2 to 3 kill n0", tells: false)
    #expect(kept.killCount == 1 && kept.killsBeforeTelling == 1)
    #expect(try encounters("from 2 to 3 kill n0").killsBeforeTelling == 0, "it has told n1")
    #expect(
      try encounters("from 2 to 3 kill n1", tells: false).killsBeforeTelling == 0,
      "it has acknowledged nothing")
    #expect(
      try encounters("from 0.5 to 0.9 kill n0", tells: false).killsBeforeTelling == 0, "the kill came before")
  }

  @Test("a fault counts for each part of the test in which it is in force")
  func parts() throws {
    #expect(try encounters("from 2 to 5 kill n1").faults == [.kill: [.early, .middle]])
    #expect(try encounters("from 7 to end pause n1").faults == [.pause: [.late, .draining]])
    #expect(try encounters("at 4 skew n1 3").faults == [.skew: [.middle]])
    #expect(try encounters("").faults.isEmpty)
  }

  @Test("lost messages are counted by their type, and not without bound")
  func lost() throws {
    let cut = try encounters("from 0 to 8 partition n1<n0")
    #expect(cut.lost.keys.sorted() == ["learn"] && cut.lost["learn"]! > 0)
    var many = Encounters()
    for number in 0..<1000 { many.noteLost(Array(#"{"body": {"type": "t\#(number)"}}"#.utf8)) }
    #expect(many.lost.count == Encounters.typesMax + 1 && many.lost.values.reduce(0, +) == 1000)
  }
}
