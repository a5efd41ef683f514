// swift-tools-version: 6.2
import PackageDescription

let node: [Target.Dependency] = [.product(name: "Glomers", package: "glomers")]

let package = Package(
  name: "examples",
  platforms: [.macOS(.v15)],
  // In a package of your own: .package(url: "https://github.com/OWNER/glomers", from: "0.1.0").
  dependencies: [.package(name: "glomers", path: "..")],
  targets: [
    .executableTarget(name: "echo", dependencies: node),
    .executableTarget(name: "parrot", dependencies: node),
    .executableTarget(name: "forwarder", dependencies: node),
    .executableTarget(name: "tally", dependencies: node),
    .executableTarget(name: "unique-ids", dependencies: node),
    .executableTarget(name: "gossip", dependencies: node),
    .executableTarget(name: "counter", dependencies: node),
    .executableTarget(name: "log", dependencies: node),
    .executableTarget(name: "transactions", dependencies: node),
    // A node that is tested in a library of its own, and the program that runs it.
    .target(name: "LastWriter", dependencies: node),
    .executableTarget(name: "last-writer", dependencies: ["LastWriter"] + node),
    .testTarget(
      name: "LastWriterTests",
      dependencies: ["LastWriter", .product(name: "GlomersTesting", package: "glomers")]),
    .testTarget(
      name: "ForwarderTests",
      dependencies: ["forwarder", .product(name: "GlomersTesting", package: "glomers")]),
  ]
)
