import Lab
import Testing

@testable import Workbench

@Suite("Parity of the simulator with processes")
struct ParityTests {
  private func figure(_ simulated: Double?, _ real: Double?, grain: Double = 0.01) -> ParityFigure {
    ParityFigure(name: "", simulated: simulated, real: real, grain: grain)
  }

  @Test("two figures agree within a tenth of the larger, or within what is too little to matter")
  func agreement() {
    #expect(figure(1, 1.1).agrees && figure(1.1, 1).agrees)
    #expect(!figure(1, 1.12).agrees && !figure(1.12, 1).agrees)
    #expect(figure(0, 0.01).agrees && !figure(0, 0.02).agrees)
    #expect(figure(nil, nil).agrees && !figure(1, nil).agrees && !figure(nil, 1).agrees)
  }

  @Test("what does not agree is marked")
  func marks() {
    #expect(figure(1, 1.05).text == "1.00 / 1.05")
    #expect(figure(1, 2).text == "1.00 / 2.00 (!)")
    #expect(figure(nil, nil).text == "–")
  }
}
