import Checkers
internal import Glomers
internal import Wire
import History

/// What the nemesis does to nodes and network.
extension TestRun {
  mutating func stepNemesis() {
    guard player != nil else { return carryOut(nemesis.step()) }
    let edge = player!.takeEdge()
    carryOut(scripted: edge.fault, isStart: edge.isStart)
  }

  /// Ends all faults, for good.
  mutating func endFaults() {
    calm = nil
    recorder?.allEnded()
    network.lift("script")
    guard player != nil else { return nemesis.retire().forEach { carryOut($0) } }
    for place in player!.retire() { carryOut(scripted: place, isStart: false) }
  }

  mutating func carryOut(_ step: Nemesis.Step) {
    let wasWell = faults.isEmpty
    noteFaults()
    record(step.function, step.value)
    record(step.function, effect(of: step))
    noteFaults()
    if !wasWell, faults.isEmpty { visibility.healed(at: clock) }
    counts.faults = faults.values.sorted()
  }

  /// Carries a step out; returns what people are to read of it.
  private mutating func effect(of step: Nemesis.Step) -> JSON {
    switch step {
    case .startPartition(let shape):
      return start(.cut(nemesis.grudge(shape, nodes), isOneWay: false), shape.rawValue)
    case .startOneWay: return start(.cut(nemesis.oneWayGrudge(nodes), isOneWay: true))
    case .stopPartition: return heal(.partition, rule: Scenario.Fault.partition.rawValue)
    case .stopOneWay: return heal(.oneWay, rule: Scenario.Fault.oneWay.rawValue)
    case .degrade(let degradation):
      network.impose(nemesis.rule(degradation, between: nodes))
      faults[degradation.fault] = degradation.rawValue
      return .null
    case .restore(let degradation):
      network.lift(degradation.rawValue)
      faults[degradation.fault] = nil
      return .null
    case .kill(let targets): return start(.kill(nemesis.nodes(targets, of: nodes)))
    case .start: return start(states.down.sorted())
    case .pause(let targets): return start(.pause(nemesis.nodes(targets, of: nodes)))
    case .resume: return resume(states.paused.sorted())
    case .breakDisks(let targets):
      let hit = nemesis.nodes(targets, of: nodes)
      return start(.disk(nemesis.diskCondition(), hit))
    case .mendDisks: return mendDisks(states.withBrokenDisks.sorted())
    case .skew(let targets):
      let hit = nemesis.nodes(targets, of: nodes)
      return start(.skew(hit.map { .init($0, by: nemesis.skew()) }))
    case .removeMembers:
      let hit = Array(
        nodes.shuffled(using: &choices).prefix(
          Int.random(in: 1...max(1, (nodes.count - 1) / 2), using: &choices)))
      return start(.remove(hit))
    case .addMembers: return addMembers()
    case .killServer: return killServer()
    case .startServer: return startServer()
    }
  }

  /// A fault begins.
  ///
  /// - Parameter kind: of a partition, in a word.
  /// - Parameter rule: the name that the network's rule gets, if there is one.
  mutating func start(_ harm: Script.Harm, _ kind: String = "", rule: String? = nil) -> JSON {
    noting { $0.started(harm, at: $1) }
    switch harm {
    case .cut(let grudge, let isOneWay):
      network.impose(.partition(grudge, name: rule ?? harm.fault.rawValue))
      cuts[rule ?? harm.fault.rawValue] = grudge
      orderCuts()
      faults[harm.fault] = isOneWay ? "one-way cut" : "partition (\(kind))"
      return ["isolated", grudge.json]
    case .kill(let hit): return kill(hit)
    case .pause(let hit): return pause(hit)
    case .disk(let condition, let hit): return breakDisks(condition, hit)
    case .remove(let hit):
      membership.remove(hit)
      faults[.membership] = membership.isUnknown ? nil : "members removed"
      return JSON(hit)
    case .skew(let jumps):
      if !jumps.isEmpty { noteFaults(and: .skew) }
      for jump in jumps { actions.append(.skew(jump.node, by: jump.distance)) }
      return JSON(jumps.map(\.node))
    }
  }

  mutating func heal(_ fault: Scenario.Fault, rule: String) -> JSON {
    noting { $0.ended(fault, at: $1) }
    network.lift(rule)
    cuts[rule] = nil
    orderCuts()
    faults[fault] = nil
    return "network-healed"
  }

  private mutating func kill(_ hit: [NodeID]) -> JSON {
    for node in hit where states.isRunning(node) {
      noteKill(of: node)
      if states.kill(node) { orderCuts() }
      network.discard(for: node)
      noteMishaps()
      actions.append(.kill(node))
    }
    describeStops()
    return JSON(hit, are: "killed")
  }

  /// Starts what was killed, with a disk that works. Like any node, it is told who it is before anything else.
  mutating func start(_ started: [NodeID]) -> JSON {
    noting { $0.ended(.kill, at: $1) }
    states.start(started)
    describeStops()
    for node in started {
      actions.append(.setDisk(node, .sound))
      actions.append(.start(node))
      initializeAgain(node)
    }
    return JSON(started, are: "started")
  }

  mutating func initializeAgain(_ node: NodeID) {
    ask(openClient(node, for: .initialization), .initializeAgain, patience: Self.initializationPatience) {
      [nodes] body in
      body.member("type", "init")
      body.member("node_id", node.name)
      body.member("node_ids", nodes.map(\.name))
    }
  }

  private mutating func pause(_ hit: [NodeID]) -> JSON {
    let stopped = hit.filter(states.isAwake)
    states.pause(stopped)
    for node in stopped { actions.append(.pause(node)) }
    describeStops()
    return JSON(hit, are: "paused")
  }

  mutating func resume(_ resumed: [NodeID]) -> JSON {
    noting { $0.ended(.pause, at: $1) }
    states.resume(resumed)
    describeStops()
    for node in resumed { actions.append(.resume(node)) }
    return JSON(resumed, are: "resumed")
  }

  /// Says in words how many nodes are killed and paused.
  private mutating func describeStops() {
    let (down, paused) = (states.down.count, states.paused.count)
    faults[.kill] = down == 0 ? nil : "\(down) killed"
    faults[.pause] = paused == 0 ? nil : "\(paused) paused"
  }

  private mutating func breakDisks(_ condition: DiskCondition, _ hit: [NodeID]) -> JSON {
    let broken = hit.filter(states.isRunning)
    states.breakDisks(of: broken)
    for node in broken { actions.append(.setDisk(node, condition)) }
    let count = states.withBrokenDisks.count
    faults[.disk] = count == 0 ? nil : "\(count) \(count == 1 ? "disk" : "disks") \(condition.rawValue)"
    return [.string(condition.rawValue), JSON(broken)]
  }

  mutating func mendDisks(_ mended: [NodeID]) -> JSON {
    noting { $0.ended(.disk, at: $1) }
    states.mendDisks(of: mended)
    if states.withBrokenDisks.isEmpty { faults[.disk] = nil }
    for node in mended { actions.append(.setDisk(node, .sound)) }
    return JSON(mended)
  }

  mutating func addMembers() -> JSON {
    noting { $0.ended(.membership, at: $1) }
    membership.addAll()
    return JSON(membership.outside.sorted())
  }

  mutating func record(_ function: String, _ value: JSON) {
    let operation = Operation(time: time, kind: .info, process: .nemesis, function: function, value: value)
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
    self = .object(Dictionary(nodes.map { (JSONName($0.name), .string(condition)) }) { first, _ in first })
  }
}
