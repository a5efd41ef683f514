import Glomers
import History

/// What Elle can't see: in replies, in sessions, and in what the nodes show in the end. Of each kind the first few are
/// told.
///
/// An answer that is not to what was asked, and a value that nobody wrote, break the workload's contract whatever the
/// model. Everything else is wrong only where a model that was asked for excludes it (see ``ConsistencyModel``);
/// otherwise it is a warning that says what it costs.
struct TransactionAnomalies {
  private static let toldMax = 8
  /// So many are looked through faster than a hash finds one.
  private static let fewMax = 16

  /// What is given up where a model that is not asked for is broken, and how to ask for it.
  private static let costs: [String: String] = [
    "fractured-read": "this costs monotonic atomic view: a reader may see half of a transaction "
      + "(--also monotonic-atomic-view makes it a fault)",
    "forgotten-write": "this costs read-your-writes: a client may not find what it wrote itself "
      + "(--also read-your-writes makes it a fault)",
    "diverged-replicas": convergence, "lost-write": convergence, "contradictory-end": convergence,
  ]
  private static let convergence =
    "this costs convergence: nodes may never come to hold the same (--also convergence makes it a fault)"

  private let history: TransactionHistory
  private let dependencies: any Dependencies
  private let nodes: [NodeID]
  /// The anomalies that the models exclude.
  private let excluded: Set<String>
  /// What would be excluded if that which all nodes show in the end came last.
  var contradictions: [AnomalyCase] = []

  init(
    _ history: TransactionHistory, _ dependencies: any Dependencies, nodes: [NodeID], excluded: Set<String>
  ) {
    self.history = history
    self.dependencies = dependencies
    self.nodes = nodes
    self.excluded = excluded
  }

  var all: [Anomaly] {
    Self.replies(history) + phantoms + initialValues + fracturedReads + forgottenWrites + finalAnomalies
  }

  /// What an anomaly is called in ``ConsistencyModel``.
  func types(_ anomaly: Anomaly) -> [String] {
    anomaly.name == "diverged-replicas" && divergesInRealtime
      ? [anomaly.name, "diverged-replicas-realtime"] : [anomaly.name]
  }

  /// Wrong if a model excludes it; otherwise a warning with its cost.
  private func modelled(
    _ name: String, _ detail: String, operations: [Int], node: NodeID?, isExcluded: Bool? = nil,
    steps: [Anomaly.Step] = []
  ) -> Anomaly {
    let isWrong = isExcluded ?? excluded.contains(name)
    return Anomaly(
      name, isWrong ? detail : detail + "; " + Self.costs[name]!, operations: operations, node: node,
      severity: isWrong ? .invalid : .warning, steps: steps)
  }

  // MARK: Replies

  /// Answers that are not to what was asked: these show whatever else can be told of a history.
  static func replies(_ history: TransactionHistory) -> [Anomaly] { malformed(history) + altered(history) }

  private static func malformed(_ history: TransactionHistory) -> [Anomaly] {
    history.malformed.prefix(toldMax).map {
      Anomaly(
        "malformed-transaction", "its value is no transaction", operations: [$0],
        node: history.history[$0].node)
    }
  }

  /// Answers that are not the transaction that was asked for, with its reads filled in.
  private static func altered(_ history: TransactionHistory) -> [Anomaly] {
    told { found in
      for number in history.answeredOtherwise {
        let transaction = history.transactions[number]
        let (asked, answered) = (
          history.history[transaction.begin].value, history.history[transaction.end].value
        )
        guard skeleton(asked) != skeleton(answered) else { continue }
        found.append(
          Anomaly(
            "altered-transaction",
            "\(EDN(asked).shown) was asked for, and \(EDN(answered).shown) was answered",
            operations: [transaction.begin, transaction.end], node: history.node(of: transaction)))
      }
    }
  }

  /// A transaction without what its reads show. `1` and `1.0` are the same.
  private static func skeleton(_ transaction: JSON) -> [JSON] {
    (transaction.numericForm.array ?? []).map { operation in
      guard let parts = operation.array, parts.first == "r" else { return operation }
      return .array(Array(parts.prefix(2)))
    }
  }

