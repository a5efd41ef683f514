import Glomers
import GlomersRuntime
import Wire
import Workloads

/// What must survive a kill.
struct Added: StorableRecord {
  let delta: Int

  init(delta: Int) { self.delta = delta }

  init(record: JSONObject) throws(WireError) { delta = try record.integer("delta") }

  func write(to record: inout JSONWriter) { record.member("delta", delta) }
}

struct Tally: Node {
  typealias Message = Counter
  typealias Record = Added

  private var sum = 0

  init(_ cluster: Cluster, recovering records: [Added], _ context: inout Context<Tally>) {
    sum = records.reduce(0) { $0 + $1.delta }
  }

  mutating func receive(_ message: Counter, _ request: Request, _ context: inout Context<Tally>) {
    switch message {
    case .add(let delta):
      let (total, overflows) = sum.addingReportingOverflow(delta)
      guard !overflows else {
        context.fail(.preconditionFailed("the sum would not fit into 64 bits"), to: request)
        return
      }
      sum = total
      context.persist(Added(delta: delta))
      context.reply(.addOk, to: request)
    case .read: context.reply(.readOk(sum), to: request)
    default: context.fail(.notSupported("that is an answer, not a request"), to: request)
    }
  }

  /// One record that stands for all: it takes the place of a log that has grown long.
  var checkpoint: [Added]? { [Added(delta: sum)] }
}

run(Tally.self)
