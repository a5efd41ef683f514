public import Glomers

/// One run of one node's process: SWIM's incarnation (Das, Gupta, Motivala: *SWIM*, DSN 2002).
///
/// It has two uses. Every message between replicas names the incarnation that sends it, so that a peer notices that a
/// node was started again, whatever that node still holds. And it names a *stream*: the numbered entries that a node
/// has added. (stream, number) is a dot: it identifies one entry for good, so no dot may be given to two entries.
///
/// A node that is started again continues its earlier stream if every peer has told what it holds of it; otherwise it
/// begins a stream that is named by the new incarnation. ``Dissemination/settle(holding:at:)`` has the rule and the reason.
public struct Incarnation: Hashable, Comparable, Sendable, CustomStringConvertible {
  public let name: String

  public init(name: String) { self.name = name }

  /// A new incarnation of a node, told from its others by 40 random bits.
  public init(of node: NodeID, _ random: inout Random) {
    name = "\(node).\(String(random.next() >> 24, radix: 36))"
  }

  /// The stream of entries that have no number yet: it is stored, and never sent.
  public static let unnumbered = Incarnation(name: "")

  /// The node whose incarnation it is.
  public var node: NodeID { NodeID(String(name[..<(name.lastIndex(of: ".") ?? name.endIndex)])) }

  /// Whether this is an incarnation of `node`; without a name of its own, for it is asked entry by entry.
  func isOf(_ node: NodeID) -> Bool {
    let count = node.name.utf8.count
    var rest = name.utf8.dropFirst(count)
    return rest.popFirst() == UInt8(ascii: ".") && name.utf8.starts(with: node.name.utf8)
      && !rest.contains(UInt8(ascii: "."))
  }

  public var description: String { name }
  public static func < (a: Incarnation, b: Incarnation) -> Bool { a.name < b.name }
}
