/// The members of a shard in their order, in the bytes of an index: of each the distance from the end of the one before,
/// the size, the length of the name (numbers of seven bits a byte, the low ones first) and the name.
struct ShardMembers: Equatable, Sendable {
  private(set) var count = 0
  private(set) var bytes: [UInt8] = []
  private var end = 0

  init() {}

  /// The members in these bytes, of a file of `fileSize` bytes; nil if they are malformed or lie outside of the file.
  init?(_ bytes: [UInt8], count: Int, fileSize: Int) {
    self.bytes = bytes
    var found = 0
    let isWhole = forEachWhile { _, offset, size in
      found += 1
      return offset >= 0 && size >= 0 && offset <= fileSize && size <= fileSize - offset
    }
    guard isWhole, found == count else { return nil }
    self.count = count
  }

  mutating func append(name: ArraySlice<UInt8>, offset: Int, size: Int) {
    appendNumber(offset - end)
    appendNumber(size)
    appendNumber(name.count)
    bytes += name
    end = offset + size
    count += 1
  }

  private mutating func appendNumber(_ number: Int) {
    var rest = UInt(bitPattern: number)
    while rest > 0x7F {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  /// Calls `body` with each member until it returns false.
  ///
  /// - Returns: false if `body` did, or if the bytes are malformed.
  @discardableResult
  func forEachWhile(
    _ body: (_ name: ArraySlice<UInt8>, _ offset: Int, _ size: Int) throws -> Bool
  ) rethrows -> Bool {
    var (index, end) = (0, 0)
    while index < bytes.count {
      guard let gap = number(at: &index), let size = number(at: &index),
        let length = number(at: &index), length <= bytes.count - index
      else { return false }
      let (offset, isOver) = end.addingReportingOverflow(gap)
      let (next, isBeyond) = offset.addingReportingOverflow(size)
      guard !isOver, !isBeyond else { return false }
      guard try body(bytes[index..<(index + length)], offset, size) else { return false }
      index += length
      end = next
    }
    return true
  }

  /// The number at `index`, which moves behind it; nil if it is cut off or above 2^62.
  private func number(at index: inout Int) -> Int? {
    var (value, shift) = (0, 0)
    while index < bytes.count, shift < 63 {
      let byte = bytes[index]
      index += 1
      value |= Int(byte & 0x7F) << shift
      if byte < 0x80 { return value >= 0 ? value : nil }
      shift += 7
    }
    return nil
  }
}
