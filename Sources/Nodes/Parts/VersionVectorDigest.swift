internal import Glomers

extension VersionVector {
  /// A number from 0 to 2⁵³ - 1 by which vectors are compared without being sent: the same for equal ones, at every node;
  /// for others almost never.
  var digest: Int {
    var sum: UInt64 = 0
    for (origin, count) in sorted {
      // FNV-1a (Fowler, Noll, Vo) of the name; the generator's step mixes in the count.
      var hash: UInt64 = 0xCBF2_9CE4_8422_2325
      for byte in origin.name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
      var mixer = Random(seed: hash &+ UInt64(truncatingIfNeeded: count))
      sum &+= mixer.next()
    }
    return Int(sum >> 11)
  }
}
