import Torch

/// The mean and standard deviation of each channel by which pixels of 0...1 are normalized.
public struct Normalization: Hashable, Sendable {
  /// Of red, green and blue.
  public var mean: [Double]
  /// The standard deviations, above 0.
  public var std: [Double]

  public init(mean: [Double], std: [Double]) {
    self.mean = mean
    self.std = std
  }

  /// The authors' for video sources.
  public static let video = Normalization(mean: [0.45, 0.45, 0.45], std: [0.225, 0.225, 0.225])
  /// That of torchvision's video networks, which were trained on Kinetics-400.
  public static let kinetics = Normalization(
    mean: [0.43216, 0.394666, 0.37645], std: [0.22803, 0.22145, 0.216989])

  /// Frames float32 [M, N, 3, H, W] of 0...1 to the network's clips [M, 3, N, H, W], channels last in memory.
  public func clips(from frames: Tensor) -> Tensor {
    // One pass that multiplies and adds, then the copy into the network's order.
    let scale = channels(std.map { 1 / $0 }, on: frames.device)
    let shift = channels(zip(mean, std).map { -$0 / $1 }, on: frames.device)
    return (frames * scale + shift).permuted([0, 2, 1, 3, 4]).contiguous(.video)
  }

  /// The frames float32 [M, N, 3, H, W] of 0...1 that ``clips(from:)`` made the clips [M, 3, N, H, W] of.
  public func frames(from clips: Tensor) -> Tensor {
    let (scale, shift) = (channels(std, on: clips.device), channels(mean, on: clips.device))
    return (clips.permuted([0, 2, 1, 3, 4]) * scale + shift).clamped(0, 1)
  }

  private func channels(_ values: [Double], on device: Device) -> Tensor {
    Tensor(values.map(Float.init), shape: [3, 1, 1]).to(device)
  }
}
