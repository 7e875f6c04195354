import Foundation
import SafeFiles

/// A new file that is written sequentially.
final class OutputFile {
  /// The number of bytes written so far.
  private(set) var size = 0
  private let path: String
  private var file: UnsafeMutablePointer<FILE>?

  /// Creates the file.
  ///
  /// - Throws: `FileError` with `path`, which the file at `temporaryPath` will replace; the same holds for the other
  ///   methods.
  init(_ temporaryPath: String, for path: String) throws(FileError) {
    self.path = path
    file = temporaryPath.withPathBytes { fopen($0, "wb") }
    guard file != nil else { throw FileError(path: path, attempt: "cannot write") }
  }

  deinit { if let file { fclose(file) } }

  func put(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
    guard bytes.isEmpty || fwrite(bytes.baseAddress, 1, bytes.count, file!) == bytes.count else {
      throw FileError(path: path, attempt: "cannot write")
    }
    size += bytes.count
  }

  func put(_ bytes: [UInt8]) throws {
    try bytes.withUnsafeBytes { try put($0) }
  }

  /// Overwrites the bytes at `offset` with `bytes`; subsequent writes still append to the end.
  func replace(_ bytes: [UInt8], at offset: Int) throws(FileError) {
    guard fseek(file!, offset, SEEK_SET) == 0, fwrite(bytes, 1, bytes.count, file!) == bytes.count,
      fseek(file!, 0, SEEK_END) == 0
    else { throw FileError(path: path, attempt: "cannot write") }
  }

  func close() throws(FileError) {
    let file = self.file!
    self.file = nil
    guard fclose(file) == 0 else { throw FileError(path: path, attempt: "cannot write") }
  }
}

extension [UInt8] {
  /// Appends `integer` in little-endian order.
  mutating func append<Integer: FixedWidthInteger>(_ integer: Integer, as type: Integer.Type) {
    Swift.withUnsafeBytes(of: integer.littleEndian) { append(contentsOf: $0) }
  }
}

extension Tensor {
  /// Calls `body` with the elements in row-major order.
  func withElements<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    let block = UnsafeMutableRawBufferPointer.allocate(
      byteCount: count * dtype.byteCount, alignment: 16)
    defer { block.deallocate() }
    copyBytes(to: block)
    return try body(UnsafeRawBufferPointer(block))
  }
}
