/// Reads numbers from untrusted bytes: returns nil beyond the end and never traps.
struct ByteReader {
  let bytes: UnsafeRawBufferPointer
  var isBigEndian = true

  var count: Int { bytes.count }

  func integer(at offset: Int, size: Int) -> Int? {
    guard offset >= 0, offset <= count - size else { return nil }
    var value = 0
    for index in 0..<size {
      let byte = Int(bytes[offset + (isBigEndian ? index : size - 1 - index)])
      value = value << 8 | byte
    }
    return value
  }

  func uint8(at offset: Int) -> Int? { integer(at: offset, size: 1) }
  func uint16(at offset: Int) -> Int? { integer(at: offset, size: 2) }
  func uint32(at offset: Int) -> Int? { integer(at: offset, size: 4) }

  /// True if `text` (ASCII) is at `offset`.
  func has(_ text: StaticString, at offset: Int) -> Bool {
    let length = text.utf8CodeUnitCount
    guard offset >= 0, offset <= count - length else { return false }
    return (0..<length).allSatisfy { bytes[offset + $0] == text.utf8Start[$0] }
  }

  /// The bytes from `start`, at most `length` of them.
  func part(from start: Int, length: Int) -> ByteReader {
    let start = min(max(start, 0), count)
    let end = start + min(max(length, 0), count - start)
    return ByteReader(bytes: UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
  }
}
