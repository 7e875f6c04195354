import Torch

/// The mean and standard deviation of each channel, with which pixels in 0...1 are normalized.
public struct Normalization: Hashable, Sendable {
  /// The means of red, green and blue.
  public var mean: [Double]
  /// The standard deviations of red, green and blue; positive.
  public var std: [Double]

  /// A normalization with these values for red, green and blue.
  public init(mean: [Double], std: [Double]) {
    self.mean = mean
    self.std = std
  }

  /// The authors' normalization for videos.
  public static let video = Normalization(mean: [0.45, 0.45, 0.45], std: [0.225, 0.225, 0.225])
  /// The normalization of torchvision's video networks, which were trained on Kinetics-400.
  public static let kinetics = Normalization(
    mean: [0.43216, 0.394666, 0.37645], std: [0.22803, 0.22145, 0.216989])

  /// The normalization for ImageNet, which VideoMAE uses.
  public static let imageNet = Normalization(
    mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225])

  /// Normalizes frames, float32 [M, N, 3, H, W] in 0...1, to clips [M, 3, N, H, W] for the network, channels last in
  /// memory.
  public func clips(from frames: Tensor) -> Tensor {
    let scale = channels(std.map { 1 / $0 }, on: frames.device)
    let shift = channels(zip(mean, std).map { -$0 / $1 }, on: frames.device)
    // One pass with the same result. Frames that already have the network's order need no copy.
    if frames.device == .cpu, frames.dtype == .float32, frames.isContiguous(),
      !frames.requiresGradient
    {
      return frames.normalizedClips(scale: scale, shift: shift)
    }
    return (frames * scale + shift).permuted([0, 2, 1, 3, 4]).contiguous(.video)
  }

  /// The inverse of ``clips(from:)``: from clips [M, 3, N, H, W] to frames, float32 [M, N, 3, H, W] in 0...1.
  public func frames(from clips: Tensor) -> Tensor {
    let (scale, shift) = (channels(std, on: clips.device), channels(mean, on: clips.device))
    return (clips.permuted([0, 2, 1, 3, 4]) * scale + shift).clamped(0, 1)
  }

  private func channels(_ values: [Double], on device: Device) -> Tensor {
    Tensor(values.map(Float.init), shape: [3, 1, 1]).to(device)
  }
}
