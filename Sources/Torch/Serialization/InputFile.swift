import Foundation
import SafeFiles

/// A file that is open for random access.
final class InputFile: Sendable {
  let path: String
  /// The size in bytes when the file was opened.
  let size: Int
  private let descriptor: Int32

  /// Opens a file.
  ///
  /// - Throws: `FileError`, also if it is not a regular file.
  init(path: String) throws(FileError) {
    // Opening a pipe in blocking mode would wait for its writer.
    descriptor = openFile(at: path, O_RDONLY | O_NONBLOCK)
    guard descriptor >= 0 else { throw FileError(path: path, attempt: "cannot read") }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      let error = FileError(path: path, attempt: "cannot read")
      close(descriptor)
      throw error
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw FileError(path: path, attempt: "cannot read", reason: "it is not a file")
    }
    self.path = path
    size = Int(status.st_size)
  }

  deinit { close(descriptor) }

  /// The bytes in `range`, which must be within the file.
  ///
  /// - Throws: `FileError`.
  func read(_ range: Range<Int>) throws(FileError) -> [UInt8] {
    precondition(range.lowerBound >= 0 && range.upperBound <= size, "\(range) of \(size) bytes")
    var failure: FileError?
    let bytes = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
      while count < range.count {
        let got = pread(
          descriptor, buffer.baseAddress! + count, range.count - count,
          off_t(range.lowerBound + count))
        if got < 0 && errno == EINTR { continue }
        guard got > 0 else {
          failure =
            got < 0
            ? FileError(path: path, attempt: "cannot read")
            : FileError(path: path, attempt: "cannot read", reason: "it has become shorter")
          return
        }
        count += got
      }
    }
    if let failure { throw failure }
    return bytes
  }
}

/// A problem with the content of a file. A caller that knows the path turns it into a public error.
struct Unsound: Error {
  let problem: String

  init(_ problem: String) { self.problem = problem }
}

/// Text from a file for use in an error message: truncated and without control characters.
func quoted(_ text: String) -> String {
  let shown = String(text.prefix(80))
  return String(reflecting: shown.utf8.count < text.utf8.count ? shown + "…" : shown)
}
