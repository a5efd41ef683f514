internal import CFleet
import Foundation
internal import GlomersRuntime

/// Why the fleet can't be used, in a sentence that says what to do.
public struct FleetError: Error, CustomStringConvertible {
  public let description: String
  init(_ description: String) { self.description = description }
}

/// Where the NATS server is, and how to be let in.
public struct ServerAddress: Sendable, Equatable {
  /// `nats://host:4222`, or several with commas between them; with `user:password@` where the server wants that.
  public let url: String
  /// Files: a JWT with its seed; trusted certificates; this side's own certificate and its key.
  public var credentials: String?
  public var authority: String?
  public var certificate: String?
  public var key: String?

  public init(url: String) { self.url = url }

  /// The URL without what is secret in it.
  public var shown: String {
    url.split(separator: ",").map { part in
      guard let at = part.lastIndex(of: "@") else { return String(part) }
      let scheme = part.range(of: "://").map { part[..<$0.upperBound] } ?? ""
      return String(scheme) + String(part[part.index(after: at)...])
    }.joined(separator: ",")
  }

  /// What is wrong with the URL; nil if nothing is.
  public var problem: String? {
    let parts = url.split(separator: ",", omittingEmptySubsequences: false)
    let isFine = parts.allSatisfy { part in
      ["nats://", "tls://"].contains { part.hasPrefix($0) && part.count > $0.count }
        && !part.contains { $0.isWhitespace || $0.isNewline }
    }
    return isFine && parts.count <= 16 ? nil : "give the server's address, like nats://127.0.0.1:4222"
  }
}

extension ServerAddress {
  /// Connects in a way of the bridge's; errors say what to do.
  ///
  /// - Parameter name: how the server's monitor shows this connection.
  func connect(
    _ name: String,
    _ open: (
      UnsafePointer<fleet_options>, UnsafeMutablePointer<fleet_outcome>, UnsafeMutablePointer<CChar>
    ) -> OpaquePointer?
  ) throws(FleetError) -> OpaquePointer {
    let pointers = [url, name, credentials, authority, certificate, key].map { $0.flatMap { strdup($0) } }
    defer { for pointer in pointers { free(pointer) } }
    var options = fleet_options(
      url: pointers[0]!, name: pointers[1]!, user: nil, password: nil, credentials: pointers[2],
      authority: pointers[3], certificate: pointers[4], key: pointers[5])
    var outcome = FLEET_CONNECTED
    var reason = [CChar](repeating: 0, count: 256)
    if let pointer = open(&options, &outcome, &reason) { return pointer }
    let text = String(decoding: reason.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    switch outcome {
    case FLEET_NO_LIBRARY:
      throw FleetError("this workbench was built without NATS: install libnats (make deps), then make build")
    case FLEET_REFUSED: throw FleetError("the NATS server at \(shown) refuses this client: \(text)")
    case FLEET_NO_SERVER:
      throw FleetError("there is no NATS server at \(shown): \(text). Start one, for instance with make nats")
    default: throw FleetError("NATS does not take these options: \(text)")
    }
  }
}

/// A connection to a NATS server whose messages come on a loop's thread.
final class Connection {
  struct Message {
    let subject: String
    let reply: String
    let bytes: [UInt8]
  }

  struct Events {
    let message: (Message) -> Void
    /// The server has gone (true) or is back.
    let away: (Bool) -> Void
    /// What the library or the server objects to.
    let complaint: (String) -> Void
  }

  let address: ServerAddress
  private let events: Events
  private var waker: Waker?
  private var pointer: OpaquePointer?
  private(set) var isAway = false
  private var toldDrops: UInt64 = 0

  init(_ loop: EventLoop, _ address: ServerAddress, name: String, _ events: Events) throws(FleetError) {
    self.address = address
    self.events = events
    var opened: Waker?
    do {
      opened = try Waker(loop) { [unowned self] in takeAll() }
    } catch {
      throw FleetError("\(error)")
    }
    let waker = opened!
    self.waker = waker
    do {
      pointer = try address.connect(name) { fleet_connect($0, waker.pointer, $1, $2) }
    } catch {
      waker.close()
      throw error
    }
  }

  deinit { close() }

  func subscribe(_ subject: String) throws(FleetError) {
    guard let pointer else { return }
    if let reason = fleet_subscribe(pointer, subject) {
      throw FleetError("can't subscribe to \(subject): \(String(cString: reason))")
    }
  }

  /// Returns whether the library has taken it. What it does not take, and what is lost on the way, is the link's care.
  @discardableResult
  func publish(_ subject: String, reply: String = "", _ bytes: [UInt8]) -> Bool {
    guard let pointer else { return false }
    return fleet_publish(pointer, subject, reply, bytes, bytes.count) == nil
  }

  /// As many bytes as a message may have.
  var payloadBytesMax: Int {
    pointer.map { min(fleet_payload_max($0), 1 << 20) } ?? 1 << 20
  }

  /// Waits until the server has what was published, but not long.
  func flush() {
    if let pointer { _ = fleet_flush(pointer, 1000) }
  }

  func close() {
    if let pointer { fleet_close(pointer) }
    pointer = nil
    waker?.close()
    waker = nil
  }

  private func takeAll() {
    var event = fleet_event()
    while let pointer, fleet_take(pointer, &event) {
      let bytes = Array(UnsafeRawBufferPointer(start: event.bytes, count: event.count))
      switch event.kind {
      case FLEET_MESSAGE:
        events.message(
          Message(
            subject: String(cString: event.subject!), reply: String(cString: event.reply!), bytes: bytes))
      case FLEET_AWAY, FLEET_CLOSED:
        if !isAway { events.away(true) }
        isAway = true
      case FLEET_BACK:
        if isAway { events.away(false) }
        isAway = false
      default: events.complaint(String(decoding: bytes, as: UTF8.self))
      }
    }
    guard let pointer else { return }
    let drops = fleet_dropped(pointer)
    if drops > toldDrops {
      events.complaint("\(drops - toldDrops) messages found the queue full and were dropped")
      toldDrops = drops
    }
  }
}
