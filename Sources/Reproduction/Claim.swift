import Foundation
import SafeFiles

/// A piece of work that one process at a time may do: a locked file. The lock ends with the process.
struct Claim {
  private let descriptor: Int32

  /// Nil if another process holds it.
  ///
  /// - Throws: `FileError` if the file cannot be created.
  init?(at path: String) throws {
    descriptor = openFile(at: path, O_RDWR | O_CREAT)
    guard descriptor >= 0 else { throw FileError(path: path, attempt: "cannot write") }
    guard lockFile(descriptor) else {
      close(descriptor)
      return nil
    }
  }

  /// The file stays: if it were removed, two processes could lock two files of its name.
  func release() { close(descriptor) }
}
