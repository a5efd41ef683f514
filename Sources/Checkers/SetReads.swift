import Glomers
import History

/// The reads of a set that succeeded, in the order in which they begin, and what each shows.
///
/// A node mostly shows what it has shown before, in the same order, and behind that what is new. Such reads of one node
/// are a *chain*: the chain has each element once, and each of its reads shows the first so many of them. A read that does
/// not go on where the node's last one was begins a chain of its own. So time and memory are linear in what reads show that is
/// new to their chains, which is never more than all that they show.
struct SetReads: Sendable {
  struct Read: Sendable {
    /// Its invocation and its completion in the history.
    let begin: Int
    let end: Int
    let node: NodeID?
    let isFinal: Bool
    fileprivate var chain: Int32
    /// Which of its chain's reads it is.
    fileprivate let position: Int32
    /// How many of its chain's elements it shows.
    fileprivate let count: Int32
  }

  private struct Chain: Sendable {
    let node: NodeID?
    /// In the order in which they first appear.
    var elements: [Int32] = []
    /// Places in ``reads``, ascending.
    var reads: [Int32] = []
  }

  /// Where an element appears: in which chain, and from which of that chain's reads on.
  struct Appearance: Sendable {
    fileprivate let chain: Int32
    fileprivate let position: Int32
  }

  /// The reads of one node.
  struct Group: Sendable {
    let node: NodeID?
    fileprivate let chains: Range<Int>

    /// Whether each of its reads shows what the ones before it did.
    var isSingleChain: Bool { chains.count == 1 }
  }

  /// In the order in which they begin.
  private(set) var all: [Read] = []
  /// Elements that a read shows more than once: how often, and the read's completion.
  private(set) var duplicates: [(element: Int, multiplicity: Int, node: NodeID?, read: Int)] = []
  /// By node, once all reads have been taken.
  private var chains: [Chain] = []
  /// By the names of their nodes.
  private(set) var groups: [Group] = []
  private var groupOfChain: [Int] = []
  /// By element, in the order of the chains.
  private var appearances: [Appearance] = []
  private var starts: [Int32] = [0]

  /// The chain that a node's next read may go on with.
  private struct Ongoing {
    var chain = -1
    /// What its last read shows, as the node wrote it.
    var integers: [Int] = []
    /// Whether an element is in the chain; a bit each.
    var isShown: [UInt64] = []
  }

  private var ongoing: [NodeID?: Ongoing] = [:]

  // MARK: Collecting

  /// Takes the next read to begin, which shows integers.
  ///
  /// - Parameter number: of an integer among the elements.
  mutating func append(
    _ begin: Int, _ end: Int, _ node: NodeID?, isFinal: Bool, integers: [Int], number: (Int) -> Int
  ) {
    var state = ongoing.removeValue(forKey: node) ?? Ongoing()
    let isContinued = state.chain >= 0 && integers.isContinuation(of: state.integers)
    let known = isContinued ? state.integers.count : 0
    state.integers = integers
    collect(begin, end, node, isFinal, isContinued, &state, integers.count - known) {
      number(integers[known + $0])
    }
  }

  /// Takes the next read to begin, which shows elements of any kind, by their numbers.
  mutating func append(_ begin: Int, _ end: Int, _ node: NodeID?, isFinal: Bool, elements: [Int]) {
    var state = ongoing.removeValue(forKey: node) ?? Ongoing()
    collect(begin, end, node, isFinal, false, &state, elements.count) { elements[$0] }
    ongoing[node]?.chain = -1
  }

  private mutating func collect(
    _ begin: Int, _ end: Int, _ node: NodeID?, _ isFinal: Bool, _ isContinued: Bool, _ state: inout Ongoing,
    _ count: Int, _ element: (Int) -> Int
  ) {
    if !isContinued {
      state.isShown = []
      state.chain = chains.count
      chains.append(Chain(node: node))
    }
    let chain = state.chain
    var repeated: [Int: Int] = [:]
    for place in 0..<count {
      let number = element(place)
      let (word, bit) = (number / 64, UInt64(1) << (number % 64))
      while state.isShown.count <= word { state.isShown.append(0) }
      if state.isShown[word] & bit != 0 {
        repeated[number, default: 1] += 1
      } else {
        state.isShown[word] |= bit
        chains[chain].elements.append(Int32(number))
      }
    }
    for (element, multiplicity) in repeated.sorted(by: { $0.key < $1.key }) {
      duplicates.append((element, multiplicity, node, end))
    }
    let position = Int32(chains[chain].reads.count)
    chains[chain].reads.append(Int32(all.count))
    all.append(
      Read(
        begin: begin, end: end, node: node, isFinal: isFinal, chain: Int32(chain), position: position,
        count: Int32(chains[chain].elements.count)))
    // Where something stands twice, the places of a list are not those of the chain.
    if !repeated.isEmpty { state.chain = -1 }
    ongoing[node] = state
  }

