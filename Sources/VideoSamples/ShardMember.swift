import SafeFiles

/// A picture or video in a shard: a part of a tar file.
public struct ShardMember: Hashable, Sendable {
  /// The path of the shard as it was named.
  public let shard: String
  /// The file in which the bytes lie: the shard, or what it was unpacked to.
  public let file: String
  /// The name in the shard.
  public let name: String
  /// Where the bytes begin in the file.
  public let offset: Int
  /// The number of bytes.
  public let size: Int
  /// True for a video, false for a picture.
  public let isVideo: Bool

  /// Describes a member.
  public init(
    shard: String, file: String, name: String, offset: Int, size: Int, isVideo: Bool
  ) {
    self.shard = shard
    self.file = file
    self.name = name
    self.offset = offset
    self.size = size
    self.isVideo = isVideo
  }

  /// The path of the shard and the name in it: `train-0000.tar/dogs/1.jpg`.
  public var path: String { shard + "/" + name }

  /// The path that it would have if all shards of a folder were unpacked there.
  public var unpackedPath: String {
    let folder = PathParts(shard).folder
    return folder.isEmpty ? name : folder == "/" ? "/" + name : "\(folder)/\(name)"
  }
}
