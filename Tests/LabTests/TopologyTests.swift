import Glomers
import Lab
import Testing

@Suite("Topology")
struct TopologyTests {
  private func nodes(_ count: Int) -> [NodeID] { (0..<count).map { NodeID("n\($0)") } }

  @Test("a line has two ends")
  func line() {
    #expect(Topology.line.neighbours(nodes(3)) == ["n0": ["n1"], "n1": ["n0", "n2"], "n2": ["n1"]])
    #expect(Topology.line.neighbours(nodes(1)) == [:])
  }

  @Test("a grid is as Maelstrom draws it: five nodes in rows of three")
  func grid() {
    #expect(
      Topology.grid.neighbours(nodes(5)) == [
        "n0": ["n3", "n1"], "n1": ["n4", "n2", "n0"], "n2": ["n1"], "n3": ["n0", "n4"], "n4": ["n1", "n3"],
      ])
  }

  @Test("a tree has its parent first, then its children")
  func tree() {
    #expect(
      Topology.tree.neighbours(nodes(6)) == [
        "n0": ["n1", "n2"], "n1": ["n0", "n3", "n4"], "n2": ["n0", "n5"], "n3": ["n1"], "n4": ["n1"],
        "n5": ["n2"],
      ])
    #expect(Topology.tree4.neighbours(nodes(6))["n0"] == ["n1", "n2", "n3", "n4"])
    #expect(Topology.tree4.neighbours(nodes(6))["n1"] == ["n0", "n5"])
    #expect(Topology.tree3.neighbours(nodes(6))["n0"] == ["n1", "n2", "n3"])
  }

  @Test("being neighbours is mutual, nobody is his own, and all are connected", arguments: Topology.allCases)
  func sanity(_ topology: Topology) {
    for count in 2...26 {
      let nodes = nodes(count)
      let neighbours = topology.neighbours(nodes)
      #expect(Set(neighbours.keys) == Set(nodes))
      for (node, others) in neighbours {
        #expect(Set(others).count == others.count)
        for other in others { #expect(other != node && neighbours[other]!.contains(node)) }
      }
      var reached: Set<NodeID> = ["n0"]
      var frontier: [NodeID] = ["n0"]
      while let node = frontier.popLast() {
        for other in neighbours[node]! where reached.insert(other).inserted { frontier.append(other) }
      }
      #expect(reached.count == count, "\(topology) of \(count)")
    }
  }
}
