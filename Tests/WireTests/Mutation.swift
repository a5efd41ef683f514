import Glomers

/// Changes a line in one to three places: a byte put in, replaced or lost, or a few bytes doubled.
func mutate(_ line: inout [UInt8], with random: inout Random) {
  let interesting = Array("{}[]\",:\\u 019ntf-".utf8) + [0, 0x1F, 0x7F, 0x80, 0xC0, 0xFF]
  for _ in 0..<Int.random(in: 1...3, using: &random) {
    let place = Int.random(in: 0...line.count, using: &random)
    switch Int.random(in: 0..<4, using: &random) {
    case 0: line.insert(interesting.randomElement(using: &random)!, at: place)
    case 1 where place < line.count: line[place] = interesting.randomElement(using: &random)!
    case 2 where place < line.count: line.remove(at: place)
    default: line.insert(contentsOf: line.suffix(from: place).prefix(12), at: place)
    }
  }
}