  /// All reads have been taken.
  ///
  /// - Parameter elementCount: of all numbers, shown or not.
  mutating func finish(elementCount: Int) {
    ongoing = [:]
    groupByNode()
    starts = Array(repeating: 0, count: elementCount + 1)
    for chain in chains { for element in chain.elements { starts[Int(element) + 1] += 1 } }
    for element in 0..<elementCount { starts[element + 1] += starts[element] }
    var next = starts
    appearances = Array(
      repeating: Appearance(chain: 0, position: 0), count: Int(starts[elementCount]))
    for (number, chain) in chains.enumerated() {
      var position = 0
      for (place, element) in chain.elements.enumerated() {
        while Int(all[Int(chain.reads[position])].count) <= place { position += 1 }
        appearances[Int(next[Int(element)])] = Appearance(chain: Int32(number), position: Int32(position))
        next[Int(element)] += 1
      }
    }
  }

  private mutating func groupByNode() {
    let byNode = Dictionary(grouping: chains, by: \.node).sorted {
      ($0.key?.name ?? "") < ($1.key?.name ?? "")
    }
    chains = []
    for (node, ofNode) in byNode {
      groupOfChain += Array(repeating: groups.count, count: ofNode.count)
      groups.append(Group(node: node, chains: chains.count..<chains.count + ofNode.count))
      chains += ofNode
    }
    for (number, chain) in chains.enumerated() {
      for place in chain.reads { all[Int(place)].chain = Int32(number) }
    }
  }

  // MARK: Asking

  /// What a read shows: each element once, in the order in which they first appear.
  func elements(of read: Read) -> ArraySlice<Int32> {
    chains[Int(read.chain)].elements[..<Int(read.count)]
  }

  /// Where an element appears.
  func appearances(of element: Int) -> ArraySlice<Appearance> {
    appearances[Int(starts[element])..<Int(starts[element + 1])]
  }

  /// The reads that show an element where it appears, as places in ``all``, ascending.
  func showing(_ appearance: Appearance) -> ArraySlice<Int32> {
    chains[Int(appearance.chain)].reads[Int(appearance.position)...]
  }

  /// Where an element appears at each node that shows it, with the place of the node in ``groups``.
  func appearancesByGroup(of element: Int) -> [(group: Int, ArraySlice<Appearance>)] {
    var rest = appearances(of: element)
    var found: [(group: Int, ArraySlice<Appearance>)] = []
    while let first = rest.first {
      let group = groupOfChain[Int(first.chain)]
      let ofGroup = rest.prefix { groups[group].chains.contains(Int($0.chain)) }
      found.append((group, ofGroup))
      rest = rest[ofGroup.endIndex...]
    }
    return found
  }

  /// All reads that show an element, as places in ``all``, ascending.
  func showing(_ element: Int) -> [Int] {
    appearances(of: element).flatMap { showing($0).map { Int($0) } }.sorted()
  }

  /// Whether a read shows an element.
  func shows(_ place: Int, _ element: Int) -> Bool {
    let read = all[place]
    return appearances(of: element).contains { $0.chain == read.chain && $0.position <= read.position }
  }

  private func lastRead(_ chain: Int) -> Int { Int(chains[chain].reads.last!) }

  /// Finds the last read that lacks an element, one element after the other.
  struct Absences {
    private let reads: SetReads
    /// The chains that it looks at, the one with the latest read first.
    private let latestFirst: [Int]
    private let first: Int
    /// By chain, the element that was last seen to appear in it.
    private var marks: [Int32]

    /// - Parameter group: whose reads count; nil for all.
    init(_ reads: SetReads, of group: Group? = nil) {
      self.reads = reads
      let chains = group?.chains ?? reads.chains.indices
      latestFirst = chains.sorted { reads.lastRead($0) > reads.lastRead($1) }
      first = chains.lowerBound
      marks = Array(repeating: -1, count: chains.count)
    }

    /// The place of the last read that lacks the element; -1 if none does.
    ///
    /// - Parameter appearances: of the element in these chains.
    mutating func last(of element: Int, _ appearances: ArraySlice<Appearance>) -> Int {
      var last = -1
      for appearance in appearances {
        marks[Int(appearance.chain) - first] = Int32(element)
        // Before the first read of its chain that shows it is the last one that does not.
        guard appearance.position > 0 else { continue }
        last = max(last, Int(reads.chains[Int(appearance.chain)].reads[Int(appearance.position) - 1]))
      }
      for chain in latestFirst where marks[chain - first] != Int32(element) || reads.lastRead(chain) <= last {
        return max(last, reads.lastRead(chain))
      }
      return last
    }
  }
}

extension [Int] {
  /// Whether it is another array with more behind it, or the same.
  package func isContinuation(of other: [Int]) -> Bool {
    guard count >= other.count else { return false }
    // Without the checks of each element: this is asked for whole histories of long reads.
    return unsafe withUnsafeBufferPointer { mine in
      unsafe other.withUnsafeBufferPointer { theirs in
        for place in 0..<theirs.count where unsafe mine[place] != theirs[place] { return false }
        return true
      }
    }
  }
}
