import Glomers

/// What is wrong with transactions beyond what Elle asks: seen in replies, in sessions, and in what the nodes show in
/// the end. Of each kind the first few are told.
struct TransactionAnomalies {
  private static let toldMax = 8

  private let history: TransactionHistory
  private let dependencies: any Dependencies
  private let nodes: [NodeID]
  /// What a weaker model than read committed does not promise is worth a warning only.
  private let severity: Anomaly.Severity

  init(
    _ history: TransactionHistory, _ dependencies: any Dependencies, nodes: [NodeID], models: [String]
  ) {
    self.history = history
    self.dependencies = dependencies
    self.nodes = nodes
    let isCommitted = ConsistencyModel.implied(by: models)
      .contains(ConsistencyModel.canonicalName("read-committed"))
    severity = isCommitted ? .invalid : .warning
  }

  var all: [Anomaly] {
    malformed + altered + phantoms + fracturedReads + forgottenWrites + finalAnomalies
  }

  // MARK: Replies

  private var malformed: [Anomaly] {
    history.malformed.prefix(Self.toldMax).map {
      Anomaly(
        "malformed-transaction", "its value is no transaction", operations: [$0],
        node: history.history[$0].node)
    }
  }

  /// Answers that are not the transaction that was asked for, with its reads filled in.
  private var altered: [Anomaly] {
    told { found in
      for transaction in history.transactions where transaction.outcome == .ok {
        let (asked, answered) = (
          history.history[transaction.begin].value, history.history[transaction.end].value
        )
        guard skeleton(asked) != skeleton(answered) else { continue }
        found.append(
          Anomaly(
            "altered-transaction",
            "\(EDN(asked).text) was asked for, and \(EDN(answered).text) was answered",
            operations: [transaction.begin, transaction.end], node: transaction.node))
      }
    }
  }

  /// A transaction without what its reads show.
  private func skeleton(_ transaction: JSON) -> [JSON] {
    (transaction.array ?? []).map { operation in
      guard let parts = operation.array, parts.first == "r" else { return operation }
      return .array(Array(parts.prefix(2)))
    }
  }

  /// Reads of what nobody wrote, or of what is written only later.
  private var phantoms: [Anomaly] {
    told { found in
      for transaction in history.transactions where transaction.outcome == .ok {
        for read in transaction.operations where read.isRead {
          let shown = history.model == .lists ? history.list(read) : read.value < 0 ? [] : [read.value]
          for version in shown {
            let writers = history.writers[version].map { history.transactions[$0] }
            guard !writers.contains(where: { $0.begin < transaction.end }) else { continue }
            let words = writers.isEmpty ? "nobody has written" : "is written only later"
            found.append(
              Anomaly(
                "phantom-value",
                "\(history.edn(read).text) shows \(history.value(version).text), which \(words)",
                operations: [transaction.begin, transaction.end] + writers.prefix(1).map(\.begin),
                node: transaction.node))
            break
          }
        }
      }
    }
  }

  // MARK: Sessions

  /// Reads that show one part of a transaction and afterwards lack another: against monotonic atomic view (Bailis et
  /// al., *Scalable atomic visibility with RAMP transactions*, SIGMOD 2014, call it a fractured read).
  private var fracturedReads: [Anomaly] {
    told { found in
      for (number, transaction) in history.transactions.enumerated()
      where transaction.outcome == .ok && transaction.externalReads.count > 1 {
        let reads = Dictionary(uniqueKeysWithValues: transaction.externalReads.map { ($0.key, $0) })
        for read in transaction.externalReads {
          guard let version = last(read), let writer = history.writer(of: version), writer != number else {
            continue
          }
          for write in history.transactions[writer].externalWrites {
            guard let later = reads[write.key], later.place > read.place, lacks(later, write.value) else {
              continue
            }
            found.append(
              Anomaly(
                "fractured-read",
                "\(history.edn(read).text) shows what \(history.text(writer)) wrote, and after it "
                  + "\(history.edn(later).text) does not",
                operations: (history.indices(writer) + history.indices(number)).sorted(),
                node: transaction.node, severity: severity))
          }
        }
      }
    }
  }

  private struct Session: Hashable {
    let process: Int
    let key: Int
  }