  /// Reads of what nobody wrote, or of what is written only later.
  private var phantoms: [Anomaly] {
    let begins = latestBegins
    return told { found in
      for transaction in history.transactions where transaction.outcome == .ok {
        for read in history.operations(of: transaction) where read.isRead {
          // Most reads of lists show the beginning of one that is known.
          if history.model == .lists, read.value >= 0 {
            guard read.value > 0, begins[read.key][read.value - 1] >= transaction.end else { continue }
          }
          if history.model == .registers {
            guard read.value >= 0 else { continue }
            let writer = history.writer(of: read.value)
            if let writer, history.transactions[writer].begin < transaction.end { continue }
          }
          let phantom = history.shown(read).first { version in
            !history.writers(of: version).contains { history.transactions[$0].begin < transaction.end }
              && !isInitial(version)
          }
          guard let phantom else { continue }
          let writer = history.writer(of: phantom).map { history.transactions[$0].begin }
          let words = writer == nil ? "nobody has written" : "is written only later"
          found.append(
            Anomaly(
              "phantom-value",
              "\(history.edn(read).shown) shows \(history.value(phantom).shown), which \(words)",
              operations: [transaction.begin, transaction.end] + [writer].compactMap { $0 },
              node: history.node(of: transaction)))
        }
      }
    }
  }

  /// For each key and each place in its longest list, where in the history the last of the writes of all versions up to
  /// there begins; the end of time if one has none.
  private var latestBegins: [[Int32]] {
    history.keys.indices.map { key in
      var latest: Int32 = -1
      return history.lists.longest(ofKey: key).map { version in
        let begin = history.writer(of: Int(version)).map { Int32(history.transactions[$0].begin) } ?? .max
        latest = max(latest, begin)
        return latest
      }
    }
  }

  /// Whether a version may be what a key holds before anything is written to it: a zero or an empty value that nobody
  /// wrote.
  private func isInitial(_ version: Int) -> Bool {
    // What a read of a list holds is no version.
    guard history.model == .registers, history.writer(of: version) == nil else { return false }
    let value = history.json(version)
    return [0, 0.0, "", false, [], [:]].contains(value)
  }

  /// Reads of zeroes that nobody wrote: the state of keys without writes, which the workload wants to be null.
  private var initialValues: [Anomaly] {
    guard history.model == .registers else { return [] }
    return told { found in
      for transaction in history.transactions where transaction.outcome == .ok {
        for read in history.operations(of: transaction)
        where read.isRead && read.value >= 0 && isInitial(read.value) {
          found.append(
            Anomaly(
              "initial-value",
              "\(history.edn(read).shown) shows \(history.value(read.value).shown), which nobody has written; it is taken "
                + "for the state of a key without writes, which should be null",
              operations: [transaction.begin, transaction.end], node: history.node(of: transaction),
              severity: .warning))
        }
      }
    }
  }

  // MARK: Sessions

  /// Reads that show one part of a transaction and afterwards lack another: against monotonic atomic view (Bailis et
  /// al., *Scalable atomic visibility with RAMP transactions*, SIGMOD 2014, call it a fractured read).
  private var fracturedReads: [Anomaly] {
    // By key: the transaction that read it last, and how.
    var reads: [(number: Int, read: TransactionHistory.MicroOperation)?] = Array(
      repeating: nil, count: history.keys.count)
    return told { found in
      for (number, transaction) in history.transactions.enumerated() where transaction.outcome == .ok {
        var count = 0
        for read in history.operations(of: transaction) where read.isRead && read.isExternal {
          reads[read.key] = (number, read)
          count += 1
        }
        guard count > 1 else { continue }
        for read in history.operations(of: transaction) where read.isRead && read.isExternal {
          guard let version = history.last(shownBy: read), let writer = history.writer(of: version),
            writer != number
          else { continue }
          for write in history.operations(of: history.transactions[writer])
          where !write.isRead && write.isExternal {
            guard let (reader, later) = reads[write.key], reader == number, later.place > read.place,
              lacks(later, write.value)
            else { continue }
            found.append(
              modelled(
                "fractured-read",
                "\(history.edn(read).shown) shows what \(history.text(writer)) wrote, and after it "
                  + "\(history.edn(later).shown) does not",
                operations: (history.indices(writer) + history.indices(number)).sorted(),
                node: history.node(of: transaction)))
          }
        }
      }
    }
  }

