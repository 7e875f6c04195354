#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// A file written beside its final place, so that nobody ever sees half of it: it gets its name
/// when it is whole, and without that is removed.
final class PartialFile {
  let path: String
  let partialPath: String
  private var isInPlace = false

  init(for path: String) {
    self.path = path
    partialPath = "\(path).\(getpid()).partial"
  }

  /// Renames the whole file into place.
  func moveIntoPlace() throws(MediaError) {
    guard rename(partialPath, path) == 0 else {
      throw MediaError(.unwritable, path, "cannot be written: \(systemText(errno))")
    }
    isInPlace = true
  }

  deinit {
    if !isInPlace { unlink(partialPath) }
  }
}

/// Writes a file of the given bytes, wholly or not at all.
func writeFile(_ bytes: [UInt8], to path: String) throws(MediaError) {
  let file = PartialFile(for: path)
  let descriptor = open(file.partialPath, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
  guard descriptor >= 0 else {
    throw MediaError(.unwritable, path, "cannot be written: \(systemText(errno))")
  }
  let failure = bytes.withUnsafeBytes { content -> Int32 in
    var written = 0
    while written < content.count {
      let count = write(descriptor, content.baseAddress! + written, content.count - written)
      if count < 0 && errno == EINTR { continue }
      if count <= 0 { return errno }
      written += count
    }
    return 0
  }
  guard close(descriptor) == 0, failure == 0 else {
    throw MediaError(
      .unwritable, path, "cannot be written: \(systemText(failure != 0 ? failure : errno))")
  }
  try file.moveIntoPlace()
}
