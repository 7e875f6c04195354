import KeyedRandom
import Media
import TestSupport
import Testing
import VideoData
import VideoSamples

/// Procedural videos are read as any video: by times, and by rules that need motion.
@Suite struct ShapeVideoTests {
  private let rule = SampleRule(readsClips: true) { _, _ in
    SampleRequest(
      .clips([[0, 0.04, 0.16, 99]]),
      crop: .centerWindow(height: 32, width: 32))
  }

  private func clip(_ video: ShapeVideo, draw: UInt64 = 0) throws -> ClipPixels {
    var generator = KeyedGenerator(draw)
    return try VideoSource.shapes(video).clips(rule, using: &generator)[0]
  }

  @Test(arguments: ShapeVideo.Level.allCases)
  func videosAreReadByTime(level: ShapeVideo.Level) throws {
    let folder = try ScratchFolder()
    try folder.picture("a.png", width: 60, height: 40)
    try folder.picture("b.png", width: 40, height: 60, level: 200)
    let video = ShapeVideo(
      level, index: 2, pictures: level == .pictureShapes ? folder.path : nil)
    let source = VideoSource.shapes(video)
    let info = try source.info()
    #expect((100...200).contains(info.frameCount))
    #expect(abs(info.lastFrameTime - Double(info.frameCount - 1) / 25) < 1e-9)
    #expect(!source.isStill && source.folder == nil)
    #expect(source.description.hasPrefix("synthetic:\(level.rawValue)"))
    let clip = try clip(video)
    #expect((clip.frames, clip.height, clip.width) == (4, 32, 32))
    #expect((Set(clip.pictures.map(\.pixels)).count > 1) == (level != .staticCircles))
    #expect(try self.clip(video, draw: 5) == clip)
    // A still of it is one of its frames.
    var generator = KeyedGenerator(1)
    #expect(try source.still(height: 32, width: 32, using: &generator).width == 32)
  }

  @Test func seedsAndNumbersMakeDifferentVideos() throws {
    let first = try clip(ShapeVideo(.movingShapes, index: 0))
    #expect(try clip(ShapeVideo(.movingShapes, index: 1)) != first)
    #expect(try clip(ShapeVideo(.movingShapes, index: 0, seed: 1)) != first)
  }

  /// A redrawn video is another one for each sample, and the same one for the same sample.
  @Test func redrawnVideosFollowTheSample() throws {
    let video = ShapeVideo(.movingShapes, index: 0, isRedrawn: true)
    let first = try clip(video, draw: 1)
    #expect(try clip(video, draw: 1) == first)
    #expect(try clip(video, draw: 2) != first)
    let loader = SampleLoader([VideoSource.shapes(video)], rule: rule)
    func sample(_ epoch: Int) throws -> ClipPixels {
      try loader.sample(.training(seed: 0, epoch: epoch, source: 0), of: 0).clips[0]
    }
    #expect(try sample(0) != sample(1))
    #expect(try sample(1) == sample(1))
  }

  /// A folder without a picture that can be read is named.
  @Test func picturesThatCannotBeReadAreNamed() throws {
    let folder = try ScratchFolder()
    try folder.write("no picture", to: "torn.png")
    let video = ShapeVideo(.pictureShapes, index: 0, pictures: folder.path)
    #expect(complaint { _ = try clip(video) }.contains("torn.png"))
    let gone = ShapeVideo(.pictureShapes, index: 0, pictures: folder.path + "/gone")
    #expect(complaint { _ = try clip(gone) }.contains("gone"))
  }

  /// One damaged picture among others does not spoil the videos.
  @Test func damagedPicturesAreReplaced() throws {
    let folder = try ScratchFolder()
    try folder.write("no picture", to: "a.png")
    try folder.picture("b.png", level: 9)
    let clip = try clip(ShapeVideo(.pictureShapes, index: 0, pictures: folder.path))
    #expect(Set(clip.pixels).isSubset(of: [0, 9]))
  }
}
