import KeyedRandom
import Media
import MoSI
import Pretext
import Torch
import VideoData

/// The clips on which a network's localization of motion is measured: those of the pretext task with the static mask,
/// whose moving region is known.
///
/// Stills are the centers of pictures, paths are centered, colors and orientation are unchanged, and regions are drawn
/// with a fixed seed. The static label is not used because nothing moves in its clips.
public struct MaskedClips {
  /// The pretext task, with a mask.
  public let task: MotionFromStaticImages
  /// The labels with motion.
  public let labels: [Int]
  private let stills: [Picture]

  /// The number of sources.
  public var sourceCount: Int { stills.count }

  /// Makes clips of stills.
  ///
  /// - Parameters:
  ///   - task: the pretext task; if it has no mask, it gets the paper's, so that unmasked networks can be measured.
  ///   - stills: a picture for each source, of the task's source size.
  public init(_ task: MotionFromStaticImages, stills: [Picture]) {
    self.task = MotionFromStaticImages(
      motion: task.motion, mask: task.mask ?? MaskSchedule(), jitter: .none,
      normalization: task.normalization)
    self.stills = stills
    labels = task.motion.labels.movingLabels
  }

  /// The moving clips of a source, one for each of ``labels``.
  struct Clips {
    /// The frames, float32 [labels, N, 3, height, width] in 0...1.
    let frames: Tensor
    /// The normalized clips, float32 [labels, 3, N, height, width].
    let clips: Tensor
    let regions: [StaticMask.Region]
  }

  func clips(ofSource index: Int, on device: Device) -> Clips {
    withoutGradients {
      var generator = KeyedGenerator(.localization, UInt64(index))
      let draws = task.draw(using: &generator, purpose: .validation)
      let frames = task.frames(of: Tensor.stills([stills[index]]).to(device), draws: [draws])
        .selected(0, indices: Tensor(labels).to(device))
      return Clips(
        frames: frames, clips: task.normalization.clips(from: frames),
        regions: labels.map { draws[$0].region! })
    }
  }
}
