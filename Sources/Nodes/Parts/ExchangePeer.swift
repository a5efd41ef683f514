internal import Replication
internal import Glomers

extension Exchange {
  /// How often a replica speaks, and when it asks again.
  struct Pace: Sendable {
    /// From one message to a peer to the next, at least.
    let period: Duration
    /// How long a peer may take to show that it holds what it was sent, and a gap to be filled without being asked for.
    let patience: Duration

    /// A silent peer is reminded less and less often, but this often at least: after a partition all is to be well
    /// within seconds, and in a long one a repair is not to be sent too often in vain.
    var longest: Duration { max(patience, .seconds(2)) }
  }

  /// What a replica knows of one peer, and when that makes it speak.
  struct Peer: Sendable {
    let name: NodeID
    /// What it held when it last spoke.
    var known = VersionVector()
    /// The version of this replica when the peer was last sent something.
    var told = VersionVector()
    var lastSent: Instant?
    /// It has asked for an answer.
    var isOwed = false
    /// It has asked, and shown that it lacks something.
    var needsRepair = false
    /// What it was told and has not shown to hold, since when.
    var awaited: (version: VersionVector, since: Instant)?
    /// How often it has been reminded of that since it last spoke.
    var reminders = 0
    /// When it last spoke it held what this node then lacked.
    var hasShownGap = false
    /// When that was noticed, or last asked for.
    var gapSince: Instant?
    /// It has not spoken since this node recovered: that it holds the same is a guess, and it is being asked.
    var isStranger = false

    mutating func hear(_ version: VersionVector, wantsAnswer: Bool, holding mine: VersionVector) {
      // The last word counts, not the highest: a peer that was killed may have come back with less.
      known = version
      reminders = 0
      if isStranger {
        isStranger = false
        awaited = nil
        needsRepair = !version.covers(mine)
      } else if version.covers(told) {
        awaited = nil
      } else if let lastSent, awaited.map({ version.covers($0.version) }) ?? true {
        // It has shown what it was asked to; now it is waited for what it was told since.
        awaited = (told, lastSent)
      }
      isOwed = isOwed || wantsAnswer
      needsRepair = needsRepair || wantsAnswer && !version.covers(mine)
      hasShownGap = !mine.covers(version)
      if !hasShownGap { gapSince = nil }
    }

    /// An instant that has passed means now.
    private func due(_ pace: Pace, _ mine: VersionVector) -> Instant? {
      // A replica's version only grows, so two of its versions with the same total are the same.
      let hasNews = isOwed || needsRepair || told.total != mine.total
      let gapDue = gapSince.map { $0 + pace.patience }
      guard let lastSent else { return hasNews ? Instant(nanoseconds: .min) : gapDue }
      if hasNews { return lastSent + pace.period }
      guard let late = lateness(pace) else { return gapDue.map { max($0, lastSent + pace.period) } }
      return max(min(late, gapDue ?? late), lastSent + pace.period)
    }

    /// When this peer is next to be told something. If it has shown a new gap, that is waited for from now on.
    mutating func schedule(_ pace: Pace, _ mine: VersionVector, _ now: Instant) -> Instant? {
      if hasShownGap, gapSince == nil { gapSince = now }
      return due(pace, mine)
    }

    /// What it is to be sent in a round, if anything.
    mutating func round(_ pace: Pace, _ mine: VersionVector, _ origin: Origin, _ now: Instant) -> Push? {
      if !isStranger, mine.covers(known) {
        hasShownGap = false
        gapSince = nil
      }
      return due(pace, mine).map { $0 <= now } ?? false ? push(pace, mine, origin, now) : nil
    }

    private mutating func push(
      _ pace: Pace, _ mine: VersionVector, _ origin: Origin, _ now: Instant
    ) -> Push {
      let isLate = lateness(pace).map { $0 <= now } ?? false
      let isGapDue = gapSince.map { $0 + pace.patience <= now } ?? false
      let isRepair = needsRepair || isLate
      var since = known
      // What it was sent before is under way, unless it turns out otherwise.
      if !isRepair { since[origin] = max(since[origin], told[origin]) }

      told = mine
      lastSent = now
      isOwed = false
      needsRepair = false
      if known.covers(mine) {
        awaited = nil
      } else if isLate || awaited == nil {
        awaited = (mine, now)
      }
      if isLate { reminders += 1 }
      if isGapDue { gapSince = now }
      return Push(peer: name, since: since, isRepair: isRepair, wantsAnswer: isLate || isGapDue)
    }

    /// When this peer should have shown that it holds what it was told.
    private func lateness(_ pace: Pace) -> Instant? {
      guard let since = awaited?.since else { return nil }
      return since + min(pace.longest, pace.patience * (1 << min(reminders, 16)))
    }
  }
}
