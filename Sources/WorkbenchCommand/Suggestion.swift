/// Whether an option that the parser suggests is near enough to the one that was written.
enum Suggestion {
  /// The message without a suggestion that shares too little with what was written: `--foo` is no slip for `--bin`.
  static func checked(_ message: String) -> String {
    guard let found = message.firstMatch(of: /(Unknown option '-+([^']+)')\. Did you mean '-+([^']+)'\?/)
    else { return message }
    guard !isNear(found.output.2, found.output.3) else { return message }
    return message.replacingCharacters(found.range, with: found.output.1)
  }

  /// Whether at most a third of the letters, and one in any case, were changed, added or left out.
  private static func isNear(_ a: Substring, _ b: Substring) -> Bool {
    distance(Array(a), Array(b)) <= max(1, max(a.count, b.count) / 3)
  }

  /// Levenshtein's distance.
  private static func distance(_ a: [Character], _ b: [Character]) -> Int {
    var row = Array(0...b.count)
    for (i, letter) in a.enumerated() {
      var corner = row[0]
      row[0] = i + 1
      for (j, other) in b.enumerated() {
        let changed = corner + (letter == other ? 0 : 1)
        corner = row[j + 1]
        row[j + 1] = min(changed, corner + 1, row[j] + 1)
      }
    }
    return row[b.count]
  }
}

extension String {
  fileprivate func replacingCharacters(_ range: Range<String.Index>, with text: Substring) -> String {
    String(self[..<range.lowerBound] + text + self[range.upperBound...])
  }
}
