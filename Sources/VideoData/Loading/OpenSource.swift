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
  case shapes(ShapeScene, ShapeTextures?)

  /// - Parameter generator: draws another video if the source is one that each sample redraws.
  /// - Throws: `MediaError` if it cannot be read.
  init(_ source: VideoSource, redrawing generator: inout KeyedGenerator) throws(MediaError) {
    switch source {
    case .picture(let path): self = .picture(MediaFile(path))
    case .video(let path): self = .video(try Video(contentsOf: path))
    case .shardMember(let member):
      let file = MediaFile(member)
      self = member.isVideo ? .video(try Video(contentsOf: file)) : .picture(file)
    case .frameFolder(let path, let rate):
      self = .frameFolder(try FrameFolder.ofVideo(path), framesPerSecond: rate)
    case .deadLeaves(let index): self = .deadLeaves(index: index)
    case .shapes(let video):
      let textures = try ShapeTextures.textures(of: video)
      let key = [
        RandomStream.shapeVideo.rawValue, UInt64(video.seed), UInt64(video.index),
      ]
      self = .shapes(
        ShapeScene(
          key: video.isRedrawn ? key + [generator.next()] : key, features: video.level.features,
          textureCount: textures?.count), textures)
    }
  }

  /// The source; of one that each sample redraws, some video.
  ///
  /// - Throws: `MediaError` if it cannot be read.
  init(_ source: VideoSource) throws(MediaError) {
    var generator = KeyedGenerator()
    try self.init(source, redrawing: &generator)
  }

  /// Information that is known before frames are decoded.
  ///
  /// - Parameter countsFrames: false if the frames' number and times may be those at the average rate. Counting may read all
  ///   packets of a video.
  func info(countsFrames: Bool) -> SourceInfo {
    if countsFrames, case .video(let video) = self, let times = video.unevenFrameTimes {
      return SourceInfo(lastFrameTime: lastFrameTime, frameTimes: times)
    }
    return SourceInfo(lastFrameTime: lastFrameTime, frameCount: frameCount)
  }

  /// The time of the last frame in seconds after the first; 0 for a still picture.
  private var lastFrameTime: Double {
    switch self {
    case .video(let video): video.lastFrameTime
    case .frameFolder(let folder, let rate): Double(folder.count - 1) / rate
    case .shapes(let scene, _): Double(scene.frameCount - 1) / ShapeScene.framesPerSecond
    case .picture, .deadLeaves: 0
    }
  }

  /// The number of frames; for a video, from its average frame rate.
  private var frameCount: Int {
    switch self {
    case .video(let video): video.evenFrameCount
    case .frameFolder(let folder, _): folder.count
    case .shapes(let scene, _): scene.frameCount
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
    case .shapes(let scene, let textures):
      let frame = min(Int(share * Double(scene.frameCount)), scene.frameCount - 1)
      return try scene.pictures([frame], side: shortSide, textures)[0]
    }
  }

  /// The frames shown at these times, which must ascend.
  func pictures(shownAt times: [Double], shortSide: Int) throws(MediaError) -> [Picture] {
    switch self {
    case .video(let video): return try video.pictures(shownAt: times, shortSide: shortSide)
    case .frameFolder(let folder, let rate):
      return try folder.pictures(shownAt: times, rate: rate, shortSide: shortSide)
    case .shapes(let scene, let textures):
      let frames = times.map { time in
        let frame = (time * ShapeScene.framesPerSecond + 1e-3).rounded(.down)
        return Int(min(max(frame, 0), Double(scene.frameCount - 1)))
      }
      return try scene.pictures(frames, side: shortSide, textures)
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
    case .picture, .deadLeaves, .shapes: nil
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
    case .picture, .deadLeaves, .shapes: return .infinity
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
