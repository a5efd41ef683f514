import Glomers
import Testing

@testable import Simulator

@Suite("Timetable")
struct TimetableTests {
  private func at(_ nanoseconds: Int64) -> Instant { Instant(nanoseconds: nanoseconds) }

  /// All whose turn it is, in the order in which they get it.
  private func turns(_ timetable: inout Timetable) -> [Int] {
    var turns: [Int] = []
    while let member = timetable.takeReady(from: turns.last.map { $0 + 1 } ?? 0) { turns.append(member) }
    return turns
  }

  @Test("members whose time has come get their turn in the order of their places, each once")
  func order() {
    var timetable = Timetable(count: 200)
    for (member, due) in [(150, 3), (7, 5), (64, 1), (63, 5), (199, 9)] {
      timetable.set(member, to: at(Int64(due)), now: .zero)
    }
    #expect(timetable.earliest == at(1) && !timetable.hasReady)
    timetable.advance(to: at(5))
    #expect(timetable.hasReady)
    #expect(turns(&timetable) == [7, 63, 64, 150])
    #expect(!timetable.hasReady && timetable.earliest == at(9))
  }

  @Test("who becomes ready behind the one that has the turn waits for the next round")
  func nextRound() {
    var timetable = Timetable(count: 3)
    timetable.makeReady(1)
    #expect(timetable.takeReady(from: 0) == 1)
    timetable.set(0, to: at(4), now: at(4))
    timetable.set(2, to: at(4), now: at(4))
    #expect(timetable.takeReady(from: 2) == 2)
    #expect(timetable.takeReady(from: 3) == nil)
    #expect(timetable.hasReady)
    #expect(timetable.takeReady(from: 0) == 0)
  }

  @Test("it is what a list that is searched through would be", arguments: 1...20)
  func twin(_ seed: UInt64) {
    var random = Random(seed: seed)
    let count = Int.random(in: 1...100, using: &random)
    var timetable = Timetable(count: count)
    var dues = [Int64?](repeating: nil, count: count)
    var now: Int64 = 0
    for _ in 0..<2000 {
      let member = Int.random(in: 0..<count, using: &random)
      switch Int.random(in: 0..<8, using: &random) {
      case 0:
        dues[member] = nil
        timetable.set(member, to: nil, now: at(now))
      case 1:
        now += Int64.random(in: 0...20, using: &random)
        timetable.advance(to: at(now))
        let ready = dues.indices.filter { dues[$0].map { $0 <= now } ?? false }
        #expect(turns(&timetable) == ready)
        for member in ready { dues[member] = nil }
      default:
        let due = now + Int64.random(in: -3...50, using: &random)
        dues[member] = due
        timetable.set(member, to: at(due), now: at(now))
      }
      #expect(timetable.earliest == dues.compactMap { $0 }.filter { $0 > now }.min().map { at($0) })
      #expect(timetable.hasReady == dues.contains { $0.map { $0 <= now } ?? false })
    }
  }
}
