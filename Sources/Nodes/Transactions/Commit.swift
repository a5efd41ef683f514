public import Replication
public import Glomers

/// What is left of one transaction of an origin: its writes that no later one has overwritten.
public struct Commit: Equatable, Sendable {
  public struct Write: Equatable, Sendable {
    public let key: JSON
    public let value: JSON

    public init(key: JSON, value: JSON) {
      self.key = key
      self.value = value
    }
  }

  public let time: Int
  public let writes: [Write]

  public init(time: Int, writes: [Write]) {
    self.time = time
    self.writes = writes
  }
}

/// What an origin committed later than `after`, which is a time too, up to the time in the version that it comes with.
public typealias CommitDelta = Delta<Commit>
