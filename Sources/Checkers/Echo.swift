import Glomers
public import History

/// Maelstrom's echo checker: what comes back is what was sent. As there, an echo that is not answered at all is an
/// error, too; beside that a wrong payload is an anomaly.
public struct EchoChecker: Checker {
  /// It has no settings.
  public init() {}

  public func check(_ history: History) -> Finding {
    var errors: [EDN] = []
    var anomalies: [Anomaly] = []
    for begun in 0..<history.count where history.kind(of: begun) == .invoke && history.isClient(begun) {
      let ended = history.completionIndex(of: begun)
      // Nearly all are right: those are not put together.
      if let ended, history.kind(of: ended) == .ok, history.value(of: ended) == history.value(of: begun) {
        continue
      }
      let sent = history[begun], answer = ended.map { history[$0] }
      let received = answer?.kind == .ok ? EDN(answer!.value).bounded : .null
      errors.append(["Expected a message with :echo", EDN(sent.value).bounded, "But received", received])
      guard let answer, answer.kind == .ok else { continue }
      anomalies.append(
        Anomaly(
          "wrong-echo", "\(EDN(sent.value).shown) came back as \(EDN(answer.value).shown)",
          operations: [sent.index, answer.index], node: answer.node))
    }
    return Finding(errors.isEmpty ? .valid : .invalid, ["errors": .vector(errors)], anomalies: anomalies)
  }
}
