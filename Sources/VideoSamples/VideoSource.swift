import SafeFiles

/// A source of frames: a video in any form, or a still picture, which is a video with one frame.
public enum VideoSource: Hashable, Sendable, CustomStringConvertible {
  /// A picture file.
  case picture(path: String)
  /// A video file.
  case video(path: String)
  /// The frames of a video as pictures in a folder, sorted naturally by their names.
  case frameFolder(path: String, framesPerSecond: Double)
  /// A picture or video in a tar file.
  case shardMember(ShardMember)
  /// A procedural picture; equal indices give equal pictures.
  case deadLeaves(index: Int)
  /// A procedural video.
  case shapes(ShapeVideo)

  /// The frame rate assumed for folders of frames without a known rate, in frames per second.
  public static let assumedFrameRate = 25.0

  /// The path of the file or folder, the path of the shard and the name in it, or the name of the procedural picture
  /// or video.
  public var path: String {
    switch self {
    case .picture(let path), .video(let path), .frameFolder(let path, _): path
    case .shardMember(let member): member.path
    case .deadLeaves(let index): "synthetic:dead-leaves #\(index)"
    case .shapes(let video): video.description
    }
  }

  /// The folder that contains the source, according to its path; nil for a procedural one. For a member of a shard, the
  /// folder that would contain it if all shards of a folder were unpacked there.
  public var folder: String? {
    switch self {
    case .picture(let path), .video(let path), .frameFolder(let path, _): PathParts(path).folder
    case .shardMember(let member): PathParts(member.unpackedPath).folder
    case .deadLeaves, .shapes: nil
    }
  }

  /// True if the source is a single picture.
  public var isStill: Bool {
    switch self {
    case .picture, .deadLeaves: true
    case .video, .frameFolder, .shapes: false
    case .shardMember(let member): !member.isVideo
    }
  }

  /// ``path``.
  public var description: String { path }
}
