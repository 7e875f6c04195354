import KeyedRandom

/// Makes hostile files from valid ones: bytes are changed at random, and archives or headers are rebuilt around the
/// changes, so that checksums and lengths are right and the changes are reached. The tests and Fuzzing use it.
struct FileMutator {
  typealias Bytes = [UInt8]
  typealias Entry = (name: Bytes, bytes: Bytes)

  private var generator: KeyedGenerator

  /// The files depend only on the key.
  init(_ key: UInt64...) { generator = KeyedGenerator(key: key) }

  /// A changed copy of one of `files`, which are valid safetensors files.
  mutating func mutant(ofSafetensors files: [Bytes]) -> Bytes {
    var file = choice(of: files)
    let length = Int(file[0]) | Int(file[1]) << 8 | Int(file[2]) << 16
    if generator.chance(0.3) {
      mutate(&file, words: Self.jsonWords)
      return file
    }
    var header = Array(file[8..<(8 + length)])
    mutate(&header, words: Self.jsonWords)
    return Self.bytes(header.count, 8) + header + file[(8 + length)...]
  }

  /// A changed copy of one of `files`, which are valid archives or sequences of pickles.
  mutating func mutant(ofCheckpoints files: [Bytes]) -> Bytes {
    var file = choice(of: files)
    guard file.starts(with: "PK".utf8) else {
      // Three pickles precede the interesting part and should seldom be changed.
      let start = generator.chance(0.1) ? 0 : Self.objectStart(of: file)
      var rest = Array(file[start...])
      mutate(&rest, words: Self.pickleWords)
      return file[..<start] + rest
    }
    if generator.chance(0.3) {
      mutate(&file, words: Self.zipWords)
      return file
    }
    var entries = Self.entries(of: file)
    let pickle = entries.firstIndex { $0.name.suffix(8).elementsEqual("data.pkl".utf8) }!
    let place = generator.chance(0.8) ? pickle : generator.integer(below: entries.count)
    switch generator.integer(below: 12) {
    case 0: entries.remove(at: place)
    case 1: entries.append(entries[place])
    case 2: mutate(&entries[place].name, words: Self.zipWords)
    default: mutate(&entries[place].bytes, words: Self.pickleWords)
    }
    var archive = Self.archive(entries)
    if generator.chance(0.1) { mutate(&archive, words: Self.zipWords) }
    return archive
  }

  /// The start of the fourth pickle: each begins with 0x80 after the end of the previous one.
  private static func objectStart(of file: Bytes) -> Int {
    let starts = file.indices.filter { file[$0] == 0x80 && ($0 == 0 || file[$0 - 1] == 0x2E) }
    return starts.count > 3 ? starts[3] : 0
  }

  // MARK: - Changes

  /// Changes one place, or a few.
  private mutating func mutate(_ bytes: inout Bytes, words: [Bytes]) {
    for _ in 0...generator.integer(below: 4) {
      let place = generator.integer(below: bytes.count + 1)
      let length = min(generator.integer(below: 16), bytes.count - place)
      switch generator.integer(below: 8) {
      case 0 where place < bytes.count: bytes[place] = UInt8(generator.integer(below: 256))
      case 1 where place < bytes.count: bytes[place] ^= 1 << UInt8(generator.integer(below: 8))
      case 2: bytes.insert(contentsOf: choice(of: words), at: place)
      case 3:
        let word = choice(of: words)
        bytes.replaceSubrange(place..<min(place + word.count, bytes.count), with: word)
      case 4: bytes.removeSubrange(place..<(place + length))
      case 5:
        let times = generator.chance(0.05) ? 500 : 1 + generator.integer(below: 4)
        let piece = Array(bytes[place..<(place + length)])
        for _ in 0..<times { bytes.insert(contentsOf: piece, at: place) }
      case 6:
        let piece = Array(bytes[place..<(place + length)])
        bytes.insert(contentsOf: piece, at: generator.integer(below: bytes.count + 1))
      default:
        if generator.chance(0.1) {
          bytes.removeSubrange(place...)
        } else {
          bytes.insert(UInt8(generator.integer(below: 256)), at: place)
        }
      }
    }
  }

  private mutating func choice<Element>(of elements: [Element]) -> Element {
    elements[generator.integer(below: elements.count)]
  }

