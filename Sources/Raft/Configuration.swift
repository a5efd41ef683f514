public import Glomers
internal import Wire

/// Who takes part (chapter 4). One node at a time becomes a voter or ceases to be one, so that any majority of one
/// configuration and any of the next have a node in common.
public struct Configuration: Equatable, Sendable {
  /// Their votes elect leaders, their logs commit entries. In order.
  public private(set) var voters: [NodeID]
  /// They are sent the log, and count for nothing, until they have caught up and become voters (§4.2.1). In order.
  public private(set) var learners: [NodeID]

  // What sorts is not inlined: a generic caller with a sort in it would not be specialized in other modules.
  @inline(never)
  public init(voters: [NodeID], learners: [NodeID] = []) {
    self.voters = voters.sorted()
    self.learners = learners.sorted()
  }

  public var members: [NodeID] {
    @inline(never) get { learners.isEmpty ? voters : (voters + learners).sorted() }
  }

  public func contains(_ node: NodeID) -> Bool { voters.contains(node) || learners.contains(node) }

  /// The same with a node as a voter.
  public func promoting(_ node: NodeID) -> Configuration {
    Configuration(
      voters: voters.filter { $0 != node } + [node], learners: learners.filter { $0 != node })
  }

  /// The same with a node that is sent the log, and does not count yet.
  public func teaching(_ node: NodeID) -> Configuration {
    contains(node) ? self : Configuration(voters: voters, learners: learners + [node])
  }

  public func removing(_ node: NodeID) -> Configuration {
    Configuration(voters: voters.filter { $0 != node }, learners: learners.filter { $0 != node })
  }

  /// The greatest number that a majority has reached, of the numbers that all voters have.
  @inline(never)
  static func reachedByMajority(_ values: [Int]) -> Int {
    guard !values.isEmpty else { return 0 }
    // Of 2k + 1 voters, k + 1 have reached the one in the middle; of 2k, k + 1 the one before.
    return values.sorted()[(values.count - 1) / 2]
  }

  /// Whether a majority of the voters is among these.
  func isMajority(where agrees: (NodeID) -> Bool) -> Bool {
    2 * voters.count(where: agrees) > voters.count
  }
}

extension Configuration {
  init(from object: JSONObject) throws(WireError) {
    self.init(
      voters: try object.strings("voters").map { NodeID($0) },
      learners: try object.strings("learners").map { NodeID($0) })
    guard !voters.isEmpty, Set(members).count == members.count else {
      throw .malformed("voters and learners must name each node once, and at least one voter")
    }
  }

  func write(to writer: inout JSONWriter) {
    writer.member("voters", voters.map(\.name))
    writer.member("learners", learners.map(\.name))
  }
}
