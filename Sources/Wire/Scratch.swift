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
