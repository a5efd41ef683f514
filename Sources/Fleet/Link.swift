internal import DequeModule

/// One side of an ordered conversation without losses over a carrier that may lose messages: a server that restarts, a
/// subscription that is full.
///
/// 1. Each message has the next number, and is kept until the other side has acknowledged it.
/// 2. The receiver takes numbers in order only; what comes after a gap, or twice, is left aside.
/// 3. Both sides say now and then what they have sent and received (``Beat``). If `received` stands still from one beat to
///    the next, everything after it is sent again, up to a bound in bytes.
struct Link {
  struct Entry: Equatable {
    let number: Int
    let subject: String
    /// Goes with it, beside the number.
    var label = ""
    let bytes: [UInt8]
  }

  /// So much is sent again at a time.
  static let repeatedBytesMax = 4 << 20

  private var waiting: Deque<Entry> = []
  private(set) var waitingBytes = 0
  private var sent = 0
  private var received = 0
  /// What the other side had received, and this side sent, at its last beat.
  private var lastBeat: (received: Int, sent: Int) = (0, 0)
  /// Messages that were sent again.
  private(set) var repeatedCount = 0

  /// Numbers a message and keeps it.
  mutating func send(_ subject: String, label: String = "", _ bytes: [UInt8]) -> Entry {
    sent += 1
    let entry = Entry(number: sent, subject: subject, label: label, bytes: bytes)
    waiting.append(entry)
    waitingBytes += bytes.count + subject.utf8.count
    return entry
  }

  /// Whether a message that has come is the next one, to be taken.
  mutating func receive(_ number: Int) -> Bool {
    guard number == received + 1 else { return false }
    received = number
    return true
  }

  /// The last message that the other side is known to have.
  var acknowledged: Int { lastBeat.received }

  /// What to tell the other side.
  var beat: Beat { Beat(sent: sent, received: received) }

  /// Takes the other side's beat. Returns what to send again; nil if the beat can't be of this conversation.
  mutating func heard(_ beat: Beat) -> [Entry]? {
    // What acknowledges a message that was never sent is somebody else's.
    guard (0...sent).contains(beat.received) else { return nil }
    while let first = waiting.first, first.number <= beat.received {
      waitingBytes -= first.bytes.count + first.subject.utf8.count
      waiting.removeFirst()
    }
    let standsStill = beat.received == lastBeat.received && beat.received < lastBeat.sent
    lastBeat = (beat.received, sent)
    guard standsStill else { return [] }
    var again: [Entry] = []
    var bytes = 0
    for entry in waiting {
      bytes += entry.bytes.count + entry.subject.utf8.count
      if bytes > Self.repeatedBytesMax, !again.isEmpty { break }
      again.append(entry)
    }
    repeatedCount += again.count
    return again
  }
}
