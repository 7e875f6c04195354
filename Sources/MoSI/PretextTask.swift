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

/// The mean and standard deviation of each channel by which pixels of 0...1 are normalized.
public struct Normalization: Hashable, Sendable {
  public let mean: [Double]
  public let deviation: [Double]

  /// Traps unless there are three of each and no deviation is 0.
  public init(mean: [Double], deviation: [Double]) {
    precondition(mean.count == 3 && deviation.count == 3 && deviation.allSatisfy { $0 > 0 })
    self.mean = mean
    self.deviation = deviation
  }

  /// The authors' for video sources.
  public static let video = Normalization(
    mean: [0.45, 0.45, 0.45], deviation: [0.225, 0.225, 0.225])
  /// The authors' for ImageNet.
  public static let imageNet = Normalization(
    mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225])

  /// Frames float32 [M, N, 3, H, W] of 0...1 to the network's clips [M, 3, N, H, W], channels last in memory.
  public func clips(from frames: Tensor) -> Tensor {
    // One pass that multiplies and adds, then the copy into the network's order.
    let scale = channels(deviation.map { 1 / $0 }, on: frames.device)
    let shift = channels(zip(mean, deviation).map { -$0 / $1 }, on: frames.device)
    return (frames * scale + shift).permuted([0, 2, 1, 3, 4]).contiguous(.channelsLast3d)
  }

  /// The frames float32 [M, N, 3, H, W] of 0...1 that ``clips(from:)`` made the clips [M, 3, N, H, W] of.
  public func frames(from clips: Tensor) -> Tensor {
    let (scale, shift) = (channels(deviation, on: clips.device), channels(mean, on: clips.device))
    return (clips.permuted([0, 2, 1, 3, 4]) * scale + shift).clamped(0, 1)
  }

  private func channels(_ values: [Double], on device: Device) -> Tensor {
    Tensor(values.map(Float.init), shape: [3, 1, 1]).to(device)
  }
}
