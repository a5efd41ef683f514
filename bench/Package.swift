// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that whoever depends on Glomers does not depend on a benchmark library.

let house: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

/// A suite of the benchmark library: its build plug-in writes the main function.
func suite(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .executableTarget(
    name: name,
    dependencies: [.product(name: "Benchmark", package: "benchmark")] + dependencies,
    path: "Benchmarks/\(name)",
    swiftSettings: house,
    plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")])
}

let glomers = Target.Dependency.product(name: "Glomers", package: "glomers")
let lab = Target.Dependency.product(name: "GlomersLab", package: "glomers")

let package = Package(
  name: "glomers-bench",
  platforms: [.macOS(.v15)],
  dependencies: [
    .package(name: "glomers", path: ".."),
    // Without its traits, which count mallocs through a library of their own: pipe/mallocs.c counts ours.
    .package(url: "https://github.com/ordo-one/benchmark", from: "1.38.0", traits: []),
  ],
  targets: [
    suite("Codec", ["Texts", glomers, lab]),
    // Jansson as it comes, in a process of its own: Glomers' codec puts an arena under it for the whole process.
    suite("Jansson", ["Texts", "CPlainJansson"]),
    .target(
      name: "Texts", dependencies: [.product(name: "Benchmark", package: "benchmark")], swiftSettings: house),
    .target(name: "CPlainJansson", linkerSettings: [.linkedLibrary("jansson")]),
    // Writes and reads what libraries in C do beside it: json_contest.py.
    .executableTarget(name: "Contestant", dependencies: [glomers], swiftSettings: house),
    .executableTarget(name: "Frontier", dependencies: [glomers, lab], swiftSettings: house),
  ]
)
