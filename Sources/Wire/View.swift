import CGlomers
import CJansson
import Glomers

/// What a JSON value can be; numbered as the tape does, and jansson as far as it goes.
enum Kind: UInt32 {
  case object, array, string, integer, real, `true`, `false`, null
  /// A number that neither 64 bits nor a double hold.
  case number

  /// What people call a value of this kind, for errors.
  var name: StaticString {
    switch self {
    case .object: "an object"
    case .array: "an array"
    case .string: "a string"
    case .integer: "an integer"
    case .real: "a real"
    case .true, .false: "a boolean"
    case .null: "null"
    case .number: "a number beyond 64 bits"
    }
  }
}

/// Where a parsed value is: on the tape of the fast path or, if that has declined the line, in jansson's tree.
enum Place {
  case tape(TapeValue)
  case tree(TreeValue)

  var kind: Kind {
    switch self {
    case .tape(let value): value.kind
    case .tree(let value): value.kind
    }
  }

  /// Of an integer.
  var integer: Int {
    switch self {
    case .tape(let value): value.integer
    case .tree(let value): value.integer
    }
  }

  /// Of a real.
  var real: Double {
    switch self {
    case .tape(let value): value.real
    case .tree(let value): value.real
    }
  }

  /// Of a string.
  var string: String {
    switch self {
    case .tape(let value): value.string
    case .tree(let value): value.string
    }
  }

  /// Of an object or array.
  var count: Int {
    switch self {
    case .tape(let value): value.count
    case .tree(let value): value.count
    }
  }

  /// A copy.
  var value: JSON {
    switch self {
    case .tape(let value): value.value
    case .tree(let value): value.value
    }
  }

  /// The member of an object.
  func member(_ key: String) -> Place? {
    switch self {
    case .tape(let value): value.member(key).map { .tape($0) }
    case .tree(let value): value.member(key).map { .tree($0) }
    }
  }

  /// The element of an array, at a position that must be one of the array's.
  func element(_ position: Int) -> Place {
    switch self {
    case .tape(let value): .tape(value.element(position))
    case .tree(let value): .tree(value.element(position))
    }
  }
}

/// A parsed value, together with what keeps its memory alive and tells whether it is still what it was.
struct View {
  let document: JSONDocument
  private let raw: Place
  private let generation: Int

  init(_ raw: Place, in document: JSONDocument) {
    self.raw = raw
    self.document = document
    generation = document.generation
  }

  /// Where the value is, for use before the document can parse again.
  @inline(__always)
  var place: Place {
    precondition(document.generation == generation, "a view of a line after its document has parsed another")
    return raw
  }

  /// Another value of the same line.
  func at(_ other: Place) -> View { View(other, in: document) }
}
