/// A value on the stack of a pickle.
enum PickleValue {
  case none
  case bool(Bool)
  case integer(Int)
  case number(Double)
  case string(String)
  /// A list, tuple or dictionary: its index in ``Pickle/containers``.
  case container(Int)
  /// A global name, `module.name`.
  case name(String)
  /// An object that the interpreter made: its number there.
  case object(Int)
  /// A value without a counterpart in Swift.
  case other(UnreadObject)
}

/// A list, tuple or dictionary of a pickle. Containers are stored in one array and refer to each other by index, so that
/// cycles and deep nesting are harmless.
struct PickleContainer {
  enum Kind { case list, tuple, dictionary }

  let kind: Kind
  /// The elements; for a dictionary, keys and values alternate.
  var items: [PickleValue]
}

/// Defines the meaning of a pickle's global names.
protocol PickleInterpreter {
  /// True if `name` is known.
  func knows(_ name: String) -> Bool
  /// The object that the function `name`, which is known, returns for these arguments.
  mutating func call(
    _ name: String, _ arguments: [PickleValue], _ containers: [PickleContainer]
  ) throws -> PickleValue
  /// The object outside the pickle that has this persistent ID.
  mutating func object(
    outside identity: PickleValue, _ containers: [PickleContainer]
  ) throws -> PickleValue
}

/// Decodes a pickle with only the instructions that `torch.save` uses for plain data (protocol 2, and the additions of
/// protocols 3 to 5 for the same): what `torch.load(weights_only=True)` reads, and the Namespace of a program's arguments,
/// of which only the type is kept. No code is executed: unknown names and other instructions are rejected.
///
/// The instructions are those in Python's pickletools.
struct Pickle<Interpreter: PickleInterpreter> {
  private(set) var interpreter: Interpreter
  private(set) var containers: [PickleContainer] = []
  private(set) var root = PickleValue.none

  private var cursor: ByteCursor
  private var stack: [PickleValue] = []
  /// The size of the stack at each open mark.
  private var marks: [Int] = []
  private var memo: [Int: PickleValue] = [:]

  /// Decodes `bytes`, which must be a single pickle.
  ///
  /// - Throws: ``Unsound``.
  init(_ bytes: [UInt8], interpreter: Interpreter) throws {
    var cursor = ByteCursor(bytes)
    try self.init(&cursor, interpreter: interpreter)
    guard cursor.remaining == 0 else { throw Unsound("its pickle holds more than one object") }
  }

  /// Decodes the pickle at `cursor`, and moves the cursor to its end.
  ///
  /// - Throws: ``Unsound``.
  init(_ cursor: inout ByteCursor, interpreter: Interpreter) throws {
    self.interpreter = interpreter
    self.cursor = cursor
    try run()
    cursor = self.cursor
  }

  /// The maximum number of instructions; a quarter of a million tensors need fewer.
  private static var maximalInstructions: Int { 8 << 20 }

  private mutating func run() throws {
    guard cursor.integer(UInt8.self) == 0x80, let version = cursor.integer(UInt8.self),
      2...5 ~= version
    else { throw Unsound("the protocol of its pickle is not one of 2 to 5") }
    for _ in 0..<Self.maximalInstructions {
      let code: UInt8 = try next()
      guard let instruction = Instruction(rawValue: code) else {
        throw Unsound(
          "its pickle has the instruction 0x\(String(code, radix: 16)), which plain data does not need"
        )
      }
      guard instruction != .stop else { return try finish() }
      try follow(instruction)
    }
    throw Unsound("its pickle has more than \(Self.maximalInstructions) instructions")
  }

  private mutating func finish() throws {
    root = try pop()
    guard stack.isEmpty, marks.isEmpty else {
      throw Unsound("its pickle holds more than one object")
    }
    memo = [:]
  }

  private enum Instruction: UInt8 {
    case mark = 0x28  // (
    case stop = 0x2E  // .
    case binaryFloat = 0x47  // G
    case integer32 = 0x4A  // J
    case integer8 = 0x4B  // K
    case integer16 = 0x4D  // M
    case none = 0x4E  // N
    case persistent = 0x51  // Q
    case reduce = 0x52  // R
    // Python 2 text
    case bytes32 = 0x54  // T
    case bytes8 = 0x55  // U
    case text32 = 0x58  // X
    case append = 0x61  // a
    case build = 0x62  // b
    case global = 0x63  // c
    case appends = 0x65  // e
    case get8 = 0x68  // h
    case get32 = 0x6A  // j
    case put8 = 0x71  // q
    case put32 = 0x72  // r
    case setItem = 0x73  // s
    case tuple = 0x74  // t
    case setItems = 0x75  // u
    case emptyList = 0x5D  // ]
    case emptyTuple = 0x29  // )
    case emptyDictionary = 0x7D  // }
    // Protocol 3
    case data32 = 0x42  // B
    case data8 = 0x43  // C
    case newObject = 0x81
    case tuple1 = 0x85
    case tuple2 = 0x86
    case tuple3 = 0x87
    case yes = 0x88
    case no = 0x89
    case long = 0x8A
    // Protocol 4
    case text8 = 0x8C
    case data64 = 0x8E
    case emptySet = 0x8F
    case addItems = 0x90
    case stackGlobal = 0x93
    case memoize = 0x94
    case frame = 0x95
    // Protocol 5
    case byteArray64 = 0x96
  }

