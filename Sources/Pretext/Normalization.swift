import Torch

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
