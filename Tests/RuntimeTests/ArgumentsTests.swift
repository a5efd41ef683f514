import Glomers
import GlomersRuntime
import Testing

@Suite("A node's command line")
struct ArgumentsTests {
  static let options = [
    Option("budget", .duration(.milliseconds(600)), "How long it may take."),
    Option("copies", .integer(3, in: 1...9), "How many there are."),
    Option("shape", .choice("hub", of: ["hub", "ring"]), "How they are joined."),
    Option("loud", .flag(false), "Whether it says so."),
  ]

  @Test("values come after a blank or an equals sign, and the last one counts")
  func values() throws {
    let parsed = try Arguments(
      ["--budget", "2s", "--copies=4", "--copies", "5", "--shape=ring"], options: Self.options)
    #expect(
      parsed
        == .values([
          "budget": .duration(.seconds(2)), "copies": .integer(5, in: 1...9),
          "shape": .choice("ring", of: ["hub", "ring"]),
        ]))
  }

  @Test("a flag may go without its value", arguments: [["--loud"], ["--loud", "true"], ["--loud=true"]])
  func flag(arguments: [String]) throws {
    #expect(try Arguments(arguments, options: Self.options) == .values(["loud": .flag(true)]))
  }

  @Test("a flag without a value leaves the next option alone")
  func flagBeforeOption() throws {
    let parsed = try Arguments(["--loud", "--copies", "2"], options: Self.options)
    #expect(parsed == .values(["loud": .flag(true), "copies": .integer(2, in: 1...9)]))
  }

  @Test("no arguments leave every option at its fallback")
  func none() throws {
    #expect(try Arguments([], options: Self.options) == .values([:]))
  }

  @Test(
    "what can't be used is named together with what could be",
    arguments: [
      (["--bugdet", "2s"], "unknown option '--bugdet'. Options: --budget DURATION"),
      (["--budget", "soon"], "--budget can't be 'soon': it takes DURATION (0s to 24h, like 600ms or 2s)"),
      (["--budget"], "--budget needs a value: DURATION"),
      (["--budget="], "--budget can't be '': it takes DURATION"),
      (["--copies", "10"], "--copies can't be '10': it takes INTEGER (1 to 9)"),
      (["--shape", "tree"], "--shape can't be 'tree': it takes hub|ring"),
      (["--loud=maybe"], "--loud can't be 'maybe': it takes true|false"),
      (["budget"], "unexpected argument 'budget'. Options: --budget DURATION"),
      (["--"], "unknown option '--'. Options: --budget DURATION"),
    ])
  func errors(arguments: [String], message: String) {
    let error = #expect(throws: UsageError.self) { try Arguments(arguments, options: Self.options) }
    #expect(error?.message.hasPrefix(message) == true, "\(error?.message ?? "")")
  }

  @Test("--help names every option with its fallback")
  func help() throws {
    #expect(try Arguments(["--copies", "2", "--help"], options: Self.options) == .help)
    let text = Arguments.help(program: "tool", options: Self.options)
    #expect(text.hasPrefix("Usage: tool [options]\n"))
    for expected in [
      "Default: 600ms.", "Default: 3.", "Default: hub.", "Default: false.", "--budget DURATION",
    ] {
      #expect(text.contains(expected))
    }
  }
}
