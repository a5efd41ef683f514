internal import Glomers
public import History
public import Checkers

extension Workload {
  /// The one table of workloads: a new one needs a name, a line here, and a file beside this one.
  var load: any MaelstromLoad.Type {
    switch self {
    case .echo: EchoLoad.self
    case .uniqueIDs: UniqueIDsLoad.self
    case .broadcast: BroadcastLoad.self
    case .kafka: KafkaLoad.self
    case .linKV: LinKVLoad.self
    case .gSet: GSetLoad.self
    case .gCounter, .pnCounter: CounterLoad.self
    case .txnRWRegister: RegisterTransactionLoad.self
    case .txnListAppend: ListTransactionLoad.self
    }
  }

  /// What a history of this workload must hold.
  public func checker(_ scenario: Scenario) -> any Checker { load.checker(scenario) }
}

extension Workload {
  /// What is wrong with a request of a script: its client could not make it. Nil for nothing.
  func problem(with function: String, _ value: JSON) -> String? {
    guard functions.contains(function), function != "debug-topic-partitions" else {
      return
        "clients of \(rawValue) don't do '\(function)', but \(functions.sorted().joined(separator: ", "))"
    }
    let parts = value.array ?? []
    let (isRight, example): (Bool, String) =
      switch (self, function) {
      case (.echo, _), (.broadcast, "broadcast"), (.gSet, "add"): (true, "")
      case (.gCounter, _), (.pnCounter, _):
        (function == "read" ? value == .null : value.integer.map { abs($0) <= 1 << 40 } ?? false, "add 3")
      case (.kafka, "send"):
        (
          parts.count == 1 && parts[0].array?.count == 3 && parts[0].array?[0] == "send"
            && parts[0].array?[1].string != nil, "send [[\"send\",\"7\",1]]"
        )
      case (.kafka, "poll"): (value == [["poll"]], "poll [[\"poll\"]]")
      case (.kafka, "assign"), (.kafka, "subscribe"):
        (
          function == "assign" && value.array != nil && parts.allSatisfy { $0.string != nil },
          "assign [\"7\"]"
        )
      case (.kafka, _): (function == "crash", "send, poll, assign or crash")
      case (.linKV, "cas"): (parts.count == 2 && parts[1].array?.count == 2, "cas [0,[1,2]]")
      case (.linKV, _): (parts.count == 2, "\(function) [0,1]")
      case (.txnRWRegister, _), (.txnListAppend, _):
        (
          value.array != nil
            && parts.allSatisfy { micro in
              guard let micro = micro.array, micro.count == 3 else { return false }
              return micro[0] == "r" || micro[0] == (self == .txnRWRegister ? "w" : "append")
            }, "txn [[\"r\",1,null],[\"\(self == .txnRWRegister ? "w" : "append")\",1,2]]"
        )
      default: (value == .null, function)
      }
    return isRight ? nil : "write it as '\(example)'"
  }
}