  /// Numbers at which sizes overflow or change their sign.
  private static let limits: [UInt64] = [
    0, 1, 0x7F, 0xFF, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 1 << 33, 1 << 62,
    UInt64(Int64.max), 1 << 63, .max,
  ]
  private static let limitWords = limits.flatMap { number in
    [1, 2, 4, 8].map { bytes(Int(truncatingIfNeeded: number), $0) }
  }
  private static let zipWords =
    limitWords + [
      [0x50, 0x4B, 1, 2], [0x50, 0x4B, 3, 4], [0x50, 0x4B, 5, 6], [0x50, 0x4B, 6, 6],
    ]
  private static let jsonWords =
    limitWords + limits.map { Bytes("\($0)".utf8) }
    + [
      "-", ".5", "e9", ",", ":", "[", "]", "{", "}", "\"", "\\", "\\u0000", "null", "true",
      "\"shape\":", "\"dtype\":", "\"data_offsets\":", "\"BOOL\"", "\"F64\"", "\"__metadata__\":{}",
      "\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]},",
    ].map { Bytes($0.utf8) }
  private static let pickleWords: [Bytes] =
    limitWords + limits.map { [0x8A, 8] + bytes(Int(truncatingIfNeeded: $0), 8) }
    + "(.GJKMNQRTUXabcehjqrstu])}\u{0}".utf8.map { [$0] }
    + [0x85, 0x86, 0x87, 0x88, 0x89, 0x8A, 0x8C, 0x93, 0x94, 0x95].map { [$0] }
    + [
      "ctorch._utils\n_rebuild_tensor_v2\n", "ctorch._utils\n_rebuild_tensor_v3\n",
      "ctorch._utils\n_rebuild_parameter\n", "ctorch._utils\n_rebuild_tensor\n",
      "ctorch\nLongStorage\n", "ctorch\nBoolStorage\n",
      "ctorch.storage\nUntypedStorage\n", "ctorch\nint64\n", "ccollections\nOrderedDict\n",
      "cos\nsystem\n",
      // A part of a storage.
      "(X\u{1}\u{0}\u{0}\u{0}vK\u{1}K\u{1}t",
      // Lists that contain the previous list twice, lists that contain themselves, and deeply nested ones.
      String(repeating: "]q\u{1}(h\u{1}h\u{1}e", count: 40), "]q\u{2}h\u{2}a",
      String(repeating: "](h\u{1}h\u{1}eq\u{1}", count: 40), String(repeating: "](", count: 200),
    ].map { Bytes($0.utf8) } + [Bytes(repeating: 0x85, count: 1000)]

  // MARK: - Archives

  /// The entries of a valid archive without entries above 4 GiB, in the order of its directory.
  static func entries(of file: Bytes) -> [Entry] {
    func number(_ place: Int, _ width: Int) -> Int {
      file[place..<(place + width)].reversed().reduce(0) { $0 << 8 | Int($1) }
    }
    var place = number(file.count - 6, 4)
    return (0..<number(file.count - 12, 2)).map { _ in
      let (size, name, extra) = (
        number(place + 20, 4), number(place + 28, 2), number(place + 30, 2)
      )
      let local = number(place + 42, 4)
      let start = local + 30 + number(local + 26, 2) + number(local + 28, 2)
      defer { place += 46 + name + extra + number(place + 32, 2) }
      return (Array(file[(place + 46)..<(place + 46 + name)]), Array(file[start..<(start + size)]))
    }
  }

  /// The simplest archive with these entries.
  static func archive(_ entries: [Entry]) -> Bytes {
    var file: Bytes = []
    var directory: Bytes = []
    for (name, content) in entries {
      let name = name.prefix(0xFFFF)
      var fields = bytes(20, 2) + bytes(0, 8) + bytes(Int(checksum(content)), 4)
      fields += bytes(content.count, 4) + bytes(content.count, 4) + bytes(name.count, 4)
      directory += [0x50, 0x4B, 1, 2, 20, 0] + fields + bytes(0, 10) + bytes(file.count, 4) + name
      file += [0x50, 0x4B, 3, 4] + fields + name + content
    }
    let counts = bytes(entries.count, 2) + bytes(entries.count, 2)
    return file + directory + [0x50, 0x4B, 5, 6] + bytes(0, 4) + counts + bytes(directory.count, 4)
      + bytes(file.count, 4) + bytes(0, 2)
  }

  /// `number` in `width` bytes, the lowest first.
  static func bytes(_ number: Int, _ width: Int) -> Bytes {
    (0..<width).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
  }

  /// CRC-32, bit by bit.
  private static func checksum(_ bytes: Bytes) -> UInt32 {
    ~bytes.reduce(~UInt32(0)) { value, byte in
      (0..<8).reduce(value ^ UInt32(byte)) { value, _ in
        value >> 1 ^ (value & 1) * 0xEDB8_8320
      }
    }
  }
}
