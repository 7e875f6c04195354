import CFFmpeg
import SafeFiles

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// A picture or video on the disk: a file, or a part of one, such as a member of an archive.
public struct MediaFile: Hashable, Sendable {
  /// The path by which messages name it, and whose extension tells a TGA from other files.
  public let path: String
  /// The path of the file that is opened.
  let file: String
  /// The bytes of `file` that count; nil for all of them.
  let part: Range<Int>?

  /// The whole file at `path`.
  public init(_ path: String) {
    self.path = path
    file = path
    part = nil
  }

  /// A part of a file.
  ///
  /// - Parameters:
  ///   - path: the path by which messages name the part.
  ///   - file: the path of the file.
  ///   - part: the bytes that count, from 0. They need not exist.
  public init(_ path: String, in file: String, part: Range<Int>) {
    self.path = path
    self.file = file
    self.part = part
  }

  /// Where its bytes lie in the file. Rejects what is not a regular file: opening a pipe or a device could wait forever.
  ///
  /// - Throws: `MediaError` if it cannot be read or is empty.
  public func bytes() throws(MediaError) -> Range<Int> {
    guard let part else { return 0..<(try sizeOfRegularFile(path)) }
    guard let status = fileStatus(at: file) else {
      throw MediaError(.unreadable, path, "cannot be read: \(systemText(errno))")
    }
    guard status.kind == .file else {
      throw MediaError(.unreadable, path, "cannot be read: \(file) is not a file")
    }
    guard part.lowerBound >= 0, part.upperBound <= status.size else {
      throw MediaError(.damaged, path, "is cut off: \(file) ends before it does")
    }
    guard !part.isEmpty else { throw MediaError(.damaged, path, "is empty") }
    return part
  }

  /// Opens the file that its bytes lie in for reading; the caller closes the descriptor.
  ///
  /// - Throws: `MediaError`.
  public func open() throws(MediaError) -> Int32 {
    let descriptor = openFile(at: file, O_RDONLY)
    guard descriptor >= 0 else {
      throw MediaError(.unreadable, path, "cannot be opened: \(systemText(errno))")
    }
    return descriptor
  }
}

/// The bytes of a ``MediaFile`` as FFmpeg reads them.
final class MediaStream {
  let io: UnsafeMutablePointer<AVIOContext>
  private let part: PartReader?

  init(_ file: MediaFile) throws(MediaError) {
    let bytes = try file.bytes()
    guard file.part != nil else {
      // As a file whatever its name looks like.
      var io: UnsafeMutablePointer<AVIOContext>?
      let status = ("file:" + file.path).withPathBytes { avio_open(&io, $0, AVIO_FLAG_READ) }
      guard status >= 0, let io else {
        throw MediaError(.unreadable, file.path, "cannot be opened: \(ffmpegText(status))")
      }
      (self.io, part) = (io, nil)
      return
    }
    let part = PartReader(try file.open(), bytes)
    let bufferSize = 32_768
    guard let buffer = av_malloc(bufferSize) else {
      throw MediaError(outOfMemory: file.path, "read")
    }
    let io = avio_alloc_context(
      buffer.assumingMemoryBound(to: UInt8.self), Int32(bufferSize), 0,
      Unmanaged.passUnretained(part).toOpaque(),
      { part, target, count in PartReader.of(part).read(target, Int(count)) }, nil,
      { part, offset, origin in PartReader.of(part).seek(offset, origin) })
    guard let io else {
      av_free(buffer)
      throw MediaError(outOfMemory: file.path, "read")
    }
    (self.io, self.part) = (io, part)
  }

  deinit {
    var io: UnsafeMutablePointer<AVIOContext>? = io
    if part == nil {
      avio_closep(&io)
    } else {
      av_free(self.io.pointee.buffer)
      avio_context_free(&io)
    }
  }
}

/// Reads a part of a file.
private final class PartReader {
  private let descriptor: Int32
  private let bytes: Range<Int>
  /// From the part's first byte.
  private var position = 0

  init(_ descriptor: Int32, _ bytes: Range<Int>) {
    self.descriptor = descriptor
    self.bytes = bytes
  }

  deinit { close(descriptor) }

  static func of(_ pointer: UnsafeMutableRawPointer?) -> PartReader {
    Unmanaged<PartReader>.fromOpaque(pointer!).takeUnretainedValue()
  }

  /// The number of bytes read, or FFmpeg's status.
  func read(_ target: UnsafeMutablePointer<UInt8>?, _ count: Int) -> Int32 {
    let count = min(count, bytes.count - position)
    guard let target, count > 0 else { return cff_error_eof() }
    while true {
      let found = pread(descriptor, target, count, off_t(bytes.lowerBound + position))
      if found < 0, errno == EINTR { continue }
      guard found > 0 else { return found == 0 ? cff_error_eof() : -errno }
      position += found
      return Int32(found)
    }
  }

  /// The new position, or the size if that is asked for.
  func seek(_ offset: Int64, _ origin: Int32) -> Int64 {
    let base: Int
    switch origin & ~AVSEEK_FORCE {
    case AVSEEK_SIZE: return Int64(bytes.count)
    case SEEK_SET: base = 0
    case SEEK_CUR: base = position
    case SEEK_END: base = bytes.count
    default: return Int64(-EINVAL)
    }
    let (target, isOver) = Int64(base).addingReportingOverflow(offset)
    guard !isOver, target >= 0 else { return Int64(-EINVAL) }
    // As in a file, one may stand behind the end.
    position = Int(target)
    return target
  }
}
