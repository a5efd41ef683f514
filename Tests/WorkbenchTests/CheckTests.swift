import Foundation
import Testing

@Suite("Checking a history from a file", .timeLimit(.minutes(3)))
struct CheckTests {
  private func check(_ history: String, _ arguments: String...) async throws -> FinishedRun {
    let file = try Launcher.freshDirectory().appendingPathComponent("history.edn")
    try history.write(to: file, atomically: true, encoding: .utf8)
    return try await Launcher.run(["check", file.path] + arguments)
  }

  private static let ids = """
    #jepsen.history.Op{:index 0, :time 1, :type :invoke, :process 0, :f :generate, :value nil}
    #jepsen.history.Op{:index 1, :time 2, :type :ok, :process 0, :f :generate, :value 7}
    #jepsen.history.Op{:index 2, :time 3, :type :invoke, :process 1, :f :generate, :value nil}
    #jepsen.history.Op{:index 3, :time 4, :type :ok, :process 1, :f :generate, :value ID}
    """

  @Test("the results, the closing line and the exit status are those of a run")
  func verdicts() async throws {
    let good = try await check(Self.ids.replacingOccurrences(of: "ID", with: "8"), "-w", "unique-ids")
    #expect(good.status == 0, "\(good.errors)")
    #expect(good.lastLine == "Everything looks good! ヽ(‘ー`)ノ")
    #expect(!good.output.contains(":net"), "nothing is said of what can't be known")
    let bad = try await check(Self.ids.replacingOccurrences(of: "ID", with: "7"), "-w", "unique-ids")
    #expect(bad.status == 1, "\(bad.errors)")
    #expect(bad.output.contains("✗ duplicate-id: the id 7 was given 2 times [history: 1, 3]"))
    #expect(bad.lastLine == "Analysis invalid! (ﾉಥ益ಥ）ﾉ ┻━┻")
  }

  @Test("what was demanded of the run can be demanded of its history")
  func demands() async throws {
    let history = Self.ids.replacingOccurrences(of: "ID", with: "8").replacingOccurrences(
      of: ":type :ok, :process 1", with: ":type :fail, :process 1")
    let total = try await check(history, "-w", "unique-ids", "--availability", "total")
    #expect(total.status == 1)
    #expect(total.output.contains(":ok-fraction 0.5"))
  }

  private static let forgetful = """
    {:type :invoke, :f :broadcast, :value 1, :process 0}
    {:type :ok, :f :broadcast, :value 1, :process 0}
    {:type :invoke, :f :read, :process 0}
    {:type :ok, :f :read, :process 0, :value [1]}
    {:type :invoke, :f :read, :process 3}
    {:type :ok, :f :read, :process 3, :value []}
    {:type :invoke, :f :read, :process 1, :final? true}
    {:type :ok, :f :read, :process 1, :value [1], :final? true}
    {:type :invoke, :f :read, :process 2, :final? true}
    {:type :ok, :f :read, :process 2, :value [1], :final? true}
    """

  @Test("what one node must hold is asked of each process, or of the nodes if one says how many there were")
  func nodes() async throws {
    let unknown = try await check(Self.forgetful, "-w", "broadcast")
    #expect(unknown.status == 0, "\(unknown.output)")
    // Of three nodes, processes 0 and 3 have the same, which shows the value and then does not.
    let three = try await check(
      Self.forgetful, "-w", "broadcast", "--node-count", "3", "--also", "monotonic-reads")
    #expect(three.status == 1)
    // Maelstrom's contract lets reads go back for a while.
    let lax = try await check(Self.forgetful, "-w", "broadcast", "--node-count", "3")
    #expect(lax.status != 1 && lax.output.contains("! vanished-value"))
    #expect(three.output.contains("vanished-value: n0"))
    let two = try await check(Self.forgetful, "-w", "broadcast", "--node-count", "2", "--concurrency", "4")
    #expect(!two.output.contains("vanished-value"))
  }

  @Test("a file that is not there, or holds no history, is told with its place")
  func unusable() async throws {
    let missing = try await Launcher.run(["check", "/nowhere/history.edn", "-w", "echo"])
    #expect(missing.status == 255)
    #expect(missing.errors.contains("can't read /nowhere/history.edn"))
    let broken = try await check("{:type :ok, :f :read, :process 0}", "-w", "echo")
    #expect(broken.status == 255)
    #expect(broken.errors.contains("is no history: line 1, column 1: operation 0: process 0 ends read"))
    let directory = try await Launcher.run(["check", "/tmp/", "-w", "echo"])
    #expect(directory.status == 255)
    #expect(directory.errors.contains("/tmp/ is a directory: give the file in it, like /tmp/history.edn"))
    let nameless = try await check("", "-w", "ehco")
    #expect(nameless.status == 2)
    #expect(nameless.errors.contains("choose echo"))
  }

  /// Two nodes that never tell each other anything.
  private static let lonely = """
    {:process 0, :type :invoke, :f :txn, :value [[:w 1 10]], :node "n0"}
    {:process 1, :type :invoke, :f :txn, :value [[:w 1 20]], :node "n1"}
    {:process 0, :type :ok, :f :txn, :value [[:w 1 10]], :node "n0"}
    {:process 1, :type :ok, :f :txn, :value [[:w 1 20]], :node "n1"}
    {:process 0, :type :invoke, :f :txn, :value [[:r 1 nil]], :final? true, :node "n0"}
    {:process 1, :type :invoke, :f :txn, :value [[:r 1 nil]], :final? true, :node "n1"}
    {:process 0, :type :ok, :f :txn, :value [[:r 1 10]], :final? true, :node "n0"}
    {:process 1, :type :ok, :f :txn, :value [[:r 1 20]], :final? true, :node "n1"}
    """

  @Test("the verdict is that of the models, and of what is demanded beside them")
  func models() async throws {
    let options = ["-w", "txn-rw-register", "--consistency-models", "read-committed"]
    let allowed = try await check(Self.lonely, options[0], options[1], options[2], options[3])
    #expect(allowed.status == 0)
    #expect(allowed.output.contains("! diverged-replicas") && allowed.output.contains(":not [:convergence"))
    let demanded = try await check(
      Self.lonely, options[0], options[1], options[2], options[3], "--also", "convergence")
    #expect(demanded.status == 1 && demanded.output.contains("✗ diverged-replicas"))
    let unknown = try await check(Self.lonely, "-w", "txn-rw-register", "--also", "luck")
    #expect(
      unknown.status == 2
        && unknown.errors.contains("there is no demand 'luck'"))
  }

  @Test(
    "an empty history is nothing to judge, whatever the workload",
    arguments: [
      "echo", "unique-ids", "broadcast", "kafka", "lin-kv", "g-set", "g-counter", "pn-counter",
      "txn-rw-register", "txn-list-append",
    ])
  func empty(_ workload: String) async throws {
    let run = try await check("", "-w", workload)
    #expect(run.status == 2, "\(run.errors)")
    #expect(run.output.contains("? nothing-checked: the history holds no operation of a client"))
  }
}
