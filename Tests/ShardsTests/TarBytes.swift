/// The bytes of an archive, block by block, so that tests can make what no program would write.
struct TarBytes {
  private(set) var bytes: [UInt8] = []

  /// A header with a right checksum, whatever else is in it.
  mutating func header(
    _ name: String, size: [UInt8], type: Character = "0", magic: String = "ustar\0" + "00",
    prefix: String = "", isExtended: Bool = false
  ) {
    var block = [UInt8](repeating: 0, count: 512)
    func put(_ content: [UInt8], at offset: Int) {
      block.replaceSubrange(offset..<(offset + content.count), with: content)
    }
    put(Array(name.utf8.prefix(100)), at: 0)
    put(Array("0000644".utf8), at: 100)
    put(size, at: 124)
    put(Array(repeating: 0x20, count: 8), at: 148)
    block[156] = type.asciiValue!
    put(Array(magic.utf8), at: 257)
    put(Array(prefix.utf8), at: 345)
    if isExtended { block[482] = 1 }
    let sum = String(block.reduce(0) { $0 + Int($1) }, radix: 8)
    put(Array((String(repeating: "0", count: 6 - sum.count) + sum).utf8) + [0, 0x20], at: 148)
    bytes += block
  }

  mutating func content(_ content: [UInt8]) {
    bytes += content + [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
  }

  mutating func member(
    _ name: String, _ text: String, type: Character = "0", magic: String = "ustar\0" + "00",
    prefix: String = ""
  ) {
    header(name, size: octal(text.utf8.count), type: type, magic: magic, prefix: prefix)
    content(Array(text.utf8))
  }

  /// A pax header of these records.
  mutating func pax(_ records: String...) {
    let text = records.map { record in
      var length = record.utf8.count + 2
      while "\(length) \(record)\n".utf8.count != length { length += 1 }
      return "\(length) \(record)\n"
    }.joined()
    member("PaxHeader/x", text, type: "x")
  }

  mutating func end() { bytes += [UInt8](repeating: 0, count: 1024) }
}

/// A size as eleven octal digits.
func octal(_ size: Int) -> [UInt8] {
  let digits = String(size, radix: 8)
  return Array((String(repeating: "0", count: 11 - digits.count) + digits).utf8)
}

/// A size in binary, as GNU writes large ones: twelve bytes after the marking one.
func binary(first: UInt8 = 0x80, _ size: UInt64) -> [UInt8] {
  [first, first == 0xFF ? 0xFF : 0, first == 0xFF ? 0xFF : 0, first == 0xFF ? 0xFF : 0]
    + (0..<8).map { UInt8(truncatingIfNeeded: size >> (56 - 8 * UInt64($0))) }
}
