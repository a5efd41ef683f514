import Glomers
import Lab
import Testing

@Suite("Network")
struct NetworkTests {
  private let nodes: [NodeID] = ["n0", "n1", "n2"]

  private func parcel(_ id: Int, from source: NodeID = "n0", to destination: NodeID = "n1") -> Parcel {
    Parcel(id: id, source: source, destination: destination, line: [])
  }

  private func at(_ milliseconds: Int64) -> Instant { Instant(nanoseconds: milliseconds * 1_000_000) }

  /// The ids of all that arrives, with the milliseconds at which it does.
  private func arrivals(_ network: inout Network) -> [[Int64]] {
    var arrivals: [[Int64]] = []
    while let due = network.deadline {
      while let parcel = network.popDue(by: due) {
        arrivals.append([Int64(parcel.id), due.nanoseconds / 1_000_000])
      }
    }
    return arrivals
  }

  @Test("with in-order delivery, what comes while the courier waits is delivered after what he has in hand")
  func inOrderWaits() {
    var network = Network(nodes, .inOrder)
    network.send(parcel(0), due: at(100))
    network.send(parcel(1, from: "c1"), due: at(5))
    network.send(parcel(2), due: at(90))
    #expect(network.popDue(by: at(99)) == nil)
    #expect(network.deadline == at(100))
    #expect(network.popDue(by: at(100))?.id == 0)
    // What is overdue then comes at once, the earliest first.
    #expect(network.popDue(by: at(100))?.id == 1)
    #expect(network.popDue(by: at(100))?.id == 2)
    #expect(network.deadline == nil)
  }

  @Test("a courier waits for his own receiver only")
  func couriersAreIndependent() {
    var network = Network(nodes, .inOrder)
    network.send(parcel(0, to: "n1"), due: at(100))
    network.send(parcel(1, to: "n2"), due: at(5))
    #expect(arrivals(&network) == [[1, 5], [0, 100]])
  }

  @Test("with independent delivery, everything comes when it is due")
  func independent() {
    var network = Network(nodes, .independent)
    network.send(parcel(0), due: at(100))
    network.send(parcel(1), due: at(5))
    network.send(parcel(2), due: at(90))
    #expect(arrivals(&network) == [[1, 5], [2, 90], [0, 100]])
  }

  @Test("parcels due at one instant come in the order of sending", arguments: Scenario.Delivery.allCases)
  func ties(_ delivery: Scenario.Delivery) {
    var network = Network(nodes, delivery)
    for id in 0..<50 { network.send(parcel(id), due: at(7)) }
    #expect(arrivals(&network).map { $0[0] } == Array(0..<50))
  }

  @Test(
    "a partition takes what is due inside it, and nothing else, whenever it was sent",
    arguments: Scenario.Delivery.allCases)
  func partition(_ delivery: Scenario.Delivery) {
    var network = Network(nodes, delivery)
    network.send(parcel(0), due: at(10))
    network.send(parcel(1, from: "n2"), due: at(10))
    network.send(parcel(2, from: "c3"), due: at(10))
    network.send(parcel(3), due: at(30))
    network.impose(.partition(Grudge(["n1": ["n0"]])))
    #expect(network.popDue(by: at(20))?.id == 1)
    #expect(network.popDue(by: at(20))?.id == 2)
    #expect(network.popDue(by: at(20)) == nil)
    network.lift("partition")
    #expect(arrivals(&network) == [[3, 30]])
  }

  @Test("a grudge has a direction")
  func direction() {
    var network = Network(nodes, .inOrder)
    network.impose(.partition(Grudge(["n1": ["n0"]])))
    network.send(parcel(0, from: "n0", to: "n1"), due: at(1))
    network.send(parcel(1, from: "n1", to: "n0"), due: at(1))
    #expect(arrivals(&network) == [[1, 1]])
  }

  @Test("a rule can put delivery off, and is asked again then", arguments: Scenario.Delivery.allCases)
  func delay(_ delivery: Scenario.Delivery) {
    var network = Network(nodes, delivery)
    network.impose(Rule("slow") { $0.id == 0 ? .deliver(after: .milliseconds(40)) : .pass })
    network.send(parcel(0), due: at(10))
    network.send(parcel(1), due: at(20))
    #expect(network.popDue(by: at(20))?.id == 1)
    #expect(network.deadline == at(50))
    network.lift("slow")
    #expect(network.popDue(by: at(50))?.id == 0)
  }

  @Test("imposing a fault again puts it in the place of the earlier one")
  func replace() {
    var network = Network(nodes, .inOrder)
    network.impose(.partition(Grudge(["n1": ["n0"]])))
    network.impose(.partition(Grudge(["n1": ["n2"]])))
    network.send(parcel(0), due: at(1))
    network.send(parcel(1, from: "n2"), due: at(1))
    #expect(arrivals(&network) == [[0, 1]])
  }
}
