import Foundation
internal import GlomersRuntime

/// A NATS server that an agent has started: the only one that a bench can have killed.
final class ServerChild {
  private let loop: EventLoop
  private let settings: Agent.Settings
  private let onFailure: (FleetError) -> Void
  private var node: AgentNode?
  /// Whether it is to run; it is started again as soon as the one before it has gone.
  private var isWanted = true
  private var lastLine = ""

  /// Starts it.
  ///
  /// - Parameter onFailure: gets why it has ended, where nobody has asked for that.
  init(_ loop: EventLoop, _ settings: Agent.Settings, _ onFailure: @escaping (FleetError) -> Void)
    throws(FleetError)
  {
    self.loop = loop
    self.settings = settings
    self.onFailure = onFailure
    try start()
  }

  /// Kills it, or has it started again.
  func want(_ isWanted: Bool) {
    guard isWanted != self.isWanted else { return }
    self.isWanted = isWanted
    if !isWanted {
      node?.signal("kill")
    } else if node == nil {
      startAgain()
    }
  }

  private func startAgain() {
    do throws(FleetError) {
      try start()
    } catch {
      onFailure(error)
    }
  }

  private func start() throws(FleetError) {
    do {
      try FileManager.default.createDirectory(
        atPath: settings.directory, withIntermediateDirectories: true)
      node = try AgentNode(
        loop, "server", settings, directory: settings.directory, keepsRecords: false,
        .init(
          isTaken: { _ in true },
          errorLine: { [unowned self] in lastLine = String(decoding: $0.prefix(400), as: UTF8.self) },
          oversized: { _, _ in },
          exit: { [unowned self] node, ended in
            self.node = nil
            if node.isStopping {
              if isWanted { startAgain() }
            } else {
              onFailure(
                FleetError(
                  "\(settings.executable) has ended by itself: \(lastLine). Its log is \(settings.directory)/server.log"
                ))
            }
          }))
    } catch {
      throw FleetError("can't start \(settings.executable): \(error)")
    }
  }
}
