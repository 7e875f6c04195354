/// A block of 512 bytes that describes the member behind it: POSIX.1-1988 (ustar), POSIX.1-2001 (pax) and GNU.
struct TarHeader {
  static let blockSize = 512
  /// The maximum length of a name in bytes, as of a path on Linux.
  static let longestName = 4096

  /// The name as stored; pax and GNU headers before this one may give a longer one.
  let name: [UInt8]
  /// The size of the content in bytes.
  var size: Int
  /// The byte that says what the member is.
  let type: UInt8
  /// Whether more blocks of an old sparse map follow.
  let hasMoreSparseBlocks: Bool

  enum Problem: Error {
    /// A block of zeros, which ends an archive.
    case end
    /// Not a header.
    case invalid
  }

  init(_ block: UnsafeRawBufferPointer) throws(Problem) {
    if block.allSatisfy({ $0 == 0 }) { throw .end }
    guard let checksum = Self.number(block[148..<156]), let size = Self.number(block[124..<136])
    else { throw .invalid }
    // The field itself counts as blanks. Old programs summed signed bytes.
    var (unsigned, signed) = (8 * 0x20, 8 * 0x20)
    for (index, byte) in block.enumerated() where !(148..<156).contains(index) {
      unsigned += Int(byte)
      signed += Int(Int8(bitPattern: byte))
    }
    guard checksum == unsigned || checksum == signed else { throw .invalid }
    func text(_ range: Range<Int>) -> [UInt8] { Array(block[range].prefix { $0 != 0 }) }
    // GNU's old format has other things in the place of the prefix.
    let isPOSIX = block[257..<263].elementsEqual(Array("ustar\0".utf8))
    let prefix = isPOSIX ? text(345..<500) : []
    name = prefix.isEmpty ? text(0..<100) : prefix + [UInt8(ascii: "/")] + text(0..<100)
    type = block[156]
    self.size = size
    hasMoreSparseBlocks = type == UInt8(ascii: "S") && block[482] != 0
  }

  /// A number of a header: octal digits, or binary if the first bit is set; nil for anything else, and for one that is
  /// negative or above 2^62.
  static func number(_ field: Slice<UnsafeRawBufferPointer>) -> Int? {
    if let first = field.first, first & 0x80 != 0 {
      // 0xFF begins a negative number.
      guard first == 0x80 else { return nil }
      var value = 0
      for byte in field.dropFirst() {
        guard value < 1 << 54 else { return nil }
        value = value << 8 | Int(byte)
      }
      return value
    }
    let digits = field.drop { $0 == 0x20 }.prefix { $0 != 0x20 && $0 != 0 }
    guard digits.count <= 20, digits.allSatisfy({ (0x30...0x37).contains($0) }) else { return nil }
    return digits.reduce(0) { $0 << 3 | Int($1 - 0x30) }
  }
}

/// What pax and GNU headers say about the member behind them.
struct TarExtension {
  var name: [UInt8]?
  var size: Int?
  var isSparse = false

  /// Reads the records of a pax header, each "LENGTH KEY=VALUE" and a line feed.
  ///
  /// - Returns: false if they are malformed.
  mutating func read(pax content: ArraySlice<UInt8>) -> Bool {
    var rest = content
    while let first = rest.first, first != 0 {
      let digits = rest.prefix { (0x30...0x39).contains($0) }
      guard (1...9).contains(digits.count),
        let length = Int(String(decoding: digits, as: UTF8.self)),
        length > digits.count + 1, length <= rest.count
      else { return false }
      let record = rest.prefix(length).dropFirst(digits.count + 1).dropLast()
      guard let equals = record.firstIndex(of: UInt8(ascii: "=")) else { return false }
      let value = record[(equals + 1)...]
      switch String(decoding: record[..<equals], as: UTF8.self) {
      case "path": name = Array(value)
      case "size":
        guard value.count <= 18, let size = Int(String(decoding: value, as: UTF8.self)), size >= 0
        else { return false }
        self.size = size
      case let key where key.hasPrefix("GNU.sparse."): isSparse = true
      default: break
      }
      rest = rest.dropFirst(length)
    }
    return true
  }
}
