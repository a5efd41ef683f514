// Sweeps the latency budget of broadcast in the simulator, and prints one line of JSON for each run: the budget,
// the seed, and all results. `frontier.py` makes the table and the picture of it.
//
//   Frontier SEEDS BUDGET_MILLISECONDS…

import Glomers
import Lab
import Nodes
import Simulator

let words = CommandLine.arguments.dropFirst()
guard let seeds = words.first.flatMap({ UInt64($0) }), words.count > 1 else {
  fatalError("usage: Frontier SEEDS BUDGET_MILLISECONDS…")
}
for word in words.dropFirst() {
  guard let budget = Int(word) else { fatalError("'\(word)' is not a number of milliseconds") }
  for seed in 1...seeds {
    // Challenge 3d, as its command has it.
    var scenario = Scenario(.broadcast)
    scenario.nodeCount = 25
    scenario.rate = 100
    scenario.timeLimit = .seconds(20)
    scenario.latency = .milliseconds(100)
    scenario.seed = seed
    let results = Simulation<BroadcastNode>.run(
      scenario, options: ["latency-budget": .duration(.milliseconds(budget))])
    let line = results.json.replacing("\n", with: " ")
    print("{\"budget_ms\": \(budget), \"seed\": \(seed), \"results\": \(line)}")
  }
}
