import Foundation
import SafeFiles

/// metrics.jsonl: one JSON object per line, appended as the run proceeds.
final class MetricsLog {
  private let handle: FileHandle
  private let path: String
  /// The file's length.
  private(set) var byteCount: Int

  /// Opens the file with its first `keeping` bytes, dropping what an interrupted run wrote after them.
  ///
  /// - Throws: `FileError`; ``RunError/damagedMetrics(path:)`` if the file is shorter, ``RunError/busy(path:)`` if
  ///   another process writes it.
  init(path: String, keeping: Int) throws {
    let descriptor = openFile(at: path, O_RDWR | (keeping == 0 ? O_CREAT : 0))
    guard descriptor >= 0 else { throw FileError(path: path, attempt: "cannot write") }
    handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    self.path = path
    byteCount = keeping
    // Two processes that resume one run would spoil it.
    guard lockFile(descriptor) else { throw RunError.busy(path: path) }
    guard try handle.seekToEnd() >= UInt64(keeping) else {
      throw RunError.damagedMetrics(path: path)
    }
    try handle.truncate(atOffset: UInt64(keeping))
    try handle.seek(toOffset: UInt64(keeping))
  }

  /// Unlocks before the file is closed: a process that is just being started by another thread has a copy of the
  /// descriptor until it is another program, and with it the lock.
  deinit { flock(handle.fileDescriptor, LOCK_UN) }

  /// Appends `record` as a line.
  ///
  /// - Throws: `FileError`.
  func append(_ record: some RunRecord) throws {
    let line = try Metrics.line(record)
    do {
      try handle.write(contentsOf: line)
    } catch {
      throw FileError(path: path, attempt: "cannot write")
    }
    byteCount += line.count
  }

  /// Forces all lines to the disk; a checkpoint that counts on them is not to outlive them.
  ///
  /// - Throws: `FileError`.
  func synchronize() throws {
    guard fsync(handle.fileDescriptor) == 0 else {
      throw FileError(path: path, attempt: "cannot write")
    }
  }
}
