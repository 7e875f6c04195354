/// A video that clips are cut from.
public enum Footage: Hashable, Sendable, CustomStringConvertible {
  case video(path: String)
  /// The frames of a video, extracted into a folder; `rate` of them a second.
  case frameFolder(path: String, rate: Double)

  public var path: String {
    switch self {
    case .video(let path), .frameFolder(let path, _): path
    }
  }

  public var description: String { path }
}
