// swift-tools-version: 6.2
import PackageDescription

/// Every Swift target: warnings are errors, and imports say who may see them.
let house: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]
/// Everywhere but in the modules that own C memory.
let safe = house + [.strictMemorySafety()]

let package = Package(
  name: "glomers",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "Glomers", targets: ["Glomers", "Wire", "Workloads", "GlomersRuntime"]),
    // What a user's own tests import: events one at a time, and whole tests in virtual time.
    .library(name: "GlomersTesting", targets: ["GlomersTesting"]),
    // What bench/ measures: our nodes in virtual time.
    .library(name: "GlomersLab", targets: ["Nodes", "Lab", "Checkers", "History", "Simulator", "Storage"]),
    .executable(name: "glomer", targets: ["glomer"]),
    .executable(name: "workbench", targets: ["WorkbenchCommand"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
    .package(url: "https://github.com/swhitty/FlyingFox", from: "0.27.1"),
  ],
  targets: [
    // C: the two system libraries, and the bridge between them and Swift.
    .systemLibrary(
      name: "CUV", path: "CSupport/CUV", pkgConfig: "libuv",
      providers: [.apt(["libuv1-dev"]), .brew(["libuv"])]),
    .systemLibrary(
      name: "CJansson", path: "CSupport/CJansson", pkgConfig: "jansson",
      providers: [.apt(["libjansson-dev"]), .brew(["jansson"])]),
    .target(
      name: "CGlomers", dependencies: ["CUV", "CJansson"], path: "CSupport/CGlomers",
      cSettings: [.treatAllWarnings(as: .error)]),
    // NATS, for nodes on other hosts: the library where it is installed, and the bridge to it.
    .systemLibrary(
      name: "CNATS", path: "CSupport/CNATS", pkgConfig: "libnats",
      providers: [.apt(["libnats-dev"]), .brew(["cnats"])]),
    .target(
      name: "CFleet", dependencies: ["CGlomers", "CNATS"], path: "CSupport/CFleet",
      cSettings: [.treatAllWarnings(as: .error)]),
    // Any program in virtual time, by ptrace; without a library of its own.
    .target(
      name: "CVirtual", path: "CSupport/CVirtual", cSettings: [.treatAllWarnings(as: .error)]),

    // The node side.
    .target(
      name: "Glomers", swiftSettings: safe,
      // The standard library rounds with libm's functions; without Foundation nothing else brings it.
      linkerSettings: [.linkedLibrary("m", .when(platforms: [.linux]))]),
    .target(name: "Wire", dependencies: ["Glomers", "CGlomers", "CJansson"], swiftSettings: house),
    .target(name: "Workloads", dependencies: ["Glomers", "Wire"], swiftSettings: safe),
    .target(name: "Services", dependencies: ["Workloads", "Glomers", "Wire"], swiftSettings: safe),
    .target(name: "Storage", dependencies: ["Glomers"], swiftSettings: safe),
    .target(
      name: "Replication",
      dependencies: [
        "Glomers", "Wire", .product(name: "OrderedCollections", package: "swift-collections"),
      ],
      swiftSettings: safe),
    .target(name: "Raft", dependencies: ["Glomers", "Wire"], swiftSettings: safe),
    .target(
      name: "Nodes", dependencies: ["Glomers", "Wire", "Workloads", "Services", "Replication", "Raft"],
      swiftSettings: safe),
    .target(
      name: "GlomersRuntime", dependencies: ["Glomers", "Wire", "Storage", "CGlomers", "CUV"],
      swiftSettings: house),
    .executableTarget(
      name: "glomer", dependencies: ["Nodes", "Glomers", "GlomersRuntime"], swiftSettings: safe),

    // The test bench: what was seen, what it proves, and what makes it happen.
    .target(name: "History", dependencies: ["Glomers", "Wire"], swiftSettings: safe),
    .target(
      name: "Checkers",
      dependencies: [
        "History", "Glomers", "Wire", "Workloads", .product(name: "HeapModule", package: "swift-collections"),
      ],
      swiftSettings: safe),
    .target(
      name: "Lab",
      dependencies: [
        "Checkers", "History", "Services", "Glomers", "Wire", "Workloads",
        .product(name: "DequeModule", package: "swift-collections"),
        .product(name: "HeapModule", package: "swift-collections"),
      ],
      swiftSettings: safe),
    .target(
      name: "Simulator", dependencies: ["Lab", "Checkers", "History", "Storage", "Glomers", "Wire"],
      swiftSettings: safe),
    .target(
      name: "GlomersTesting", dependencies: ["Simulator", "Lab", "Checkers", "History", "Wire", "Glomers"],
      swiftSettings: safe),
    .target(
      name: "VirtualProcess",
      dependencies: ["CVirtual", "Simulator", "Lab", "Checkers", "History", "Glomers"], swiftSettings: safe),
    .target(
      name: "Mutants",
      dependencies: [
        "Report", "Simulator", "Lab", "Checkers", "History", "Nodes", "Raft", "Replication", "Workloads",
        "Services", "Wire", "Glomers",
      ],
      swiftSettings: safe),
    .target(
      name: "Fleet",
      dependencies: [
        "CFleet", "GlomersRuntime", "Wire", "Glomers",
        .product(name: "DequeModule", package: "swift-collections"),
      ],
      swiftSettings: house),
    // The page's style and scripts, as bytes.
    .target(
      name: "ReportFiles", path: "Sources/Report/Page",
      exclude: ["model.js", "axis.js", "charts.js", "spacetime.js", "details.js", "page.js", "page.css"],
      cSettings: [.treatAllWarnings(as: .error)]),
    .target(
      name: "Report", dependencies: ["Lab", "Checkers", "History", "Glomers", "Wire", "ReportFiles"],
      exclude: ["Page"],
      swiftSettings: safe),
    .target(
      name: "PlayFiles", dependencies: ["ReportFiles"], path: "Sources/Play/Page",
      exclude: ["stage.js", "play.js", "play.css", "play.html"], cSettings: [.treatAllWarnings(as: .error)]),
    .target(
      name: "Play",
      dependencies: ["Simulator", "Report", "Lab", "Checkers", "History", "Glomers", "Wire", "PlayFiles"],
      exclude: ["Page"],
      swiftSettings: safe),
    .target(
      name: "Workbench",
      dependencies: [
        "Fleet", "Lab", "Checkers", "History", "Report", "Glomers", "GlomersRuntime", "Wire",
        .product(name: "Histogram", package: "hdrhistogram-swift"),
      ],
      swiftSettings: safe),
    .executableTarget(
      name: "WorkbenchCommand",
      dependencies: [
        "Workbench", "Fleet", "Play", "Report", "Lab", "Checkers", "History", "Simulator", "VirtualProcess",
        "Mutants", "Nodes",
        "GlomersRuntime", "Wire", "Workloads", "Glomers",
        .product(name: "FlyingSocks", package: "FlyingFox"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: safe),

    // One test folder per module; what they share; and the two that look at the whole.
    .target(name: "Support", dependencies: ["GlomersTesting"], path: "Tests/Support", swiftSettings: house),
    .testTarget(name: "GlomersTests", dependencies: ["Glomers", "Support"], swiftSettings: house),
    .testTarget(
      name: "WireTests", dependencies: ["Wire", "Workloads", "Support"], exclude: ["Corpus"],
      swiftSettings: house),
    .testTarget(name: "StorageTests", dependencies: ["Storage"], swiftSettings: house),
    .testTarget(
      name: "ReplicationTests", dependencies: ["Replication", "Glomers", "Wire"], swiftSettings: house),
    .testTarget(
      name: "RaftTests", dependencies: ["Raft", "Glomers", "Wire", "Support"], exclude: ["transcripts"],
      swiftSettings: house),
    .testTarget(
      name: "NodesTests",
      dependencies: ["Nodes", "Replication", "Raft", "Workloads", "Simulator", "Support"],
      swiftSettings: house),
    .executableTarget(
      name: "notebook", dependencies: ["Glomers", "GlomersRuntime", "Wire"],
      path: "Tests/Fixtures/Notebook", swiftSettings: safe),
    .testTarget(
      name: "RuntimeTests", dependencies: ["GlomersRuntime", "Wire", "glomer", "notebook", "Support"],
      swiftSettings: house),
    .testTarget(
      name: "ServicesTests", dependencies: ["Services", "Workloads", "Wire", "Glomers", "Support"],
      swiftSettings: house),
    .testTarget(
      name: "HistoryTests", dependencies: ["History", "Checkers", "Lab", "Support"], swiftSettings: house),
    .testTarget(
      name: "CheckersTests", dependencies: ["Checkers", "History", "Lab", "Workloads", "Support"],
      swiftSettings: house),
    .testTarget(
      name: "LabTests",
      dependencies: ["Services", "Lab", "Checkers", "History", "Simulator", "Nodes", "Support"],
      swiftSettings: house),
    .testTarget(
      name: "FleetTests", dependencies: ["Fleet", "Glomers", "GlomersRuntime"], swiftSettings: house),
    .testTarget(
      name: "ReportTests",
      dependencies: ["Report", "Lab", "Checkers", "History", "Simulator", "Nodes", "Wire", "Glomers"],
      swiftSettings: house),
    .testTarget(
      name: "PlayTests",
      dependencies: [
        "Play", "Report", "Lab", "Checkers", "History", "Simulator", "Nodes", "Wire", "Glomers",
      ],
      swiftSettings: house),
    .testTarget(
      name: "WorkbenchTests",
      dependencies: [
        "Workbench", "WorkbenchCommand", "Report", "glomer", "Support",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      exclude: ["Fixtures"], swiftSettings: house),
    .testTarget(
      name: "VirtualProcessTests",
      dependencies: ["VirtualProcess", "Simulator", "Lab", "Checkers", "History", "Glomers", "glomer"],
      exclude: ["Fixtures"], swiftSettings: house),
    .testTarget(
      name: "MutantTests",
      dependencies: [
        "Mutants", "Simulator", "Lab", "Checkers", "History", "Nodes", "Replication", "Glomers",
      ],
      swiftSettings: house),
    .testTarget(
      name: "TranscriptTests",
      dependencies: [
        "WorkbenchCommand", "Mutants", "Simulator", "Lab", "Checkers", "History", "Wire", "Glomers",
        "GlomersRuntime",
      ],
      exclude: ["transcripts"], swiftSettings: house),
    .testTarget(name: "TidyTests", exclude: ["Fixtures"], swiftSettings: house),
  ]
)
