import Torch
import VideoSamples

/// What makes the clips on which a task trains: MoSI's moving window, transformations of a still, or frames of a video.
///
/// A motion is apart from the objective, so that any motion can be combined with any objective that needs no label of the
/// motion. A task that classifies the motion itself, such as MoSI, is a ``PretextTask`` of its own.
public protocol ClipMotion: Sendable {
  /// The number of frames, the height and the width of clips.
  var clipExtent: Extent3 { get }

  /// The number of clips made from each sample.
  var clipsPerSample: Int { get }

  /// True if the motion is that of videos. Stills are rejected before the first step.
  var needsMotion: Bool { get }

  /// The rule by which samples are read from a source.
  func rule(for purpose: Purpose) -> SampleRule

  /// The clips of samples: those of a sample one after another. Random draws derive from the samples' IDs.
  ///
  /// - Parameters:
  ///   - samples: B samples.
  ///   - purpose: training, with augmentation, or validation, without.
  ///   - device: where clips are made.
  /// - Returns: float32 [B * clipsPerSample, 3, T, H, W] in 0...1, not normalized, on `device`.
  func clips(_ samples: [Sample], for purpose: Purpose, on device: Device) -> Tensor
}
