/// The checksum of zip archives, CRC-32 of ISO-HDLC (zlib's `crc32`), computed eight bytes at a time.
struct CRC32 {
  /// The inverted remainder of the bytes so far.
  private var remainder = ~UInt32(0)

  /// The checksum of the bytes that were added.
  var value: UInt32 { ~remainder }

  /// `tables[k][b]`, flattened, is the remainder of byte b before k zero bytes.
  private static let tables: [UInt32] = {
    var tables = [UInt32](repeating: 0, count: 8 * 256)
    for byte in 0..<256 {
      tables[byte] = (0..<8).reduce(UInt32(byte)) { value, _ in
        value >> 1 ^ (value & 1 == 1 ? 0xEDB8_8320 : 0)
      }
    }
    for index in 256..<(8 * 256) {
      let value = tables[index - 256]
      tables[index] = value >> 8 ^ tables[Int(value & 0xFF)]
    }
    return tables
  }()

  mutating func add(_ bytes: UnsafeRawBufferPointer) {
    remainder = Self.tables.withUnsafeBufferPointer { tables in
      var value = remainder
      var position = 0
      while bytes.count - position >= 8 {
        let word = UInt64(
          littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
        let mixed = word ^ UInt64(value)
        value = 0
        for byte in 0..<8 {
          value ^= tables[(7 - byte) * 256 + Int(mixed >> (8 * byte) & 0xFF)]
        }
        position += 8
      }
      for byte in bytes[position...] {
        value = value >> 8 ^ tables[Int(UInt8(truncatingIfNeeded: value) ^ byte)]
      }
      return value
    }
  }

  mutating func add(_ bytes: [UInt8]) { bytes.withUnsafeBytes { add($0) } }

  static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    var checksum = CRC32()
    checksum.add(bytes)
    return checksum.value
  }

  static func checksum(_ bytes: [UInt8]) -> UInt32 { bytes.withUnsafeBytes { checksum($0) } }
}
