import SafeFiles

/// Something that frames are read from: a video in one of its forms, or a still picture, which is a video of one frame.
public enum VideoSource: Hashable, Sendable, CustomStringConvertible {
  case picture(path: String)
  case video(path: String)
  /// The frames of a video as pictures in a folder, in the natural order of their names.
  case frameFolder(path: String, framesPerSecond: Double)
  /// A procedural picture; equal indices are equal pictures.
  case deadLeaves(index: Int)

  /// The rate of a folder of frames of which no rate is known, in frames per second.
  public static let assumedFrameRate = 25.0

  /// The file or folder, or the name of a procedural picture.
  public var path: String {
    switch self {
    case .picture(let path), .video(let path), .frameFolder(let path, _): path
    case .deadLeaves(let index): "synthetic:dead-leaves #\(index)"
    }
  }

  /// The folder that the source lies in, according to its path; nil for a procedural picture.
  public var folder: String? {
    if case .deadLeaves = self { return nil }
    return PathParts(path).folder
  }

  /// True if the source is a single picture, in which nothing moves.
  public var isStill: Bool {
    switch self {
    case .picture, .deadLeaves: true
    case .video, .frameFolder: false
    }
  }

  /// ``path``.
  public var description: String { path }
}
