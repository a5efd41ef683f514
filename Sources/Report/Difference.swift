extension MessageLog {
  /// In words, the first message in which two runs differ: who sends what to whom, and when. Nil where they don't.
  public static func firstDifference(_ a: MessageLog, _ b: MessageLog) -> String? {
    for place in 0..<max(a.messages.count, b.messages.count) {
      let texts = [a, b].map { $0.line(place) }
      if texts[0] != texts[1] { return "message \(place + 1):\n\(texts[0])\n\(texts[1])" }
    }
    return nil
  }

  private func line(_ place: Int) -> String {
    guard place < messages.count else { return "(nothing more)" }
    let message = messages[place]
    let end =
      message.ended.map { "\(message.fate == .lost ? "lost" : "delivered") at \($0 / 1000) µs" }
      ?? "under way"
    return
      "\(message.sent / 1000) µs, \(end): \(names[message.source]) → \(names[message.destination]) \(message.body)"
      .cut(to: 1000)
  }
}
