import Foundation
import SafeFiles

/// A claim to a piece of work by one process: a locked file. The lock ends with the process.
struct Claim {
  private let descriptor: Int32

  /// Nil if another process has claimed it.
  ///
  /// - Throws: `FileError` if the file cannot be made.
  init?(at path: String) throws {
    descriptor = openFile(at: path, O_RDWR | O_CREAT)
    guard descriptor >= 0 else { throw FileError(path: path, attempt: "cannot write") }
    guard lockFile(descriptor) else {
      close(descriptor)
      return nil
    }
  }

  /// The file is kept: if it were removed, two processes could lock two files with the same name.
  func release() { close(descriptor) }
}
