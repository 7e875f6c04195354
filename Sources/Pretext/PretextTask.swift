import KeyedRandom
import Torch

/// A task that a video network learns without anybody's labels: pictures in, labelled clips out.
///
/// ``MotionFromStaticImages`` is the paper's; another one (order, speed, rotation) conforms to the same protocol and
/// trains with the same loop.
public protocol PretextTask: Sendable {
  /// The names of the classes, in the order of the labels.
  var classNames: [String] { get }
  /// The height and width in pixels of the sources that ``clips(from:generators:purpose:)`` takes.
  var sourceSize: (height: Int, width: Int) { get }
  /// The number of clips that one source gives.
  var clipsPerSource: Int { get }

  /// The labelled clips of a batch of sources, on the sources' device.
  ///
  /// - Parameters:
  ///   - sources: uint8 [B, 3, H, W].
  ///   - generators: one for each source; all that is random about its clips is drawn from it.
  ///   - purpose: training, with what has passed of it, or validation.
  func clips(from sources: Tensor, generators: [KeyedGenerator], purpose: ClipPurpose)
    -> LabelledClips
}

/// What clips are made for.
public enum ClipPurpose: Sendable, Hashable {
  /// Augmented; `progress` runs from 0 to 1 over the whole training.
  case training(progress: Double)
  /// The same for every run and epoch, without augmentation.
  case validation
}

/// Clips and their classes.
public struct LabelledClips {
  /// float32 [M, 3, N, H, W], normalized.
  public let clips: Tensor
  /// int64 [M].
  public let labels: Tensor

  public init(clips: Tensor, labels: Tensor) {
    self.clips = clips
    self.labels = labels
  }
}
