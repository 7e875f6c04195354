import SafeFiles

/// A zip archive of stored entries, as torch.save writes it, including zip64. Compressed entries are not supported.
///
/// The format is that of PKWARE's APPNOTE.TXT. Only the central directory is used, and it is checked: entries must lie
/// within the file without overlap, and have unique names.
struct ZipArchive: Sendable {
  struct Entry: Sendable {
    let name: String
    /// The offset of its local header, which its bytes follow.
    let offset: Int
    /// The stored size in bytes.
    let size: Int
    let checksum: UInt32
    /// True if the entry is compressed. Only its presence is known then.
    let isCompressed: Bool
  }

  let file: InputFile
  /// The entries by name.
  let entries: [String: Entry]
  /// The start of the central directory: all entries end before it.
  private let directory: Int
  /// False if all checksums are 0: torch.save can leave them out.
  private let hasChecksums: Bool

  /// The maximum size of a central directory in bytes; half a million entries fit.
  private static let maximalDirectory = 32 << 20

  /// Reads the directory of `file`, but no entries.
  ///
  /// - Throws: ``Unsound``, `FileError`.
  init(_ file: InputFile) throws {
    self.file = file
    let end = try EndRecord(of: file)
    directory = end.directory.lowerBound
    guard end.directory.count <= Self.maximalDirectory else {
      throw Unsound("its directory claims \(end.directory.count) bytes")
    }
    var cursor = ByteCursor(try file.read(end.directory))
    var entries: [String: Entry] = [:]
    var extents: [(offset: Int, end: Int)] = []
    for _ in 0..<end.count {
      let entry = try Self.entry(&cursor, directory: directory)
      guard entries.updateValue(entry, forKey: entry.name) == nil else {
        throw Unsound("it has two entries named \(quoted(entry.name))")
      }
      extents.append((entry.offset, entry.offset + 30 + entry.name.utf8.count + entry.size))
    }
    guard cursor.remaining == 0 else {
      throw Unsound("its directory has \(cursor.remaining) bytes too many")
    }
    // With overlapping entries, a small file could claim any amount of data.
    extents.sort { $0 < $1 }
    for (one, next) in zip(extents, extents.dropFirst()) where one.end > next.offset {
      throw Unsound("two of its entries overlap")
    }
    self.entries = entries
    hasChecksums = entries.values.contains { $0.checksum != 0 }
  }

  /// The whole content of an entry.
  ///
  /// - Throws: ``Unsound`` if its checksum differs, `FileError`.
  func read(_ entry: Entry) throws -> [UInt8] {
    let name = quoted(entry.name)
    guard !entry.isCompressed else {
      throw Unsound("its entry \(name) is compressed, which torch.save never does; save it again")
    }
    // Local headers repeat name and sizes, but sizes may be missing there and extra fields may differ.
    var header = ByteCursor(try file.read(entry.offset..<(entry.offset + 30)))
    guard header.integer(UInt32.self) == 0x0403_4B50, header.take(22) != nil,
      let nameLength = header.integer(UInt16.self), let extraLength = header.integer(UInt16.self),
      Int(nameLength) == entry.name.utf8.count
    else { throw Unsound("its entry \(name) is not where the directory says") }
    let start = entry.offset + 30 + Int(nameLength) + Int(extraLength)
    guard start + entry.size <= directory else { throw Unsound("its entry \(name) is truncated") }
    let bytes = try file.read(start..<(start + entry.size))
    guard !hasChecksums || CRC32.checksum(bytes) == entry.checksum else {
      throw Unsound("its entry \(name) is damaged: its checksum is wrong")
    }
    return bytes
  }

