import Torch

/// The weights with which PRP compares a reconstruction with a video: what moves counts more.
public struct MotionAttention: Hashable, Sendable {
  /// The side in pixels of the windows in which motion is measured, a multiple of 4. They are a fourth of it apart.
  public let window: Int
  /// The weight where least moves, and where most does.
  public let range: ClosedRange<Double>

  /// Weights in this range.
  public init(window: Int = 28, range: ClosedRange<Double> = 0.8...2) {
    self.window = window
    self.range = range
  }

  /// The weights of the channels of parts of a video on the grid of windows.
  ///
  /// A window's motion is the mean squared difference between consecutive frames. In each channel of a part, motion from the
  /// least to the most is mapped to the range. A channel in which nothing moves has the weight 1 everywhere. (In PRP's code
  /// that holds only if nothing moves in any channel; else a still channel gets the greatest weight.)
  ///
  /// - Parameter motion: four frames of each part, float32 [P, 4, C, H, W].
  /// - Returns: the weights, float32 [P, C, 1, rows, columns]; 13 rows and columns if the side is four times that of a window.
  public func grid(_ motion: Tensor) -> Tensor {
    let difference = motion.sliced(1, 1..<4) - motion.sliced(1, 0..<3)
    let windows = AveragePool3d(
      kernel: Extent3(3, window, window), stride: Extent3(1, window / 4, window / 4))
    let amounts = windows((difference * difference).permuted([0, 2, 1, 3, 4]))
    let least = amounts.min([2, 3, 4], keepingAxes: true)
    let scope = amounts.max([2, 3, 4], keepingAxes: true) - least
    let isStill = scope.equal(to: 0)
    let one = Tensor.ones([], device: motion.device)
    let shares = (amounts - least) / isStill.choose(one, scope)
    let weights = shares * (range.upperBound - range.lowerBound) + range.lowerBound
    return isStill.choose(one, weights)
  }

  /// The weights of all frames.
  ///
  /// - Parameters:
  ///   - motion: four frames of each part of a span, float32 [P, 4, C, H, W].
  ///   - frames: the number of reconstructed frames of each part.
  /// - Returns: the weights, float32 [C, P * frames, H, W].
  public func weights(_ motion: Tensor, frames: Int) -> Tensor {
    let shape = motion.shape
    return grid(motion).resizedTrilinearly(to: Extent3(frames, shape[3], shape[4]))
      .permuted([1, 0, 2, 3, 4]).flattened(from: 1, through: 2)
  }
}
