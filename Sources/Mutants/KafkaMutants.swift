import History
import Lab

extension Mutant {
  static let logs = [
    Mutant(
      MutableLogs.self, .countsForItself, "takes the end of its own log for that of all",
      shows: "inconsistent-offset", in: .kafka),
    Mutant(
      MutableLogs.self, .showsGaps, "shows what is behind a gap that another node may still fill",
      shows: "poll-skip", in: .kafka),
    Mutant(
      MutableLogs.self, .pollsBehind, "polls from behind the offset that was asked for", shows: "lost-write",
      in: .kafka),
    Mutant(
      MutableLogs.self, .pollsTheNewest, "polls the newest messages when there are too many for one answer",
      shows: "poll-skip", in: .kafka),
    Mutant(
      MutableLogs.self, .pollsBackwards, "shows the newest message first", shows: "nonmonotonic-poll",
      in: .kafka),
    Mutant(
      MutableLogs.self, .dropsTheOldest, "keeps the latest ten messages of each log", shows: "lost-write",
      in: .kafka),
    Mutant(
      MutableLogs.self, .keepsToItself, "keeps each message where it was sent", shows: "missing-message",
      in: .kafka
    ),
    Mutant(
      MutableLogs.self, .losesSome, "acknowledges some messages, and does not keep them",
      shows: "unseen-message", in: .kafka),
    Mutant(
      MutableLogs.self, .dealsOutOfOrder, "deals out offsets in pairs, the second one first",
      shows: "nonmonotonic-send", in: .kafka),
    Mutant(
      MutableLogs.self, .mixesKeys, "tells keys by their last character", shows: "phantom-message",
      in: .kafka,
      busy),
    Mutant(
      MutableLogs.self, .sendsAgain, "repeats a send that was not answered, and keeps it twice",
      shows: "duplicate-message", in: .kafka
    ) { $0.faults = [.loss] },
    Mutant(
      MutableLogs.self, .refusesWhatItTakes, "keeps a message, and says that it could not take it",
      shows: "aborted-read", in: .kafka),
    Mutant(
      MutableLogs.self, .commitsGoBack, "lets a later commit of a lower offset win", shows: "lost-commit",
      in: .kafka, busy),
    Mutant(
      MutableLogs.self, .commitsStay, "keeps committed offsets where they were committed",
      shows: "lost-commit", in: .kafka, busy),
    Mutant(
      MutableLogs.self, .commitsTheEnd, "commits the end of the log, whatever the consumer has seen",
      shows: "runaway-commit", in: .kafka, busy),
    Mutant(
      MutableLogs.self, .forgetsMessages, "stores what was committed, and not the messages",
      shows: "unseen-message",
      in: .kafka, kills),
    Mutant(
      MutableLogs.self, .forgetsCommits, "stores the messages, and not what was committed",
      shows: "lost-commit",
      in: .kafka
    ) {
      busy(&$0)
      kills(&$0)
    },
    Mutant(
      MutableLogs.self, .forgetsTheEnd, "stores the messages, and numbers from 0 again after a kill",
      shows: "inconsistent-offset", in: .kafka, kills),
  ]

  /// So many requests that consumers are assigned keys anew often enough.
  private static func busy(_ scenario: inout Scenario) { scenario.rate = 300 }
}
