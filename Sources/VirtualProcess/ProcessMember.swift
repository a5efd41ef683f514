internal import Glomers
internal import Lab
internal import Simulator

/// A node of a simulation that is a program: the verbs of the simulator's members over a machine's processes.
struct ProcessMember {
  let name: NodeID
  /// Its number in the machine.
  let place: Int
  /// The last lines of its standard error.
  private(set) var lastLines: [String] = []

  private static var lastLinesMax: Int { 12 }
  private static var lineBytesMax: Int { 512 }

  init(_ name: NodeID, place: Int) {
    self.name = name
    self.place = place
  }

  /// Starts the program, for the first time or after a kill.
  mutating func start(
    _ program: Program, _ machine: VirtualMachine
  ) throws(VirtualProcessError) {
    lastLines = []
    try machine.start(place, program)
  }

  func kill(_ machine: VirtualMachine) { machine.kill(place) }
  func pause(_ machine: VirtualMachine) { machine.pause(place) }
  func resume(_ machine: VirtualMachine) { machine.resume(place) }
  func setDisk(_ condition: DiskCondition, _ machine: VirtualMachine) { machine.setDisk(place, condition) }
  func skew(by jump: Duration, _ machine: VirtualMachine) { machine.skew(place, by: jump) }

  /// Puts a line into its standard input, where it waits while the program is paused.
  func receive(_ line: [UInt8], _ machine: VirtualMachine) { machine.feed(place, line) }

  /// Tells the test what it has begun to print: without the end of its line, a node may well have answered.
  func tellUnfinished(_ machine: VirtualMachine, _ stage: inout Stage) {
    guard let line = machine.unfinishedLine(place, upTo: Self.lineBytesMax) else { return }
    stage.note(unfinished: line.beginning, ofBytes: line.bytes, from: name)
  }

  /// Gives the test what it printed to its standard output and its standard error.
  mutating func drain(_ machine: VirtualMachine, _ stage: inout Stage) {
    while machine.takeLine(place, .output, { stage.receive(line: $0, from: name) }) {}
    var lines: [String] = []
    while machine.takeLine(
      place, .errors,
      { line in
        let start = line.extracting(first: Self.lineBytesMax)
        lines.append(unsafe start.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) })
      })
    {}
    for line in lines { stage.log(line, by: name) }
    lastLines = (lastLines + lines).suffix(Self.lastLinesMax)
  }
}
