import CGlomers
public import Glomers

/// Arrays as a whole.
extension JSONWriter {
  /// An array of any values.
  public mutating func values(_ elements: [JSON]) {
    beginArray()
    // A copy of each element would cost more than to write it.
    let elements = elements.span
    var index = 0
    while index < elements.count {
      index = integers(elements, from: index)
      guard index < elements.count else { break }
      value(elements[index])
      index += 1
    }
    endArray()
  }

  /// Writes the elements from a place on, as long as they are integers. Returns the place of the first that is none.
  private mutating func integers(_ elements: Span<JSON>, from first: Int) -> Int {
    // Room is made for so many at a time.
    let (chunk, bytesEach) = (128, 21)
    var index = first
    while index < elements.count {
      let chunkEnd = min(index + chunk, elements.count)
      reserve((chunkEnd - index) * bytesEach + 1)
      var place = end
      var follows = followsValue
      while index < chunkEnd, case .integer(let value) = elements[index] {
        // Written in any case: before the first of all, the value takes its place.
        place.storeBytes(of: UInt8(ascii: ","), as: UInt8.self)
        place += follows ? 1 : 0
        place += glomers_write_integer(place, Int64(value))
        follows = true
        index += 1
      }
      finish(at: place, followsValue: follows)
      guard index == chunkEnd else { break }
    }
    return index
  }

  /// An array of integers.
  public mutating func integers(_ elements: [Int]) {
    beginArray()
    for element in elements { integer(element) }
    endArray()
  }

  /// An array of strings.
  public mutating func strings(_ elements: [String]) {
    beginArray()
    for element in elements { string(element) }
    endArray()
  }

  /// An array of strings.
  @_disfavoredOverload
  public mutating func names(_ elements: [JSONName]) {
    beginArray()
    for element in elements { string(element) }
    endArray()
  }
}
