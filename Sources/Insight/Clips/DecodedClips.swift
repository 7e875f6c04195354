import Configuration
import Foundation
import Media
import Training
import VideoData
import VideoSamples

/// Test clips as a network sees them, and the same frames in finer pixels, for people and for the optical flow.
struct DecodedClips: Sendable {
  /// When each clip begins, in seconds; the crops of a start stand together.
  let starts: [Double]
  let clips: [ClipPixels]
  let frames: [[Picture]]
}

/// Loads the ``DecodedClips`` of videos. Safe to share between threads.
struct DecodedClipLoader: Sendable {
  private let videos: [VideoSource]
  private let own: TestClips
  private let finer: TestClips

  /// The side of the finer frames in pixels.
  var fineSide: Int { finer.side }

  /// - Parameter footage: the videos, at least one.
  init(_ footage: [VideoSource], clip: ClipSettings, clips: Int, crops: Int) {
    func test(side: Int) -> TestClips {
      TestClips(clip.sampling, preset: clip.crop, side: side, clips: clips, crops: crops)
    }
    videos = footage
    own = test(side: clip.size)
    finer = test(side: clip.size * ClipFlow.fineness(side: clip.size))
  }

  /// - Throws: `MediaError`, ``ShortVideo``.
  func load(_ video: Int) throws -> DecodedClips {
    try checkLength(of: video)
    let seen = try videos[video].clips(own)
    return DecodedClips(
      starts: try starts(of: video), clips: seen,
      frames: own.side == finer.side ? seen.map(\.pictures) : try frames(of: video))
  }

  /// The finer frames alone of each clip.
  ///
  /// - Throws: `MediaError`.
  func frames(of video: Int) throws -> [[Picture]] {
    try videos[video].clips(finer).map(\.pictures)
  }

  /// Of each clip.
  ///
  /// - Throws: `MediaError`.
  func starts(of video: Int) throws -> [Double] {
    try own.starts(of: videos[video].info()).flatMap { Array(repeating: $0, count: own.crops) }
  }

  /// A clip that goes on after its video's end repeats the last frame, in which nothing moves.
  ///
  /// - Throws: `MediaError`, ``ShortVideo``.
  func checkLength(of video: Int) throws {
    let last = try videos[video].info().lastFrameTime
    let sampling = own.sampling
    // A frame of leeway: the last one is shown for a while.
    guard Double(sampling.frames - 1) * sampling.step <= last + 1 / sampling.targetRate else {
      throw ShortVideo(lastFrameTime: last, sampling: sampling)
    }
  }
}

/// A video that is shorter than a clip.
struct ShortVideo: Error, CustomStringConvertible {
  let lastFrameTime: Double
  let sampling: ClipSampling

  /// The predicate of a sentence whose subject is the video.
  var description: String {
    String(
      format:
        "is shorter than a clip: its last frame is at %.2f s, and %d frames at %.1f a second take "
        + "%.2f s (lower --frames or --interval)", lastFrameTime, sampling.frames,
      1 / sampling.step,
      Double(sampling.frames - 1) * sampling.step)
  }
}
