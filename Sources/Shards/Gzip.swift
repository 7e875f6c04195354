import CZlib
import Foundation
import SafeFiles

/// A shard in gzip may become this many times as large, ...
private let mostExpansion = 20
/// ... or reach this size in bytes: what gets larger was made to fill the disk.
private let alwaysAllowed = 1 << 30

/// Whether the file at `path` begins as gzip does.
func isGzip(_ path: String) throws(ShardError) -> Bool {
  let descriptor = openFile(at: path, O_RDONLY)
  guard descriptor >= 0 else {
    throw ShardError(path, "cannot be opened: \(String(cString: strerror(errno)))")
  }
  defer { close(descriptor) }
  var start: [UInt8] = [0, 0]
  return read(descriptor, &start, 2) == 2 && start == [0x1F, 0x8B]
}

/// Unpacks the gzip file at `path` to `target`, whole or not at all.
///
/// - Throws: ``ShardError`` if it is damaged, cut off or a bomb; `FileError` if it cannot be written.
func gunzip(_ path: String, to target: String, compressedSize: Int) throws {
  let limit = max(alwaysAllowed, compressedSize * mostExpansion)
  let input = openFile(at: path, O_RDONLY)
  guard input >= 0, let stream = gzdopen(input, "rb") else {
    if input >= 0 { close(input) }
    throw ShardError(path, "cannot be opened: \(String(cString: strerror(errno)))")
  }
  defer { gzclose_r(stream) }
  gzbuffer(stream, 1 << 17)
  try replaceFile(at: target) { temporary in
    let output = openFile(at: temporary, O_WRONLY | O_CREAT | O_TRUNC)
    guard output >= 0 else { throw FileError(path: target, attempt: "cannot write") }
    defer { close(output) }
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    var total = 0
    while true {
      let count = Int(gzread(stream, &buffer, UInt32(buffer.count)))
      var status: Int32 = 0
      let text = gzerror(stream, &status).map { String(cString: $0) } ?? ""
      // A file that ends too early gives what there is, and an error.
      guard count >= 0, status == Z_OK || status == Z_STREAM_END else {
        throw ShardError(path, "is damaged or cut off: \(text)")
      }
      guard count > 0 else { return }
      total += count
      guard total <= limit else {
        throw ShardError(
          path,
          "unpacks to more than \(Format.grouped(limit >> 20)) MiB, \(mostExpansion) times its size: unpack it yourself "
            + "if it is meant to")
      }
      try writeAll(buffer[..<count], to: output, path: target)
    }
  }
}

/// Writes all of `bytes`.
func writeAll(_ bytes: ArraySlice<UInt8>, to descriptor: Int32, path: String) throws(FileError) {
  var isWritten = true
  bytes.withUnsafeBytes { buffer in
    var rest = buffer[...]
    while !rest.isEmpty {
      let count = write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else {
        isWritten = false
        return
      }
      rest = rest.dropFirst(count)
    }
  }
  guard isWritten else { throw FileError(path: path, attempt: "cannot write") }
}