  /// The next entry of the central directory.
  private static func entry(_ cursor: inout ByteCursor, directory: Int) throws -> Entry {
    func torn() -> Unsound { Unsound("its directory is damaged") }
    guard cursor.integer(UInt32.self) == 0x0201_4B50, cursor.take(4) != nil,
      let flags = cursor.integer(UInt16.self), let method = cursor.integer(UInt16.self),
      cursor.take(4) != nil, let checksum = cursor.integer(UInt32.self),
      let packed32 = cursor.integer(UInt32.self), let size32 = cursor.integer(UInt32.self),
      let nameLength = cursor.integer(UInt16.self), let extraLength = cursor.integer(UInt16.self),
      let commentLength = cursor.integer(UInt16.self), let disk = cursor.integer(UInt16.self),
      cursor.take(6) != nil, let offset32 = cursor.integer(UInt32.self),
      let nameBytes = cursor.take(Int(nameLength)), let extra = cursor.take(Int(extraLength)),
      cursor.take(Int(commentLength)) != nil
    else { throw torn() }
    guard let name = String(validating: nameBytes, as: UTF8.self) else {
      throw Unsound("the name of an entry is not UTF-8")
    }
    guard flags & 0x2041 == 0 else { throw Unsound("its entry \(quoted(name)) is encrypted") }
    // Values that do not fit in 32 bits are in the extra field of zip64, in this order.
    var wide = try wideFields(ByteCursor(Array(extra)), torn: torn())
    func full(_ value: UInt32) throws -> Int {
      guard value == .max else { return Int(value) }
      guard let field = wide?.integer(UInt64.self), let number = Int(exactly: field) else {
        throw torn()
      }
      return number
    }
    let size = try full(size32)
    let packed = try full(packed32)
    let offset = try full(offset32)
    guard disk == 0 || disk == .max else { throw Unsound("it is one of several parts") }
    let room = directory - 30 - Int(nameLength)
    guard method != 0 || packed == size, offset <= room, packed <= room - offset else {
      throw Unsound("its entry \(quoted(name)) claims bytes beyond the end of the file")
    }
    return Entry(
      name: name, offset: offset, size: packed, checksum: checksum, isCompressed: method != 0)
  }

  /// The extra field of zip64 among others; nil if there is none.
  private static func wideFields(_ extra: ByteCursor, torn: Unsound) throws -> ByteCursor? {
    var extra = extra
    while extra.remaining >= 4 {
      let kind = extra.integer(UInt16.self)!
      let length = extra.integer(UInt16.self)!
      guard let field = extra.take(Int(length)) else { throw torn }
      if kind == 1 { return ByteCursor(Array(field)) }
    }
    return nil
  }
}

/// The record at the end of an archive that describes its directory.
private struct EndRecord {
  /// The number of entries.
  let count: Int
  /// The bytes of the central directory.
  let directory: Range<Int>

  init(of file: InputFile) throws {
    // The record has 22 bytes and is followed by a comment of at most 65535 bytes up to the end of the file.
    let tailStart = max(0, file.size - 22 - 0xFFFF)
    let tail = try file.read(tailStart..<file.size)
    let place = stride(from: tail.count - 22, through: 0, by: -1).first { place in
      tail[place..<(place + 4)].elementsEqual([0x50, 0x4B, 5, 6])
        && Int(tail[place + 20]) | Int(tail[place + 21]) << 8 == tail.count - 22 - place
    }
    guard let place else { throw Unsound("it is not a zip archive, or is truncated") }
    func torn() -> Unsound { Unsound("its end record is damaged") }
    var cursor = ByteCursor(Array(tail[(place + 4)...]))
    guard let disk = cursor.integer(UInt16.self), let directoryDisk = cursor.integer(UInt16.self),
      let countHere = cursor.integer(UInt16.self), let count16 = cursor.integer(UInt16.self),
      let size32 = cursor.integer(UInt32.self), let offset32 = cursor.integer(UInt32.self)
    else { throw torn() }
    var (count, size, offset) = (UInt64(count16), UInt64(size32), UInt64(offset32))
    var end = tailStart + place

    // Values that do not fit are in the zip64 record, to which a locator before this record points.
    if count16 == .max || size32 == .max || offset32 == .max {
      guard end >= 20 else { throw torn() }
      var locator = ByteCursor(try file.read((end - 20)..<end))
      guard locator.integer(UInt32.self) == 0x0706_4B50, locator.integer(UInt32.self) == 0,
        let place = locator.integer(UInt64.self), let start = Int(exactly: place),
        end >= 76, start <= end - 76
      else { throw torn() }
      var record = ByteCursor(try file.read(start..<(start + 56)))
      guard record.integer(UInt32.self) == 0x0606_4B50, record.take(12) != nil,
        record.integer(UInt64.self) == 0,  // both numbers of disks
        let wideCountHere = record.integer(UInt64.self),
        let wideCount = record.integer(UInt64.self),
        let wideSize = record.integer(UInt64.self), let wideOffset = record.integer(UInt64.self),
        wideCountHere == wideCount
      else { throw torn() }
      (count, size, offset, end) = (wideCount, wideSize, wideOffset, start)
    } else {
      guard disk == 0, directoryDisk == 0, countHere == count16 else {
        throw Unsound("it is one of several parts")
      }
    }
    // An entry of the directory has at least 46 bytes.
    guard offset <= UInt64(end), size <= UInt64(end) - offset, count <= size / 46 else {
      throw Unsound("its end record claims a directory beyond the end of the file")
    }
    self.count = Int(count)
    directory = Int(offset)..<Int(offset + size)
  }
}
