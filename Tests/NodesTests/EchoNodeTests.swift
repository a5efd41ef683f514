import Glomers
import Nodes
import Support
import Testing
import Wire
import Workloads

@Suite struct EchoNodeTests {
  @Test(
    "an echo comes back as it was",
    arguments: [JSON.null, 7, "Please echo 35", 1.5, [1, ["a": nil]], ["deep": [["er"]]]])
  func echo(payload: JSON) {
    var trial = Trial(EchoNode.self)
    let payload = JSONText(payload)
    #expect(trial.receive(.echo(payload)) == [.reply(.echoOk(payload), to: trial.request())])
  }

  @Test("an answer that comes as a request is refused")
  func answerAsRequest() {
    var trial = Trial(EchoNode.self)
    guard case .fail(let error, _)? = trial.receive(.echoOk(1)).first else {
      Issue.record("not refused")
      return
    }
    #expect(error.code == 10)
  }
}
