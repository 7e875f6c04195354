import CFFmpeg
import SafeFiles

/// Why a picture or video could not be read or written: one sentence that names the file.
public struct MediaError: Error, Equatable, CustomStringConvertible, Sendable {
  /// What kind of trouble it is, for callers that treat some kinds differently.
  public enum Reason: Equatable, Sendable {
    /// The file or folder is missing, unreadable or not a regular file.
    case unreadable
    /// The content is in no format that the installed FFmpeg reads, or holds no picture or video.
    case unrecognized
    /// The content is cut off or damaged.
    case damaged
    /// The picture is too small, too large or too elongated.
    case unsuitableSize
    /// Encoding or writing failed.
    case unwritable
  }

  /// The kind of trouble.
  public let reason: Reason
  /// The file or folder concerned.
  public let path: String
  /// What is wrong with it, as the predicate of a sentence whose subject is the path.
  public let problem: String

  public var description: String { "\(path) \(problem)" }

  /// - Parameters:
  ///   - reason: the kind of trouble.
  ///   - path: the file or folder concerned.
  ///   - problem: the predicate of a sentence whose subject is the path.
  public init(_ reason: Reason, _ path: String, _ problem: String) {
    self.reason = reason
    self.path = path
    self.problem = problem
  }

  /// Memory was short while the file was to be `attempt`, as "decoded".
  init(outOfMemory path: String, _ attempt: String, _ reason: Reason = .unreadable) {
    self.init(reason, path, "cannot be \(attempt): out of memory")
  }

  /// A picture of more pixels than allowed.
  init(oversized path: String, width: Int, height: Int, limit: Int) {
    self.init(
      .unsuitableSize, path,
      "is \(width)x\(height) pixels, more than the \(limit / 1_000_000) million allowed; "
        + "scale it down")
  }

  /// A sound file of a kind that this build cannot read, `kind` as "a JPEG", for want of `what`.
  init(unsupported path: String, _ kind: String, _ what: String) {
    self.init(
      .unrecognized, path,
      "is \(kind) that this build cannot read: \(what); convert it to PNG or plain JPEG")
  }

  /// A file that a decoder gave up with FFmpeg's `status`; zero for a picture that is there in part.
  init(decoding path: String, status: Int32 = 0) {
    if status == cff_error_unsupported() {
      self.init(
        unsupported: path, "of a kind", "FFmpeg \(MediaCapabilities.ffmpegVersion) lacks it")
    } else {
      let reason = status < 0 ? ": \(ffmpegText(status))" : ""
      self.init(.damaged, path, "is cut off or damaged\(reason)")
    }
  }

  /// A file that could not be put in its place.
  init(_ error: FileError) {
    self.init(.unwritable, error.path, "cannot be written: \(error.reason)")
  }
}