  /// Reads that don't show what the same process had written before: they show what came earlier, by the order of
  /// versions, or because the process had seen it before it wrote.
  private var forgottenWrites: [Anomaly] {
    var written: [Session: (version: Int, transaction: Int)] = [:]
    var seen: [Session: Set<Int>] = [:]
    return told { found in
      for (number, transaction) in history.transactions.enumerated() where transaction.outcome == .ok {
        for read in transaction.externalReads {
          let session = Session(process: transaction.process, key: read.key)
          let version = last(read) ?? TransactionHistory.unborn
          if let own = written[session] {
            let isOlder = history.model == .registers && seen[session]?.contains(version) ?? false
            guard isOlder || lacks(read, own.version) else { continue }
            found.append(
              Anomaly(
                "forgotten-write",
                "process \(transaction.process) wrote \(history.value(own.version).text) to key "
                  + "\(EDN(history.keys[read.key]).text), and then read \(history.edn(read).text)",
                operations: (history.indices(own.transaction) + history.indices(number)).sorted(),
                node: transaction.node, severity: severity))
          } else {
            seen[session, default: []].insert(version)
          }
        }
        for write in transaction.externalWrites {
          let session = Session(process: transaction.process, key: write.key)
          if let own = written[session] { seen[session, default: []].insert(own.version) }
          seen[session]?.remove(write.value)
          written[session] = (write.value, number)
        }
      }
    }
  }

  /// The last version that a read shows; nil for none.
  private func last(_ read: TransactionHistory.MicroOperation) -> Int? {
    history.model == .lists ? history.list(read).last : read.value < 0 ? nil : read.value
  }

  /// Whether a read certainly shows a state from before a version.
  private func lacks(_ read: TransactionHistory.MicroOperation, _ version: Int) -> Bool {
    if history.model == .lists { return !history.list(read).contains(version) }
    return read.value != version && dependencies.precedes(read.value, version)
  }

  // MARK: The end

  private var finalAnomalies: [Anomaly] {
    guard history.transactions.contains(where: \.isFinal) else { return [] }
    let final = FinalReads(history)
    return diverged(final) + lostWrites(final) + unread(final)
  }

  /// Nodes that show different states of a key in the end.
  private func diverged(_ final: FinalReads) -> [Anomaly] {
    let keys = final.keys.filter { !final.agree(on: $0) }
    guard let key = keys.first, let first = final.reads[key]?.first,
      let other = final.reads[key]?.first(where: { $0.shown != first.shown })
    else { return [] }
    func text(_ read: FinalReads.Read) -> String {
      history.edn(read.operation).text
    }
    let more = keys.count > 1 ? ", and \(keys.count - 1) other keys differ" : ""
    return [
      Anomaly(
        "diverged-replicas",
        "in the end \(name(first.node)) shows \(text(first)) and \(name(other.node)) \(text(other))\(more)",
        operations: (history.indices(first.transaction) + history.indices(other.transaction)).sorted(),
        node: other.node)
    ]
  }

  /// Keys to which something was certainly written, and that are empty everywhere in the end.
  private func lostWrites(_ final: FinalReads) -> [Anomaly] {
    var writers: [Int: Int] = [:]
    for (number, transaction) in history.transactions.enumerated() where transaction.outcome == .ok {
      for write in transaction.externalWrites { writers[write.key] = writers[write.key] ?? number }
    }
    return told { found in
      for key in final.keys {
        guard let writer = writers[key], let reads = final.reads[key], reads.allSatisfy({ $0.shown.isEmpty })
        else { continue }
        found.append(
          Anomaly(
            "lost-write",
            "\(history.text(writer)) was acknowledged, and in the end nothing is left of key "
              + EDN(history.keys[key]).text,
            operations: (history.indices(writer) + history.indices(reads[0].transaction)).sorted(),
            node: reads[0].node))
      }
    }
  }

  private func unread(_ final: FinalReads) -> [Anomaly] {
    // A history from elsewhere may not say who talks to which node.
    guard history.transactions.contains(where: { $0.isFinal && $0.node != nil }) else { return [] }
    return nodes.filter { !final.nodes.contains($0) }.map { node in
      let tried = history.transactions.indices.first {
        history.transactions[$0].isFinal && history.transactions[$0].node == node
      }
      return Anomaly(
        "unread-node", "no final read of \(node) succeeded: nobody knows what it has in the end",
        operations: tried.map { history.indices($0) } ?? [], node: node, severity: .warning)
    }
  }

  private func name(_ node: NodeID?) -> String { node?.name ?? "an unknown node" }

  /// The first few, and how many more there are.
  private func told(_ collect: (inout [Anomaly]) -> Void) -> [Anomaly] {
    var found: [Anomaly] = []
    collect(&found)
    guard found.count > Self.toldMax else { return found }
    let rest = Anomaly(
      found[0].name, "and \(found.count - Self.toldMax) more", severity: found[0].severity)
    return found.prefix(Self.toldMax) + [rest]
  }
}