  private mutating func follow(_ instruction: Instruction) throws {
    switch instruction {
    case .stop: break
    case .frame: let _: UInt64 = try next()

    case .none: stack.append(.none)
    case .yes: stack.append(.bool(true))
    case .no: stack.append(.bool(false))
    case .integer8: stack.append(.integer(Int(try next() as UInt8)))
    case .integer16: stack.append(.integer(Int(try next() as UInt16)))
    case .integer32: stack.append(.integer(Int(try next() as Int32)))
    case .long: stack.append(try longInteger())
    case .binaryFloat:
      stack.append(.number(Double(bitPattern: (try next() as UInt64).byteSwapped)))
    case .text8, .bytes8: stack.append(.string(try text(Int(try next() as UInt8))))
    case .text32, .bytes32: stack.append(.string(try text(Int(try next() as UInt32))))

    case .data8: try skip(UInt64(try next() as UInt8), "bytes")
    case .data32: try skip(UInt64(try next() as UInt32), "bytes")
    case .data64: try skip(try next(), "bytes")
    case .byteArray64: try skip(try next(), "bytearray")
    case .emptySet: stack.append(.other(UnreadObject("set")))
    case .addItems:
      _ = try popToMark()
      guard case .other = try top() else {
        throw Unsound("its pickle adds to something that is not a set")
      }

    case .emptyList: push(.list, [])
    case .emptyTuple: push(.tuple, [])
    case .emptyDictionary: push(.dictionary, [])
    case .mark: marks.append(stack.count)
    case .tuple: push(.tuple, try popToMark())
    case .tuple1: push(.tuple, try pop(1))
    case .tuple2: push(.tuple, try pop(2))
    case .tuple3: push(.tuple, try pop(3))
    case .append: try extend(.list, by: try pop(1))
    case .appends: try extend(.list, by: try popToMark())
    case .setItem: try extend(.dictionary, by: try pop(2))
    case .setItems: try extend(.dictionary, by: try popToMark())

    case .put8: memo[Int(try next() as UInt8)] = try top()
    case .put32: memo[Int(try next() as UInt32)] = try top()
    case .memoize: memo[memo.count] = try top()
    case .get8: stack.append(try remembered(Int(try next() as UInt8)))
    case .get32: stack.append(try remembered(Int(try next() as UInt32)))

    case .global:
      guard let module = cursor.line(), let name = cursor.line() else { throw torn() }
      try pushName(String(decoding: module, as: UTF8.self), String(decoding: name, as: UTF8.self))
    case .stackGlobal:
      guard case .string(let name) = try pop(), case .string(let module) = try pop() else {
        throw Unsound("its pickle names something that is not text")
      }
      try pushName(module, name)
    case .reduce: try reduce()
    case .newObject:
      guard case .container(let place) = try pop(), containers[place].kind == .tuple,
        containers[place].items.isEmpty, case .name(let name) = try pop(),
        PlainType(name) == .namespace
      else { throw Self.strangeObject }
      stack.append(.other(Self.namespace))
    case .build: try build()
    case .persistent:
      stack.append(try interpreter.object(outside: try pop(), containers))
    }
  }

  private mutating func reduce() throws {
    guard case .container(let place) = try pop(), containers[place].kind == .tuple,
      case .name(let name) = try pop()
    else { throw Unsound("its pickle calls something that is not a name, or without a tuple") }
    let arguments = containers[place].items
    guard let type = PlainType(name) else {
      return stack.append(try interpreter.call(name, arguments, containers))
    }
    switch type {
    case .orderedDictionary, .counter: try pushDictionary(arguments)
    case .bytes, .encode: stack.append(.other(UnreadObject("bytes")))
    case .byteArray: stack.append(.other(UnreadObject("bytearray")))
    case .set: stack.append(.other(UnreadObject("set")))
    case .complex: stack.append(.other(UnreadObject("complex")))
    case .reconstructor:
      guard arguments.count == 3, case .name(let type) = arguments[0],
        case .name(let base) = arguments[1], case .none = arguments[2],
        PlainType(type) == .namespace, PlainType(base) == .object
      else { throw Self.strangeObject }
      stack.append(.other(Self.namespace))
    case .namespace, .object: throw Self.strangeObject
    }
  }

  /// Ignores attributes: those of an OrderedDict, such as the versions that Module.state_dict() adds, and the values of a
  /// Namespace.
  private mutating func build() throws {
    let attributes = try pop()
    switch try top() {
    case .container(let place) where containers[place].kind == .dictionary: return
    case .other(let object) where object != Self.namespace: return
    case .other:
      guard case .container(let place) = attributes, containers[place].kind == .dictionary else {
        throw Unsound("its pickle gives a Namespace attributes that are not a dictionary")
      }
    default: throw Unsound("its pickle gives attributes to something that is not a dictionary")
    }
  }

