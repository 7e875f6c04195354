import Foundation
import SafeFiles

/// A piece of work that one process at a time does, as a locked file; whatever ends the process frees it.
struct Claim {
  private let descriptor: Int32

  /// Nil where another process holds it.
  ///
  /// - Throws: `FileError` where the file cannot be made.
  init?(at path: String) throws {
    descriptor = open(path, O_RDWR | O_CLOEXEC | O_CREAT, 0o644)
    guard descriptor >= 0 else { throw FileError(path: path, attempt: "cannot write") }
    // File systems without locks do not help here: then each process believes to be alone.
    if flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK {
      close(descriptor)
      return nil
    }
  }

  /// The file stays: were it removed, two processes could hold two files of its name.
  func release() { close(descriptor) }
}
