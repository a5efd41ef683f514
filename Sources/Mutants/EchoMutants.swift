import History
import Glomers
import Lab
import Workloads

/// Says back what it is told.
private struct MutableEcho: MutableNode {
  typealias Message = Echo
  enum Mutation: String { case answersTheLast = "answers-the-last", answersTwice = "answers-twice" }

  private let mutation: Mutation?
  private var last: Echo?

  init(_ cluster: Cluster, recovering records: [Never], _ context: inout Context<Self>) {
    mutation = Self.mutation(in: cluster)
  }

  mutating func receive(_ message: Echo, _ request: Request, _ context: inout Context<Self>) {
    guard case .echo(let payload) = message else { return }
    let answer = Echo.echoOk(payload)
    context.reply(mutation == .answersTheLast ? last ?? answer : answer, to: request)
    if mutation == .answersTwice { context.reply(answer, to: request) }
    last = answer
  }
}

extension Mutant {
  static let echoes = [
    Mutant(
      MutableEcho.self, .answersTheLast, "answers with the payload of the request before",
      shows: "wrong-echo", in: .echo),
    Mutant(
      MutableEcho.self, .answersTwice, "answers each request twice", shows: "unasked-reply", in: .echo),
  ]
}
