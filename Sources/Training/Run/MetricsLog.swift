import Foundation
import SafeFiles

/// Appends records to metrics.jsonl, one JSON object per line.
final class MetricsLog {
  private let handle: FileHandle
  private let path: String
  /// The length of the file.
  private(set) var byteCount: Int
  /// Lines that are not yet in the file.
  private var pending = Data()

  /// Opens the file and truncates it to its first `keeping` bytes, which drops what an interrupted run wrote after its
  /// checkpoint.
  ///
  /// - Throws: `FileError`; ``RunError/damagedMetrics(path:)`` if the file is shorter; ``RunError/busy(path:)`` if
  ///   another process writes to it.
  init(path: String, keeping: Int) throws {
    let descriptor = openFile(at: path, O_RDWR | (keeping == 0 ? O_CREAT : 0))
    guard descriptor >= 0 else { throw FileError(path: path, attempt: "cannot write") }
    handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    self.path = path
    byteCount = keeping
    // Two processes that resume the same run would corrupt it.
    guard lockFile(descriptor) else { throw RunError.busy(path: path) }
    guard try handle.seekToEnd() >= UInt64(keeping) else {
      throw RunError.damagedMetrics(path: path)
    }
    try handle.truncate(atOffset: UInt64(keeping))
    try handle.seek(toOffset: UInt64(keeping))
  }

  /// Unlocks the file before it is closed: a process that another thread is just starting has a copy of the descriptor,
  /// and with it the lock, until it executes its own program.
  deinit { flock(handle.fileDescriptor, LOCK_UN) }

  /// Adds `record` as a line, which ``flush()`` writes.
  func add(_ record: some RunRecord) throws { pending += try Metrics.line(record) }

  /// Writes the lines that are not yet in the file: either all of them or none.
  ///
  /// - Throws: `FileError`; the next call tries again.
  func flush() throws {
    let isWritten = pending.withUnsafeBytes { bytes in
      var rest = bytes[...]
      while !rest.isEmpty {
        let count = write(
          handle.fileDescriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return false }
        rest = rest.dropFirst(count)
      }
      return true
    }
    guard isWritten else {
      let error = FileError(path: path, attempt: "cannot write")
      // Half a line would make the next one unreadable.
      try? handle.truncate(atOffset: UInt64(byteCount))
      try? handle.seek(toOffset: UInt64(byteCount))
      throw error
    }
    byteCount += pending.count
    pending = Data()
  }

  /// Writes all lines to the disk. A checkpoint must not survive a crash if lines that it counts do not.
  ///
  /// - Throws: `FileError`.
  func synchronize() throws {
    try flush()
    guard fsync(handle.fileDescriptor) == 0 else {
      throw FileError(path: path, attempt: "cannot write")
    }
  }
}
