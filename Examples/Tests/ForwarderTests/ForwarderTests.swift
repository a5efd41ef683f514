import GlomersTesting
import Testing

@testable import forwarder

@Suite struct ForwarderTests {
  @Test("what a client says is taken to a neighbour, and answered when that has answered")
  func forwards() {
    var trial = Trial(Forwarder.self)
    let request = trial.request()
    #expect(
      trial.receive(.echo(7)) == [
        .call("n1", .echo(7), then: .forwarded(request), .giveUp(after: .seconds(1)))
      ])
    #expect(
      trial.complete(.forwarded(request), .success(.echoOk(7))) == [.reply(.echoOk(7), to: request)])
  }

  @Test("every echo comes back, whatever the seed")
  func simulation() {
    let failure = Simulation<Forwarder>.failure(of: .echo, seeds: 1...20)
    #expect(failure == nil, "\(failure?.report ?? "")")
  }
}
