import Configuration
import Foundation
import Media
import Training
import VideoData
import VideoSamples

/// The test clips of a video at the network's size, and the same frames at a higher resolution, for display and for the
/// optical flow.
struct DecodedClips: Sendable {
  /// The starts of the clips in seconds. Crops of the same clip are adjacent.
  let starts: [Double]
  let clips: [ClipPixels]
  let frames: [[Picture]]
}

/// Loads the ``DecodedClips`` of videos. Safe to share between threads.
struct DecodedClipLoader: Sendable {
  private let videos: [VideoSource]
  private let own: TestClips
  private let finer: TestClips

  /// The side of the larger frames in pixels.
  var fineSide: Int { finer.side }

  /// - Parameter footage: the videos, at least one.
  init(_ footage: [VideoSource], clip: ClipSettings, clips: Int, crops: Int) {
    videos = footage
    own = clip.testClips(clips, crops: crops)
    var fine = clip
    fine.size *= ClipFlow.fineness(side: clip.size)
    finer = fine.testClips(clips, crops: crops)
  }

  /// Loads the clips of the video with this index.
  ///
  /// - Throws: `MediaError`, ``ShortVideo``.
  func load(_ video: Int) throws -> DecodedClips {
    let info = try videos[video].info()
    try checkLength(info)
    let seen = try videos[video].clips(own)
    return DecodedClips(
      starts: starts(info), clips: seen,
      frames: own.side == finer.side ? seen.map(\.pictures) : try frames(of: video))
  }

  /// The larger frames of each clip.
  ///
  /// - Throws: `MediaError`.
  func frames(of video: Int) throws -> [[Picture]] {
    try videos[video].clips(finer).map(\.pictures)
  }

  /// The starts of the clips in seconds.
  ///
  /// - Throws: `MediaError`.
  func starts(of video: Int) throws -> [Double] {
    try starts(videos[video].info())
  }

  private func starts(_ source: SourceInfo) -> [Double] {
    own.starts(of: source).flatMap { Array(repeating: $0, count: own.crops) }
  }

  /// Rejects videos that are shorter than a clip: after their end, the last frame is repeated and nothing moves.
  ///
  /// - Throws: `MediaError`, ``ShortVideo``.
  func checkLength(of video: Int) throws { try checkLength(videos[video].info()) }

  private func checkLength(_ source: SourceInfo) throws {
    let last = source.lastFrameTime
    let sampling = own.sampling
    // The last frame is shown for some time, so allow one more.
    guard Double(sampling.frames - 1) * sampling.step <= last + 1 / sampling.targetRate else {
      throw ShortVideo(lastFrameTime: last, sampling: sampling)
    }
  }
}

/// A video that is shorter than a clip.
struct ShortVideo: Error, CustomStringConvertible {
  let lastFrameTime: Double
  let sampling: ClipSampling

  /// The problem, as the predicate of a sentence whose subject is the video.
  var description: String {
    String(
      format:
        "is shorter than a clip: its last frame is at %.2f s, and %d frames at %.1f per second take "
        + "%.2f s (lower --frames or --interval)", lastFrameTime, sampling.frames,
      1 / sampling.step,
      Double(sampling.frames - 1) * sampling.step)
  }
}
