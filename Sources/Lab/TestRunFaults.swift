internal import Glomers
internal import Wire

/// What the nemesis does to nodes and network.
extension TestRun {
  mutating func stepNemesis() { carryOut(nemesis.step()) }

  /// Ends all faults, for good.
  mutating func endFaults() {
    calm = nil
    for step in nemesis.retire() { carryOut(step) }
  }

  mutating func carryOut(_ step: Nemesis.Step) {
    let wasWell = faults.isEmpty
    record(step, step.value)
    record(step, effect(of: step))
    if !wasWell, faults.isEmpty { visibility.healed(at: clock) }
    counts.faults = faults.values.sorted()
  }

  /// Carries a step out; returns what people are to read of it.
  private mutating func effect(of step: Nemesis.Step) -> JSON {
    switch step {
    case .startPartition(let shape):
      let grudge = nemesis.grudge(shape, nodes)
      network.impose(.partition(grudge))
      faults[.partition] = "partition (\(shape.rawValue))"
      return ["isolated", grudge.json]
    case .startOneWay:
      let grudge = nemesis.oneWayGrudge(nodes)
      network.impose(.partition(grudge, name: "one-way"))
      faults[.oneWay] = "one-way cut"
      return ["isolated", grudge.json]
    case .stopPartition:
      network.lift("partition")
      faults[.partition] = nil
      return "network-healed"
    case .stopOneWay:
      network.lift("one-way")
      faults[.oneWay] = nil
      return "network-healed"
    case .degrade(let degradation):
      network.impose(nemesis.rule(degradation, between: nodes))
      faults[degradation.fault] = degradation.rawValue
      return .null
    case .restore(let degradation):
      network.lift(degradation.rawValue)
      faults[degradation.fault] = nil
      return .null
    case .kill(let targets): return kill(nemesis.nodes(targets, of: nodes))
    case .start: return start()
    case .pause(let targets): return pause(nemesis.nodes(targets, of: nodes))
    case .resume: return resume()
    case .breakDisks(let targets): return breakDisks(nemesis.nodes(targets, of: nodes))
    case .mendDisks: return mendDisks()
    case .skew(let targets):
      let hit = nemesis.nodes(targets, of: nodes)
      for node in hit { actions.append(.skew(node, by: nemesis.skew())) }
      return JSON(hit)
    case .removeMembers:
      let hit = Array(
        nodes.shuffled(using: &choices).prefix(
          Int.random(in: 1...max(1, (nodes.count - 1) / 2), using: &choices)))
      membership.remove(hit)
      faults[.membership] = membership.isUnknown ? nil : "members removed"
      return JSON(hit)
    case .addMembers:
      membership.addAll()
      return JSON(membership.outside.sorted())
    }
  }

  private mutating func kill(_ hit: [NodeID]) -> JSON {
    for node in hit where !down.contains(node) && !dead.contains(node) {
      down.insert(node)
      paused.remove(node)
      silenced.remove(node)
      network.discard(for: node)
      noteMishaps()
      actions.append(.kill(node))
    }
    faults[.kill] = down.isEmpty ? nil : "\(down.count) killed"
    faults[.pause] = paused.isEmpty ? nil : "\(paused.count) paused"
    return JSON(hit, are: "killed")
  }

  /// Starts what was killed, with a disk that works. Like any node, it is told who it is before anything else.
  private mutating func start() -> JSON {
    let started = down.sorted()
    down = []
    faults[.kill] = nil
    for node in started {
      brokenDisks.remove(node)
      actions.append(.setDisk(node, .sound))
      actions.append(.start(node))
      initializeAgain(node)
    }
    return JSON(started, are: "started")
  }

  mutating func initializeAgain(_ node: NodeID) {
    ask(openClient(node, isLoading: false), .initializeAgain, patience: Self.initializationPatience) {
      [nodes] body in
      body.member("type", "init")
      body.member("node_id", node.name)
      body.member("node_ids", nodes.map(\.name))
    }
  }

  private mutating func pause(_ hit: [NodeID]) -> JSON {
    let stopped = hit.filter { !down.contains($0) && !dead.contains($0) && !paused.contains($0) }
    paused.formUnion(stopped)
    for node in stopped { actions.append(.pause(node)) }
    faults[.pause] = paused.isEmpty ? nil : "\(paused.count) paused"
    return JSON(hit, are: "paused")
  }

  private mutating func resume() -> JSON {
    let resumed = paused.sorted()
    paused = []
    faults[.pause] = nil
    for node in resumed { actions.append(.resume(node)) }
    return JSON(resumed, are: "resumed")
  }

  private mutating func breakDisks(_ hit: [NodeID]) -> JSON {
    let condition = nemesis.diskCondition()
    let broken = hit.filter { !down.contains($0) && !dead.contains($0) }
    brokenDisks.formUnion(broken)
    for node in broken { actions.append(.setDisk(node, condition)) }
    let noun = brokenDisks.count == 1 ? "disk" : "disks"
    faults[.disk] = brokenDisks.isEmpty ? nil : "\(brokenDisks.count) \(noun) \(condition.rawValue)"
    return [.string(condition.rawValue), JSON(broken)]
  }

  private mutating func mendDisks() -> JSON {
    let mended = brokenDisks.sorted()
    brokenDisks = []
    faults[.disk] = nil
    for node in mended { actions.append(.setDisk(node, .sound)) }
    return JSON(mended)
  }

  private mutating func record(_ step: Nemesis.Step, _ value: JSON) {
    let operation = Operation(
      time: time, kind: .info, process: .nemesis, function: step.function, value: value)
    let index = history.append(operation)
    record?.operation(operation, index: index, at: clock)
  }
}

extension Degradation {
  fileprivate var fault: Scenario.Fault {
    switch self {
    case .loss: .loss
    case .duplicate: .duplicate
    case .reorder: .reorder
    case .slow: .slow
    }
  }
}

extension JSON {
  fileprivate init(_ nodes: [NodeID]) { self = .array(nodes.map { .string($0.name) }) }

  /// What became of each node, as Jepsen writes it: `{"n1" :paused}`.
  fileprivate init(_ nodes: [NodeID], are condition: String) {
    self = .object(Dictionary(nodes.map { ($0.name, .string(condition)) }) { first, _ in first })
  }
}
