import KeyedRandom
import Media
import SyntheticData
import VideoSamples

/// A source that is open for reading.
enum OpenSource {
  case picture(MediaFile)
  case video(Video)
  case frameFolder(FrameFolder, framesPerSecond: Double)
  case deadLeaves(index: Int)

  /// - Throws: `MediaError` if it cannot be read.
  init(_ source: VideoSource) throws(MediaError) {
    switch source {
    case .picture(let path): self = .picture(MediaFile(path))
    case .video(let path): self = .video(try Video(contentsOf: path))
    case .shardMember(let member):
      let file = MediaFile(member)
      self = member.isVideo ? .video(try Video(contentsOf: file)) : .picture(file)
    case .frameFolder(let path, let rate):
      self = .frameFolder(try FrameFolder.ofVideo(path), framesPerSecond: rate)
    case .deadLeaves(let index): self = .deadLeaves(index: index)
    }
  }

  /// The time of the last frame in seconds after the first; 0 for a still picture.
  var lastFrameTime: Double {
    switch self {
    case .video(let video): video.lastFrameTime
    case .frameFolder(let folder, let rate): Double(folder.count - 1) / rate
    case .picture, .deadLeaves: 0
    }
  }

  /// The number of frames; for a video, from its average frame rate.
  var frameCount: Int {
    switch self {
    case .video(let video):
      Int(exactly: (video.lastFrameTime * video.averageFrameRate).rounded()).map { $0 + 1 } ?? 1
    case .frameFolder(let folder, _): folder.count
    case .picture, .deadLeaves: 1
    }
  }

  /// The frame at the given share (0 ..< 1) of the duration.
  func picture(at share: Double, shortSide: Int) throws(MediaError) -> Picture {
    switch self {
    case .picture(let file): return try Picture(contentsOf: file, shortSide: shortSide)
    case .video(let video): return try video.frame(atFraction: share, shortSide: shortSide)
    case .frameFolder(let folder, _):
      return try folder.frame(atFraction: share, shortSide: shortSide)
    case .deadLeaves(let index):
      // The picture is a little wider than the crop, so that the position of the crop matters.
      var painter = KeyedGenerator(.deadLeaves, UInt64(index))
      return DeadLeaves.picture(width: shortSide * 5 / 4, height: shortSide, using: &painter)
    }
  }

  /// The frames shown at these times, which must ascend.
  func pictures(shownAt times: [Double], shortSide: Int) throws(MediaError) -> [Picture] {
    switch self {
    case .video(let video): return try video.pictures(shownAt: times, shortSide: shortSide)
    case .frameFolder(let folder, let rate):
      return try folder.pictures(shownAt: times, rate: rate, shortSide: shortSide)
    case .picture, .deadLeaves:
      return Array(repeating: try picture(at: 0, shortSide: shortSide), count: times.count)
    }
  }

  /// All pictures; nil if they need more than `bytes`, and for still pictures.
  func allPictures(shortSide: Int, bytes: Int) throws(MediaError) -> TimedPictures? {
    switch self {
    case .video(let video): try video.allPictures(shortSide: shortSide, bytes: bytes)
    case .frameFolder(let folder, let rate):
      try folder.allPictures(rate: rate, shortSide: shortSide, bytes: bytes)
    case .picture, .deadLeaves: nil
    }
  }

  /// An estimate of the bytes that all pictures need.
  func estimatedBytes(shortSide: Int) throws(MediaError) -> Double {
    switch self {
    case .video(let video):
      let aspect = Double(max(video.width, video.height)) / Double(min(video.width, video.height))
      let frames = video.lastFrameTime * video.averageFrameRate + 1
      return frames * aspect * Double(3 * shortSide * shortSide)
    case .frameFolder(let folder, _):
      let picture = try Picture(contentsOf: folder.path(ofFrame: 0), shortSide: shortSide)
      return Double(folder.count * picture.pixels.count)
    case .picture, .deadLeaves: return .infinity
    }
  }
}

extension MediaFile {
  /// The bytes of a member.
  init(_ member: ShardMember) {
    self.init(
      member.path, in: member.file, part: member.offset..<(member.offset + member.size))
  }
}
