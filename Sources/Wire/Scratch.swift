import CGlomers

extension JSONObject {
  /// What readers of one kind of message keep from line to line, to use its memory again. Made when the document has
  /// none of that kind.
  package func scratch<Scratch: AnyObject>(_ make: @autoclosure () -> Scratch) -> Scratch {
    view.document.scratch(make)
  }
}

extension Array {
  /// Removes all elements, to be filled again in the same memory: unless somebody else still holds the array, who
  /// then keeps it, or it is so large that it would be a waste.
  ///
  /// Inlinable, because unspecialized it costs more than to allocate.
  @inlinable package mutating func clear() {
    if count > 4 || capacity > 1024 { return removeAll(keepingCapacity: capacity <= 1024) }
    // The library's general way would cost more than to move as few out one by one.
    while popLast() != nil {}
  }
}

extension String {
  /// A hash of a few instructions, of the length and the first and last eight bytes, from 0 to 255. Whoever chooses texts
  /// can make it collide.
  package var quickHash: Int { withBytes { Int(glomers_quick_hash($0.baseAddress, $0.count) >> 56) } }

  /// The text's bytes, in UTF-8; valid only inside `body`. Where the library holds them in one piece, as it nearly always
  /// does, no reference is counted for that.
  @inline(__always)
  func withBytes<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
    if let result = utf8.withContiguousStorageIfAvailable(body) { return result }
    var copy = self
    return copy.withUTF8(body)
  }
}
