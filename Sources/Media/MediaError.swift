import CFFmpeg
import SafeFiles

/// Why a picture or video cannot be read or written. Its text is one sentence that names the file.
public struct MediaError: Error, Equatable, CustomStringConvertible, Sendable {
  /// The kind of error, for callers that treat kinds differently.
  public enum Reason: Equatable, Sendable {
    /// The file or folder does not exist, is unreadable or is not a regular file.
    case unreadable
    /// The installed FFmpeg does not know the format, or the file contains no picture or video.
    case unrecognized
    /// The content is truncated or damaged.
    case damaged
    /// The picture is too small, too large or too elongated.
    case unsuitableSize
    /// Encoding or writing failed.
    case unwritable
  }

  /// The kind of error.
  public let reason: Reason
  /// The file or folder.
  public let path: String
  /// The problem, as the predicate of a sentence whose subject is the path.
  public let problem: String

  public var description: String { "\(path) \(problem)" }

  /// An error about a file.
  ///
  /// - Parameters:
  ///   - reason: the kind of error.
  ///   - path: the file or folder.
  ///   - problem: the predicate of a sentence whose subject is the path.
  public init(_ reason: Reason, _ path: String, _ problem: String) {
    self.reason = reason
    self.path = path
    self.problem = problem
  }

  /// Memory was exhausted when the file was to be `attempt`, such as "decoded".
  init(outOfMemory path: String, _ attempt: String, _ reason: Reason = .unreadable) {
    self.init(reason, path, "cannot be \(attempt): out of memory")
  }

  /// A picture with more pixels than allowed.
  init(oversized path: String, width: Int, height: Int, limit: Int) {
    self.init(
      .unsuitableSize, path,
      "is \(width)x\(height) pixels, more than the \(limit / 1_000_000) million allowed; "
        + "scale it down")
  }

  /// An intact file of a kind that this build cannot read. `kind` is, for example, "a JPEG"; `what` is the reason.
  init(unsupported path: String, _ kind: String, _ what: String) {
    self.init(
      .unrecognized, path,
      "is \(kind) that this build cannot read: \(what); convert it to PNG or plain JPEG")
  }

  /// A file for which a decoder failed with FFmpeg's `status`; zero for an incomplete picture.
  init(decoding path: String, status: Int32 = 0) {
    if status == cff_error_unsupported() {
      self.init(
        unsupported: path, "of a kind", "FFmpeg \(MediaCapabilities.ffmpegVersion) lacks it")
    } else {
      let reason = status < 0 ? ": \(ffmpegText(status))" : ""
      self.init(.damaged, path, "is truncated or damaged\(reason)")
    }
  }

  /// A file that could not be moved to its path.
  init(_ error: FileError) {
    self.init(.unwritable, error.path, "cannot be written: \(error.reason)")
  }
}
