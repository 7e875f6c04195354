import CFFmpeg
import SafeFiles

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// The system's message for an `errno`.
func systemText(_ code: Int32) -> String { String(cString: strerror(code)) }

/// The size of a regular file in bytes. Rejects other files: opening a pipe or a device could wait forever.
func sizeOfRegularFile(_ path: String) throws(MediaError) -> Int {
  guard let status = fileStatus(at: path) else {
    throw MediaError(.unreadable, path, "cannot be read: \(systemText(errno))")
  }
  guard status.kind == .file else { throw MediaError(.unreadable, path, "is not a file") }
  if let problem = standIn(at: path) { throw MediaError(.damaged, path, problem) }
  return status.size
}

extension PacketBuffer {
  /// A packet that contains a whole picture.
  convenience init(contentsOf file: MediaFile, limit: Int) throws(MediaError) {
    let (bytes, path) = (try file.bytes(), file.path)
    guard bytes.count <= limit else {
      throw MediaError(
        .unsuitableSize, path, "is larger than the \(limit >> 20) MiB allowed for one picture")
    }
    self.init()
    guard av_new_packet(pointer, Int32(bytes.count)) == 0, let data = pointer.pointee.data else {
      throw MediaError(
        .unreadable, path, "needs \(bytes.count) bytes, more than there is memory for")
    }
    let descriptor = try file.open()
    defer { close(descriptor) }
    var filled = 0
    while filled < bytes.count {
      let count = pread(
        descriptor, data + filled, bytes.count - filled, off_t(bytes.lowerBound + filled))
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else {
        throw MediaError(.unreadable, path, "cannot be read: \(systemText(errno))")
      }
      if count == 0 { break }
      filled += count
    }
    av_shrink_packet(pointer, Int32(filled))
  }

  /// A packet with these bytes, which are a part of the file at `path`.
  convenience init(_ content: [UInt8], path: String) throws(MediaError) {
    self.init()
    guard av_new_packet(pointer, Int32(content.count)) == 0 else {
      throw MediaError(outOfMemory: path, "decoded")
    }
    mutableBytes.copyBytes(from: content)
  }

  var mutableBytes: UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(start: pointer.pointee.data, count: Int(pointer.pointee.size))
  }

  var bytes: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: pointer.pointee.data, count: Int(pointer.pointee.size))
  }
}