  private struct Session: Hashable {
    let process: Int
    let key: Int
  }

  /// What a process has done to a key.
  private struct Past {
    /// The version that it wrote last, and the transaction.
    var written: (version: Int, transaction: Int)?
    /// What it has seen before it wrote that.
    var seen = FewVersions()
  }

  private struct Sessions {
    /// By key: the first few processes, and the places of their pasts.
    private var few: [[(process: Int, place: Int)]]
    private var others: [Session: Int] = [:]
    var pasts: [Past] = []

    init(keyCount: Int) { few = Array(repeating: [], count: keyCount) }

    mutating func place(_ process: Int, _ key: Int) -> Int {
      for known in few[key] where known.process == process { return known.place }
      let isFew = few[key].count < TransactionAnomalies.fewMax
      if !isFew, let place = others[Session(process: process, key: key)] { return place }
      let place = pasts.count
      pasts.append(Past())
      if isFew {
        few[key].append((process, place))
      } else {
        others[Session(process: process, key: key)] = place
      }
      return place
    }
  }

  /// A set of versions, which are nearly always few.
  private struct FewVersions {
    private var few: [Int] = []
    private var many: Set<Int> = []

    func contains(_ version: Int) -> Bool { few.contains(version) || !many.isEmpty && many.contains(version) }

    mutating func insert(_ version: Int) {
      guard !few.contains(version) else { return }
      if few.count < TransactionAnomalies.fewMax { few.append(version) } else { many.insert(version) }
    }

    mutating func remove(_ version: Int) {
      few.removeAll { $0 == version }
      if !many.isEmpty { many.remove(version) }
    }
  }

  /// Reads that don't show what the same process had written before: they show what came earlier, by the order of
  /// versions, or because the process had seen it before it wrote.
  private var forgottenWrites: [Anomaly] {
    let isRegister = history.model == .registers
    return told { found in
      var sessions = Sessions(keyCount: history.keys.count)
      for (number, transaction) in history.transactions.enumerated() where transaction.outcome == .ok {
        let operations = history.operations(of: transaction)
        for read in operations where read.isRead && read.isExternal {
          let past = sessions.place(transaction.process, read.key)
          let version = history.last(shownBy: read) ?? TransactionHistory.unborn
          if let own = sessions.pasts[past].written {
            let isOlder = isRegister && sessions.pasts[past].seen.contains(version)
            guard isOlder || lacks(read, own.version) else { continue }
            found.append(
              modelled(
                "forgotten-write",
                "process \(transaction.process) wrote \(history.value(own.version).shown) to key "
                  + "\(EDN(history.keys[read.key]).shown), and then read \(history.edn(read).shown)",
                operations: (history.indices(own.transaction) + history.indices(number)).sorted(),
                node: history.node(of: transaction)))
          } else if isRegister {
            sessions.pasts[past].seen.insert(version)
          }
        }
        for write in operations where !write.isRead && write.isExternal {
          let past = sessions.place(transaction.process, write.key)
          if isRegister {
            if let own = sessions.pasts[past].written { sessions.pasts[past].seen.insert(own.version) }
            sessions.pasts[past].seen.remove(write.value)
          }
          sessions.pasts[past].written = (write.value, number)
        }
      }
    }
  }

  /// Whether a read certainly shows a state from before a version.
  private func lacks(_ read: TransactionHistory.MicroOperation, _ version: Int) -> Bool {
    if history.model == .lists { return !history.list(read).contains(Int32(version)) }
    return read.value != version && dependencies.precedes(read.value, version)
  }

  // MARK: The end

  private var finalAnomalies: [Anomaly] {
    guard history.transactions.contains(where: \.isFinal) else { return [] }
    let final = FinalReads(history)
    return diverged(final) + contradictory + lostWrites(final) + unread(final)
  }

