/// Writes a zip archive of stored entries whose bytes are aligned to 64, as torch.save does for readers that map the
/// file. Entries have no times, so that equal contents give equal files.
struct ZipWriter {
  private let file: OutputFile
  private var directory: [UInt8] = []
  private var count = 0

  init(_ file: OutputFile) { self.file = file }

  mutating func add(_ name: String, _ bytes: [UInt8]) throws {
    try bytes.withUnsafeBytes { try add(name, $0) }
  }

  mutating func add(_ name: String, _ bytes: UnsafeRawBufferPointer) throws {
    let offset = file.size
    let checksum = CRC32.checksum(bytes)
    // Numbers that do not fit in 32 bits are stored in an extra field of zip64.
    let isWide = bytes.count >= UInt32.max
    let size = isWide ? UInt32.max : UInt32(bytes.count)
    var extra: [UInt8] = []
    if isWide {
      extra.append(1, as: UInt16.self)
      extra.append(16, as: UInt16.self)
      extra.append(UInt64(bytes.count), as: UInt64.self)
      extra.append(UInt64(bytes.count), as: UInt64.self)
    }
    // Pad with an extra field that readers skip.
    let start = offset + 30 + name.utf8.count + extra.count + 4
    let padding = (64 - start % 64) % 64
    extra.append(0x4246, as: UInt16.self)
    extra.append(UInt16(padding), as: UInt16.self)
    extra += [UInt8](repeating: UInt8(ascii: "Z"), count: padding)

    var header: [UInt8] = []
    header.append(0x0403_4B50, as: UInt32.self)
    let common = Self.common(name, checksum: checksum, size: size, isWide: isWide)
    header += common
    header.append(UInt16(extra.count), as: UInt16.self)
    header += name.utf8
    header += extra
    try file.put(header)
    try file.put(bytes)

    let isFar = offset >= UInt32.max
    var fields: [UInt8] = []
    if isWide {
      fields.append(UInt64(bytes.count), as: UInt64.self)
      fields.append(UInt64(bytes.count), as: UInt64.self)
    }
    if isFar { fields.append(UInt64(offset), as: UInt64.self) }
    directory.append(0x0201_4B50, as: UInt32.self)
    directory.append(Self.version(isWide: isWide || isFar), as: UInt16.self)
    directory += common
    directory.append(UInt16(fields.isEmpty ? 0 : fields.count + 4), as: UInt16.self)
    directory += [UInt8](repeating: 0, count: 10)  // comment, disk, attributes
    directory.append(isFar ? .max : UInt32(offset), as: UInt32.self)
    directory += name.utf8
    if !fields.isEmpty {
      directory.append(1, as: UInt16.self)
      directory.append(UInt16(fields.count), as: UInt16.self)
      directory += fields
    }
    count += 1
  }

  /// Writes the directory. Nothing can be added afterwards.
  func finish() throws {
    let offset = file.size
    var end = directory
    if count >= UInt16.max || directory.count >= UInt32.max || offset >= UInt32.max {
      end.append(0x0606_4B50, as: UInt32.self)
      end.append(44, as: UInt64.self)
      end.append(45, as: UInt16.self)
      end.append(45, as: UInt16.self)
      end.append(0, as: UInt64.self)  // disks
      for number in [count, count, directory.count, offset] {
        end.append(UInt64(number), as: UInt64.self)
      }
      end.append(0x0706_4B50, as: UInt32.self)
      end.append(0, as: UInt32.self)
      end.append(UInt64(offset + directory.count), as: UInt64.self)
      end.append(1, as: UInt32.self)
    }
    end.append(0x0605_4B50, as: UInt32.self)
    end.append(0, as: UInt32.self)  // disks
    for _ in 0..<2 { end.append(UInt16(min(count, Int(UInt16.max))), as: UInt16.self) }
    end.append(UInt32(min(directory.count, Int(UInt32.max))), as: UInt32.self)
    end.append(UInt32(min(offset, Int(UInt32.max))), as: UInt32.self)
    end.append(0, as: UInt16.self)  // comment
    try file.put(end)
  }

  private static func version(isWide: Bool) -> UInt16 { isWide ? 45 : 20 }

  /// The fields that an entry's header and its line in the directory share.
  private static func common(_ name: String, checksum: UInt32, size: UInt32, isWide: Bool)
    -> [UInt8]
  {
    var fields: [UInt8] = []
    fields.append(version(isWide: isWide), as: UInt16.self)
    fields.append(0x0800, as: UInt16.self)  // names are UTF-8
    fields.append(0, as: UInt16.self)  // stored
    fields.append(0x0021_0000, as: UInt32.self)  // the first of January 1980
    fields.append(checksum, as: UInt32.self)
    fields.append(size, as: UInt32.self)
    fields.append(size, as: UInt32.self)
    fields.append(UInt16(name.utf8.count), as: UInt16.self)
    return fields
  }
}
