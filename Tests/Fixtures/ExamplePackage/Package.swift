// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "example",
  platforms: [.macOS(.v15)],
  // Outside this repository: .package(url: "…/glomers", from: "…").
  dependencies: [.package(name: "glomers", path: "../../..")],
  targets: [
    .executableTarget(name: "parrot", dependencies: [.product(name: "Glomers", package: "glomers")])
  ]
)
