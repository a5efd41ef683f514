internal import Glomers
internal import Wire
import History

/// Texts in the order in which they turn up, each once. The first is empty.
///
/// They lie one after the other, and none is a `String`: a run has millions.
struct TextTable: ~Copyable {
  private var all = TextWriter(reserving: 1 << 16)
  /// Where each text ends.
  private var ends: [Int] = [0]
  private var hashes: [Int] = [0]
  /// Open addressing: a place of a text, or -1. As many as a power of two, at least twice as many as there are texts.
  private var slots = [Int32](repeating: -1, count: 1024)
  private var last = 0

  /// Of a text that is longer than so many bytes the beginning stands for it, with its length.
  mutating func place(of text: borrowing TextWriter, cutTo cap: Int) -> Int {
    unsafe text.withBytes { unsafe place(of: $0, cutTo: cap) }
  }

  /// The same for a body, of which no more than is shown is looked at.
  mutating func place(of body: JSONText, cutTo cap: Int) -> Int {
    unsafe body.withBytes { bytes in
      let beginning = unsafe UnsafeRawBufferPointer(rebasing: bytes.prefix(cap + 8))
      return unsafe beginning.withMemoryRebound(to: UInt8.self) { text in
        // No part of a character.
        if unsafe text.allSatisfy({ $0 < 0x80 }) { return unsafe place(of: text, cutTo: cap) }
        return unsafe String(decoding: text, as: UTF8.self).withText { unsafe place(of: $0, cutTo: cap) }
      }
    }
  }

  private mutating func place(of text: UnsafeBufferPointer<UInt8>, cutTo cap: Int) -> Int {
    if text.isEmpty { return 0 }
    if text.count <= cap {
      if unsafe isText(last, text) { return last }
      let hash = unsafe hashed(text)
      guard let place = unsafe find(text, hash) else {
        unsafe all.add(text)
        return take(hash)
      }
      last = place
      return place
    }
    let start = all.count
    if unsafe text[cap] & 0xC0 != 0x80 {
      unsafe all.add(UnsafeBufferPointer(rebasing: text.prefix(cap)))
      all.add("… (")
      all.add(text.count)
      all.add(" bytes)")
    } else {
      // Half of a character is not left over.
      all.add(unsafe String(decoding: text, as: UTF8.self).cut(to: cap))
    }
    let (hash, place) = unsafe all.withBytes { all in
      let short = unsafe UnsafeBufferPointer(rebasing: all[start...])
      let hash = unsafe hashed(short)
      return unsafe (hash, find(short, hash))
    }
    guard let place else { return take(hash) }
    all.cut(at: start)
    last = place
    return place
  }

  /// Another one for each table, so that nobody can choose texts that collide.
  private let seed = UInt64(truncatingIfNeeded: Hasher().finalize())

  private func hashed(_ text: UnsafeBufferPointer<UInt8>) -> Int {
    let bytes = UnsafeRawBufferPointer(text)
    var hash = seed ^ UInt64(truncatingIfNeeded: text.count), place = 0
    func mix(_ word: UInt64) {
      let (high, low) = (hash ^ word).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
      hash = (high ^ low) &+ seed
    }
    while place &+ 8 <= bytes.count {
      unsafe mix(bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self))
      place &+= 8
    }
    var rest: UInt64 = 0
    while place < bytes.count {
      rest = unsafe rest << 8 | UInt64(bytes[place])
      place &+= 1
    }
    mix(rest)
    return Int(truncatingIfNeeded: hash)
  }

  private func find(_ text: UnsafeBufferPointer<UInt8>, _ hash: Int) -> Int? {
    var slot = hash & (slots.count - 1)
    while slots[slot] >= 0 {
      let place = Int(slots[slot])
      if hashes[place] == hash, unsafe isText(place, text) { return place }
      slot = (slot + 1) & (slots.count - 1)
    }
    return nil
  }

  /// Takes what stands at the end as a text of its own. Returns its place.
  private mutating func take(_ hash: Int) -> Int {
    last = ends.count
    ends.append(all.count)
    hashes.append(hash)
    if ends.count * 2 > slots.count {
      slots = [Int32](repeating: -1, count: 2 * slots.count)
      for place in 1..<ends.count { fill(place) }
    } else {
      fill(last)
    }
    return last
  }

  /// Gives a text a slot.
  private mutating func fill(_ place: Int) {
    var slot = hashes[place] & (slots.count - 1)
    while slots[slot] >= 0 { slot = (slot + 1) & (slots.count - 1) }
    slots[slot] = Int32(place)
  }

  private func isText(_ place: Int, _ text: UnsafeBufferPointer<UInt8>) -> Bool {
    let start = place == 0 ? 0 : ends[place - 1]
    guard ends[place] - start == text.count else { return false }
    return unsafe all.withBytes { all in
      let known = unsafe UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: all[start..<ends[place]]))
      let text = UnsafeRawBufferPointer(text)
      var next = 0
      while next &+ 8 <= text.count {
        guard
          unsafe known.loadUnaligned(fromByteOffset: next, as: UInt64.self)
            == text.loadUnaligned(fromByteOffset: next, as: UInt64.self)
        else { return false }
        next &+= 8
      }
      while next < text.count {
        guard unsafe known[next] == text[next] else { return false }
        next &+= 1
      }
      return true
    }
  }

  /// Adds all texts as elements of a list in JSON.
  func write(to out: inout TextWriter) {
    // Quotes in bodies are escaped.
    out.reserve(all.count + all.count / 2 + 3 * ends.count)
    unsafe all.withBytes { all in
      var start = 0
      for place in ends.indices {
        if place > 0 { out.add(UInt8(ascii: ",")) }
        unsafe out.add(quoted: UnsafeBufferPointer(rebasing: all[start..<ends[place]]), escaping: .less)
        start = ends[place]
      }
    }
  }
}
