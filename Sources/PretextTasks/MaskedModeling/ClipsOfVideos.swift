import KeyedRandom
import Pretext
import Torch
import VideoSamples

/// The motion of videos: a clip of consecutive or evenly spaced frames, as it is.
public struct ClipsOfVideos: ClipMotion {
  /// The times of a clip's frames.
  public let sampling: ClipSampling
  /// The height and width of a clip in pixels.
  public let side: Int
  /// The short side to which frames are scaled before a clip is cropped.
  public let sourceSide: Int

  /// Clips of these frames and sizes.
  public init(_ sampling: ClipSampling, side: Int, sourceSide: Int) {
    self.sampling = sampling
    self.side = side
    self.sourceSide = sourceSide
  }

  /// The number of frames, and `side` twice.
  public var clipExtent: Extent3 { Extent3(sampling.frames, side, side) }
  /// 1.
  public var clipsPerSample: Int { 1 }
  /// True.
  public var needsMotion: Bool { true }

  /// A clip at a uniformly random time and place in training, the middle of the video in validation.
  public func rule(for purpose: Purpose) -> SampleRule {
    SampleRule(readsClips: true) { source, generator in
      let start =
        purpose.isTraining
        ? sampling.trainingStart(draw: generator.uniform(), lastFrameTime: source.lastFrameTime)
        : sampling.testStarts(clips: 1, lastFrameTime: source.lastFrameTime)[0]
      return SampleRequest(
        .clips([sampling.times(from: start)]),
        crop: .window(side, shortSide: sourceSide, for: purpose))
    }
  }

  /// The clips as they were read.
  public func clips(_ samples: [Sample], for purpose: Purpose, on device: Device) -> Tensor {
    Tensor.clips(samples.map { $0.clips[0] }).to(device).unitRange.permuted([0, 2, 1, 3, 4])
  }
}
