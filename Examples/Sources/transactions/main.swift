import Glomers
import GlomersRuntime
import Wire
import Workloads

/// What nodes say to each other, beside what clients say.
enum Message: WireMessage {
  case client(Transactions)
  /// The writes of one transaction, in order: keys and values, one after the other.
  case writes([JSON])

  init(type: String, body: JSONObject) throws(WireError) {
    guard type == "writes" else {
      self = .client(try Transactions(type: type, body: body))
      return
    }
    let writes = try body.values("writes")
    guard writes.count.isMultiple(of: 2) else { throw .malformed("writes: each key needs its value") }
    self = .writes(writes)
  }

  func write(to body: inout JSONWriter) {
    switch self {
    case .client(let message): message.write(to: &body)
    case .writes(let writes):
      body.member("type", "writes")
      body.member("writes", writes)
    }
  }
}

/// Transactions on each node's own copy, told to the others: always available, and only read uncommitted.
struct TransactionNode: Node {
  private let peers: [NodeID]
  private var registers: [JSON: JSON] = [:]

  init(_ cluster: Cluster, recovering records: [Never], _ context: inout Context<TransactionNode>) {
    peers = cluster.peers
  }

  mutating func receive(
    _ message: Message, _ request: Request, _ context: inout Context<TransactionNode>
  ) {
    switch message {
    case .client(.txn(let operations)):
      var answer: [MicroOperation] = []
      var writes: [JSON] = []
      for operation in operations {
        switch operation {
        case .read(let key, _): answer.append(.read(key: key, value: registers[key] ?? .null))
        case .write(let key, let value):
          registers[key] = value
          writes += [key, value]
          answer.append(operation)
        case .append:
          context.fail(.notSupported("append: these are registers, not lists"), to: request)
          return
        }
      }
      context.reply(.client(.txnOk(answer)), to: request)
      guard !writes.isEmpty else { return }
      for peer in peers { context.send(.writes(writes), to: peer) }
    case .writes(let writes):
      for place in stride(from: 0, to: writes.count, by: 2) { registers[writes[place]] = writes[place + 1] }
    case .client: context.fail(.notSupported("that is an answer, not a request"), to: request)
    }
  }
}

run(TransactionNode.self)
