import Torch

/// What masked modeling predicts: the pixels of cubes, normalized in each cube and channel (He et al., "Masked Autoencoders
/// Are Scalable Vision Learners", CVPR 2022, section 4.1). A network that says 0 everywhere has a loss of (n - 1) / n for
/// cubes of n pixels.
public struct CubeTargets {
  /// The normalized pixels, in the shape of the cubes.
  public let normalized: Tensor
  /// The means of cubes and channels, [..., 1, C].
  public let mean: Tensor
  /// The standard deviations, [..., 1, C], with n - 1.
  public let deviation: Tensor

  private static let epsilon = 1e-6

  /// The targets for cubes float [..., pixels, C]. Nothing is recorded for gradients.
  ///
  /// All numbers of a cube and channel are first reduced by the first one: a constant cube then has the target 0 exactly,
  /// and not the rounding error of its mean, which a deviation of 0 would enlarge.
  public init(of cubes: Tensor) {
    (normalized, mean, deviation) = withoutGradients {
      let pixels = cubes.rank - 2
      let first = cubes.sliced(pixels, 0..<1)
      let differences = cubes - first
      let offset = differences.mean([pixels], keepingAxes: true)
      let centered = differences - offset
      let variance =
        (centered * centered).sum([pixels], keepingAxes: true)
        / Double(cubes.shape[pixels] - 1)
      let deviation = variance.squareRoot()
      return (centered / (deviation + Self.epsilon), first + offset, deviation)
    }
  }

  /// The pixels that predictions of ``normalized`` mean, given the true means and deviations.
  public func pixels(_ predictions: Tensor) -> Tensor {
    predictions * (deviation + Self.epsilon) + mean
  }
}