  /// The arguments of a program, which many training programs save beside the weights.
  private static var namespace: UnreadObject { UnreadObject(PlainType.namespace.rawValue) }

  private static var strangeObject: Unsound {
    Unsound("its pickle makes an object of a kind that plain data does not need")
  }

  /// The Python types that plain data needs, and the functions that Python uses for bytes and for objects.
  private enum PlainType: String {
    case orderedDictionary = "collections.OrderedDict"
    case counter = "collections.Counter"
    case encode = "_codecs.encode"
    case bytes = "builtins.bytes"
    case byteArray = "builtins.bytearray"
    case set = "builtins.set"
    case complex = "builtins.complex"
    case object = "builtins.object"
    case reconstructor = "copyreg._reconstructor"
    case namespace = "argparse.Namespace"

    /// In protocol 2, the module has its Python 2 name.
    init?(_ name: String) {
      guard name != "copy_reg._reconstructor" else {
        self = .reconstructor
        return
      }
      let old = "__builtin__."
      self.init(rawValue: name.hasPrefix(old) ? "builtins." + name.dropFirst(old.count) : name)
    }
  }

  /// An OrderedDict or a Counter, empty or made of a dictionary.
  private mutating func pushDictionary(_ arguments: [PickleValue]) throws {
    guard let argument = arguments.first else { return push(.dictionary, []) }
    guard arguments.count == 1, case .container(let place) = argument,
      containers[place].kind == .dictionary
    else { throw Unsound("its pickle makes a dictionary of something else") }
    // Push the same dictionary instead of a copy: many copies of a large one would fill the memory.
    stack.append(argument)
  }

  private mutating func pushName(_ module: String, _ name: String) throws {
    let name = "\(module).\(name)"
    guard PlainType(name) != nil || interpreter.knows(name) else {
      throw Unsound(
        "it contains \(quoted(name)), but only plain data is supported: save it again, best only the state dict"
      )
    }
    stack.append(.name(name))
  }

  // MARK: - The stack

  private mutating func push(_ kind: PickleContainer.Kind, _ items: [PickleValue]) {
    stack.append(.container(containers.count))
    containers.append(PickleContainer(kind: kind, items: items))
  }

  private func top() throws -> PickleValue {
    guard stack.count > marks.last ?? 0 else { throw empty() }
    return stack.last!
  }

  private mutating func pop() throws -> PickleValue {
    guard stack.count > marks.last ?? 0 else { throw empty() }
    return stack.removeLast()
  }

  private mutating func pop(_ count: Int) throws -> [PickleValue] {
    guard stack.count - count >= marks.last ?? 0 else { throw empty() }
    defer { stack.removeLast(count) }
    return Array(stack.suffix(count))
  }

  private mutating func popToMark() throws -> [PickleValue] {
    guard let mark = marks.last else { throw empty() }
    let items = try pop(stack.count - mark)
    marks.removeLast()
    return items
  }

  private mutating func extend(_ kind: PickleContainer.Kind, by items: [PickleValue]) throws {
    guard case .container(let place) = try top(), containers[place].kind == kind else {
      throw Unsound("its pickle adds to something that is not a \(kind)")
    }
    guard kind == .list || items.count % 2 == 0 else {
      throw Unsound("its pickle gives a dictionary a key without a value")
    }
    containers[place].items += items
  }

  private func remembered(_ place: Int) throws -> PickleValue {
    guard let value = memo[place] else {
      throw Unsound("its pickle refers to a memo that it did not store")
    }
    return value
  }

  // MARK: - Operands

  private mutating func next<Integer: FixedWidthInteger>() throws -> Integer {
    guard let value = cursor.integer(Integer.self) else { throw torn() }
    return value
  }

  private mutating func text(_ count: Int) throws -> String {
    guard let bytes = cursor.take(count) else { throw torn() }
    // Python also writes lone surrogates, which are not valid UTF-8; names of tensors do not contain any.
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw Unsound("its pickle holds text that is not UTF-8")
    }
    return text
  }

  /// A two's complement integer of the number of bytes in the first byte; its digits as text if 64 bits do not suffice.
  private mutating func longInteger() throws -> PickleValue {
    let count: UInt8 = try next()
    guard let bytes = cursor.take(Int(count)) else { throw torn() }
    guard bytes.count <= 16 else { throw Unsound("its pickle holds an integer of over 128 bits") }
    let isNegative = bytes.last.map { $0 >= 0x80 } ?? false
    let value = bytes.reversed().reduce(isNegative ? -1 : 0 as Int128) { $0 << 8 | Int128($1) }
    return Int(exactly: value).map { .integer($0) } ?? .string("\(value)")
  }

  private mutating func skip(_ count: UInt64, _ type: String) throws {
    guard let count = Int(exactly: count), cursor.take(count) != nil else { throw torn() }
    stack.append(.other(UnreadObject(type)))
  }

  private func torn() -> Unsound { Unsound("its pickle is truncated") }
  private func empty() -> Unsound { Unsound("its pickle pops from an empty stack") }
}
