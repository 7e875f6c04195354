import Foundation
import SafeFiles

/// Writes a tar file whose bytes depend on nothing but its members: all have the time 0, the owner 0 and the mode 0644.
public final class TarWriter {
  private let path: String
  private let descriptor: Int32
  /// The bytes written so far.
  public private(set) var size = 0

  /// Makes or overwrites the file at `path`.
  ///
  /// - Throws: `FileError`.
  public init(_ path: String) throws(FileError) {
    self.path = path
    descriptor = openFile(at: path, O_WRONLY | O_CREAT | O_TRUNC)
    guard descriptor >= 0 else { throw FileError(path: path, attempt: "cannot write") }
  }

  deinit { close(descriptor) }

  /// The bytes that a member takes in the archive.
  public static func size(ofMember name: String, size: Int) -> Int {
    header(name.pathBytes, size: size).count + size.roundedToBlocks
  }

  /// Adds a member.
  ///
  /// - Throws: `FileError`.
  public func add(_ name: String, _ content: [UInt8]) throws(FileError) {
    try write(Self.header(name.pathBytes, size: content.count)[...])
    try write(content[...])
    try pad()
  }

  /// Adds a member of `size` bytes out of a file.
  ///
  /// - Parameters:
  ///   - name: the member's name.
  ///   - source: the file's path, for errors.
  ///   - input: the open file.
  ///   - offset: where the content begins in the file.
  ///   - size: the size of the content in bytes.
  /// - Throws: `FileError`, also if the file ends too early.
  public func add(
    _ name: String, of source: String, _ input: Int32, offset: Int, size: Int
  ) throws(FileError) {
    try write(Self.header(name.pathBytes, size: size)[...])
    var buffer = [UInt8](repeating: 0, count: min(max(size, 1), 1 << 20))
    var done = 0
    while done < size {
      let count = pread(input, &buffer, min(buffer.count, size - done), off_t(offset + done))
      if count < 0, errno == EINTR { continue }
      guard count > 0 else {
        let reason = count < 0 ? String(cString: strerror(errno)) : "it became shorter meanwhile"
        throw FileError(path: source, attempt: "cannot read", reason: reason)
      }
      try write(buffer[..<count])
      done += count
    }
    try pad()
  }

  /// Ends the archive and forces it to the disk.
  ///
  /// - Throws: `FileError`.
  public func finish() throws(FileError) {
    try write([UInt8](repeating: 0, count: 2 * TarHeader.blockSize)[...])
    guard fsync(descriptor) == 0 else { throw FileError(path: path, attempt: "cannot write") }
  }

  private func write(_ bytes: ArraySlice<UInt8>) throws(FileError) {
    try writeAll(bytes, to: descriptor, path: path)
    size += bytes.count
  }

  private func pad() throws(FileError) {
    try write([UInt8](repeating: 0, count: size.roundedToBlocks - size)[...])
  }

  // MARK: Headers

  /// The header of a regular file, with a pax header before it if its name or size does not fit.
  private static func header(_ name: [UInt8], size: Int) -> [UInt8] {
    var records: [UInt8] = []
    if name.count > 100 { records += record("path", name) }
    if size >= 1 << 33 { records += record("size", Array(String(size).utf8)) }
    let own = block(name, size: size, type: UInt8(ascii: "0"))
    guard !records.isEmpty else { return own }
    let length = records.count
    records += [UInt8](repeating: 0, count: length.roundedToBlocks - length)
    return block(Array("././@PaxHeader".utf8), size: length, type: UInt8(ascii: "x")) + records
      + own
  }

  /// A record of a pax header, whose length counts its own digits.
  private static func record(_ key: String, _ value: [UInt8]) -> [UInt8] {
    let rest = key.utf8.count + value.count + 3
    var length = rest
    while length != rest + String(length).utf8.count { length = rest + String(length).utf8.count }
    return Array("\(length) \(key)=".utf8) + value + [0x0A]
  }

  private static func block(_ name: [UInt8], size: Int, type: UInt8) -> [UInt8] {
    var block = [UInt8](repeating: 0, count: TarHeader.blockSize)
    func put(_ bytes: some Collection<UInt8>, at offset: Int) {
      block.replaceSubrange(offset..<(offset + bytes.count), with: bytes)
    }
    func octal(_ number: Int, digits: Int) -> [UInt8] {
      let text = String(number, radix: 8)
      return Array((String(repeating: "0", count: max(digits - text.count, 0)) + text).utf8)
    }
    put(name.prefix(100), at: 0)
    put(octal(0o644, digits: 7), at: 100)
    put(octal(0, digits: 7), at: 108)
    put(octal(0, digits: 7), at: 116)
    put(octal(size < 1 << 33 ? size : 0, digits: 11), at: 124)
    put(octal(0, digits: 11), at: 136)
    block[156] = type
    put(Array("ustar\0".utf8) + Array("00".utf8), at: 257)
    put([UInt8](repeating: 0x20, count: 8), at: 148)
    put(octal(block.reduce(0) { $0 + Int($1) }, digits: 6) + [0, 0x20], at: 148)
    return block
  }
}
