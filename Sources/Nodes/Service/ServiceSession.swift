/// What the node that carries out the calls of one life of another knows of them: which ones have come. A copy of one
/// that has, or of one that is too late, is not let in.
struct ServiceSession: Sendable {
  /// A call may be overtaken by as many later ones, and is still let in.
  static let overtakingMax = 1024

  let id: Int
  let life: Int
  /// The highest number that has come.
  private var last = 0
  /// The lower ones that have not; at most ``overtakingMax``.
  private var overtaken: Set<Int> = []

  init(id: Int, life: Int) {
    self.id = id
    self.life = life
  }

  /// Whether to carry out the call with this number: true at most once.
  mutating func admit(_ number: Int) -> Bool {
    guard number > last else { return overtaken.remove(number) != nil }
    let oldest = max(number - Self.overtakingMax, 1)
    if oldest > last { overtaken = [] }
    overtaken.formUnion(max(last + 1, oldest)..<number)
    if overtaken.count > Self.overtakingMax { overtaken = overtaken.filter { $0 >= oldest } }
    last = number
    return true
  }
}