  /// Nodes that show different states of a key in the end.
  private func diverged(_ final: FinalReads) -> [Anomaly] {
    let keys = final.keys.filter { !final.agree(on: $0) }
    guard let key = keys.first, let first = final.reads[key]?.first,
      let other = final.reads[key]?.first(where: { $0.shown != first.shown })
    else { return [] }
    func text(_ read: FinalReads.Read) -> String {
      history.edn(read.operation).shown
    }
    let more = keys.count > 1 ? ", and \(keys.count - 1) other keys differ" : ""
    return [
      modelled(
        "diverged-replicas",
        "in the end \(name(first.node)) shows \(text(first)) and \(name(other.node)) \(text(other))\(more)",
        operations: (history.indices(first.transaction) + history.indices(other.transaction)).sorted(),
        node: other.node,
        isExcluded: excluded.contains("diverged-replicas")
          || excluded.contains("diverged-replicas-realtime") && divergesInRealtime)
    ]
  }

  /// Whether two nodes show different states of a register though all that was ever written to it had been
  /// acknowledged before either read began: in real time only one of them can show the last.
  private var divergesInRealtime: Bool {
    guard history.model == .registers else { return false }
    let final = FinalReads(history)
    var ends: [Int: Int] = [:]
    for transaction in history.transactions where transaction.outcome != .fail {
      let end = transaction.outcome == .ok ? transaction.end : .max
      for write in history.externalWrites(of: transaction) {
        ends[write.key] = max(ends[write.key] ?? -1, end)
      }
    }
    return final.keys.contains { key in
      guard !final.agree(on: key), let reads = final.reads[key] else { return false }
      return reads.allSatisfy { history.transactions[$0.transaction].begin > ends[key] ?? -1 }
    }
  }

  /// What can't be if that which all nodes show in the end came last.
  private var contradictory: [Anomaly] {
    contradictions.prefix(Self.toldMax).map {
      modelled(
        "contradictory-end",
        "if what all nodes show in the end was written last, there is a \($0.type): \($0.detail)",
        operations: $0.operations, node: nil, steps: $0.steps)
    }
  }

  /// Keys to which something was certainly written, and that are empty everywhere in the end.
  private func lostWrites(_ final: FinalReads) -> [Anomaly] {
    var writers: [Int?] = Array(repeating: nil, count: history.keys.count)
    for (number, transaction) in history.transactions.enumerated() where transaction.outcome == .ok {
      for write in history.operations(of: transaction) where !write.isRead && writers[write.key] == nil {
        writers[write.key] = number
      }
    }
    return told { found in
      for key in final.keys {
        guard let writer = writers[key], let reads = final.reads[key], reads.allSatisfy({ $0.shown.isEmpty })
        else { continue }
        found.append(
          modelled(
            "lost-write",
            "\(history.text(writer)) was acknowledged, and in the end nothing is left of key "
              + EDN(history.keys[key]).shown,
            operations: (history.indices(writer) + history.indices(reads[0].transaction)).sorted(),
            node: reads[0].node))
      }
    }
  }

  private func unread(_ final: FinalReads) -> [Anomaly] {
    // A history from elsewhere may not say who talks to which node.
    guard history.transactions.contains(where: { $0.isFinal && history.node(of: $0) != nil }) else {
      return []
    }
    return nodes.filter { !final.nodes.contains($0) }.map { node in
      let tried = history.transactions.indices.first {
        history.transactions[$0].isFinal && history.node(of: history.transactions[$0]) == node
      }
      return Anomaly(
        "unread-node", "no final read of \(node) succeeded: nobody knows what it has in the end",
        operations: tried.map { history.indices($0) } ?? [], node: node, severity: .warning)
    }
  }

  private func name(_ node: NodeID?) -> String { node?.name ?? "an unknown node" }

  /// The first few, and how many more there are.
  private func told(_ collect: (inout [Anomaly]) -> Void) -> [Anomaly] { Self.told(collect) }

  private static func told(_ collect: (inout [Anomaly]) -> Void) -> [Anomaly] {
    var found: [Anomaly] = []
    collect(&found)
    guard found.count > toldMax else { return found }
    let rest = Anomaly(found[0].name, "and \(found.count - toldMax) more", severity: found[0].severity)
    return found.prefix(toldMax) + [rest]
  }
}
