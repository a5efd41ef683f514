@testable import Report
import History
import Testing

@Suite("Pictures")
struct PictureTests {
  @Test("dots that lie side by side are one run, and a dot that is there twice is there once")
  func runs() {
    var dots = PlotDots(columns: 200, rows: 3)
    for column in [0, 5, 5, 6, 62, 63, 64, 65, 127, 128, 199] { dots.insert((column, 1)) }
    for column in 0..<200 { dots.insert((column, 2)) }
    var runs: [[Int]] = []
    dots.forEachRun { runs.append([$0, $1, $2]) }
    #expect(
      runs == [[1, 0, 0], [1, 5, 6], [1, 62, 65], [1, 127, 128], [1, 199, 199], [2, 0, 199]])
  }

  @Test("names and texts have one place each")
  func tables() {
    var names = NameTable(["n0", "n1"])
    let all = (0..<1000).map { "c\($0)" }
    for _ in 0..<2 { for (place, name) in all.enumerated() { #expect(names.place(of: name) == place + 2) } }
    #expect(names.place(of: "n1") == 1 && names.names.count == 1002)
  }
}
