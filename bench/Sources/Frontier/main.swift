// Sweeps the latency budget of broadcast in the simulator, and prints one line of JSON for each run: the number of
// nodes, the budget, the seed, and all results. `frontier.py` makes the tables and the picture of it.
//
//   Frontier NODES SEEDS BUDGET_MILLISECONDS…

import Checkers
import Glomers
import History
import Lab
import Nodes
import Simulator

let words = Array(CommandLine.arguments.dropFirst())
guard words.count > 2, let nodeCount = Int(words[0]), let seeds = UInt64(words[1]), seeds > 0 else {
  fatalError("usage: Frontier NODES SEEDS BUDGET_MILLISECONDS…")
}
for word in words.dropFirst(2) {
  guard let budget = Int(word) else { fatalError("'\(word)' is not a number of milliseconds") }
  for seed in 1...seeds {
    // Challenge 3d, as its command has it; but for the number of nodes.
    var scenario = Scenario(.broadcast)
    scenario.nodeCount = nodeCount
    scenario.rate = 100
    scenario.timeLimit = .seconds(20)
    scenario.latency = .milliseconds(100)
    scenario.seed = seed
    let results = Simulation<BroadcastNode>.run(
      scenario, options: ["latency-budget": .duration(.milliseconds(budget))])
    let line = results.json.replacing("\n", with: " ")
    print("{\"nodes\": \(nodeCount), \"budget_ms\": \(budget), \"seed\": \(seed), \"results\": \(line)}")
  }
}
