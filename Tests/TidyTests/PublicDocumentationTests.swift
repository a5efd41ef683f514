import Foundation
import Testing

/// Whoever depends on the package reads its symbols' documentation, and so every symbol has some.
@Suite("The public API") struct PublicDocumentationTests {
  private static let root = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// What the products offer to other packages: `Glomers`, and `GlomersTesting` with what it exports.
  private static let library = ["Glomers", "Wire", "Workloads", "GlomersRuntime"]
  private static let testing = ["GlomersTesting", "Simulator", "Lab", "Checkers", "History"]

  @Test("every public symbol says what it is", arguments: library + testing)
  func documented(module: String) throws {
    let folder = Self.root.appending(path: "Sources/\(module)")
    let paths = try FileManager.default.subpathsOfDirectory(atPath: folder.path).sorted()
    #expect(paths.contains { $0.hasSuffix(".swift") })
    for path in paths where path.hasSuffix(".swift") {
      let text = try String(contentsOf: folder.appending(path: path), encoding: .utf8)
      let missing = undocumented(text)
      #expect(missing.isEmpty, "Sources/\(module)/\(path): a line of /// above each of \(missing)")
    }
  }

  @Test("these modules are the ones that the manifest offers")
  func products() throws {
    let manifest = try String(contentsOf: Self.root.appending(path: "Package.swift"), encoding: .utf8)
    let targets = Self.library.map { "\"\($0)\"" }.joined(separator: ", ")
    #expect(manifest.contains(".library(name: \"Glomers\", targets: [\(targets)])"))
    #expect(manifest.contains(".library(name: \"GlomersTesting\", targets: [\"GlomersTesting\"])"))
    let exports = try String(
      contentsOf: Self.root.appending(path: "Sources/GlomersTesting/Simulations.swift"), encoding: .utf8
    ).matches(of: /@_exported public import (\w+)/).map { String($0.1) }
    #expect(Set(exports).isSubset(of: Self.library + Self.testing))
  }

  @Test("a declaration, a case and a requirement without a word are found")
  func rejected() {
    let text = """
      /// A place.
      public struct Place {
        public let x: Int
        @inlinable
        public func moved() -> Place { self }
      }
      /// A kind.
      public enum Kind {
        case near
      }
      /// Whatever has a place.
      public protocol Placed {
        var place: Place { get }
      }
      """
    #expect(
      undocumented(text) == [
        "public let x: Int", "public func moved() -> Place { self }", "case near", "var place: Place { get }",
      ])
  }

  @Test("what is documented, not public, or says what a known protocol says, is not")
  func accepted() {
    let text = """
      public import Wire
      /// A place.
      @frozen
      public struct Place: Comparable {
        /// To the right.
        @inline(__always)
        public var x: Int { 0 }
        let y = 0
        enum Kind { case near }
        public static func < (a: Place, b: Place) -> Bool { a.x < b.x }
        /// What it is near to.
        public func words(_ kind: Kind) -> String {
          switch kind {
          case .near: "near"
          }
        }
      }
      public enum Side {
        // A side.
      }
      """
    #expect(undocumented(text) == ["public enum Side {"])
  }
}

/// What a known protocol asks for; its documentation is the protocol's.
private let witnesses = [
  "func == (", "func < (", "func hash(into", "var description:", "init(integerLiteral", "init(stringLiteral",
  "init(booleanLiteral", "init(floatLiteral", "init(arrayLiteral", "init(dictionaryLiteral",
  "init(nilLiteral", "func makeIterator()", "mutating func next() ->", "var startIndex",
  "var endIndex",
  "func check(_ history: History)", "init(type: String, body: JSONObject)", "init(record: JSONObject)",
  "func write(to ",
]
private let declarations: Set<Substring> = [
  "func", "var", "let", "init", "struct", "enum", "class", "protocol", "extension", "import", "case",
  "subscript", "typealias", "associatedtype",
]
private let requirements: Set<Substring> = [
  "func", "var", "init", "associatedtype", "subscript", "static", "mutating",
]

/// The public declarations in a source, as they begin, that no documentation stands above. Lines are indented as
/// swift-format does it, so that an indent tells what a line belongs to.
private func undocumented(_ source: String) -> [String] {
  var missing: [String] = []
  /// The public enums and protocols around a line, by their indents.
  var around: [(indent: Int, keyword: Substring)] = []
  var lastWasDocumented = false
  for line in source.split(separator: "\n") {
    let indent = line.prefix { $0 == " " }.count
    let code = line.dropFirst(indent)
    if code.hasPrefix("///") {
      lastWasDocumented = true
      continue
    }
    let words = code.split { " (:<{".contains($0) }
    let isAttributed = code.hasPrefix("@")
    // An attribute on a line of its own stands between a declaration and its documentation.
    if code.hasPrefix("//") || isAttributed && declarations.isDisjoint(with: words) { continue }
    let first = isAttributed ? words.first { $0 == "public" } ?? "" : words.first ?? ""
    while let last = around.last, last.indent >= indent { around.removeLast() }
    let isInside = around.last.map { $0.indent + 2 == indent } ?? false
    let keyword = isInside ? around.last?.keyword : nil
    let isPublic =
      first == "public" && !words.contains("import") && !words.contains("extension")
      || keyword == "enum" && first == "case" || keyword == "protocol" && requirements.contains(first)
    if isPublic, !lastWasDocumented, !witnesses.contains(where: { code.contains($0) }) {
      missing.append(String(code))
    }
    if first == "public", let kind = words.first(where: { $0 == "enum" || $0 == "protocol" }) {
      around.append((indent, kind))
    } else if indent == 0 || words.contains(where: { ["struct", "class", "extension", "enum"].contains($0) })
    {
      around.append((indent, ""))
    }
    lastWasDocumented = false
  }
  return missing
}
