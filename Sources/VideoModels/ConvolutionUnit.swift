import Torch

/// A convolution, full or factored in space and time, with batch normalization, addition of a residual, and activation:
/// everything that one fused kernel can do.
///
/// The unit does not appear in names: a unit called `a` contributes `a` and `a_bn` if it is full, and `a1`, `a1_bn`, `a2`
/// and `a2_bn` if it is factored, as in the authors' checkpoints.
final class ConvolutionUnit: Module {
  /// The activation at the end of a unit.
  enum Activation {
    case identity, relu
  }

  private let name: String
  private let factors: [(convolution: Conv3d, normalization: BatchNorm3d)]

  /// - Parameters:
  ///   - middle: the number of channels between the factors; nil for a full convolution.
  ///   - padding: the number of zeros at both ends of each axis of a full convolution; nil for half the kernel.
  ///   - groups: the number of groups of a full convolution.
  ///   - bias: true for convolutions with bias.
  init(
    _ name: String, _ input: Int, _ output: Int, middle: Int? = nil, kernel: Extent3,
    stride: Extent3 = .one, padding: Extent3? = nil, groups: Int = 1, bias: Bool = false,
    epsilon: Double, using generator: Generator
  ) {
    precondition(middle == nil || (padding == nil && groups == 1), "only for full convolutions")
    self.name = name
    func factor(_ input: Int, _ output: Int, _ kernel: Extent3, _ stride: Extent3) -> (
      Conv3d, BatchNorm3d
    ) {
      (
        Conv3d(
          input, output, kernel: kernel, stride: stride, padding: padding, groups: groups,
          bias: bias, using: generator),
        BatchNorm3d(output, epsilon: epsilon, device: generator.device)
      )
    }
    if let middle {
      factors = [
        factor(
          input, middle, Extent3(1, kernel.height, kernel.width),
          Extent3(1, stride.height, stride.width)),
        factor(middle, output, Extent3(kernel.time, 1, 1), Extent3(stride.time, 1, 1)),
      ]
    } else {
      factors = [factor(input, output, kernel, stride)]
    }
  }

  override var children: [(name: String, module: Module)] {
    factors.enumerated().flatMap { index, factor -> [(name: String, module: Module)] in
      let name = factors.count == 1 ? name : "\(name)\(index + 1)"
      return [(name, factor.convolution), ("\(name)_bn", factor.normalization)]
    }
  }

  /// `activation(normalization(convolution(input)) + residual)`, with a ReLU between factors: [N, Cin, T, H, W] to [N,
  /// Cout, T', H', W']. In inference, a convolution takes over its normalization.
  func callAsFunction(_ input: Tensor, adding residual: Tensor? = nil, activation: Activation)
    -> Tensor
  {
    var output = input
    for (index, factor) in factors.enumerated() {
      let isLast = index == factors.count - 1
      let (residual, relu) = (isLast ? residual : nil, !isLast || activation == .relu)
      if output.device != .meta, let map = factor.normalization.inferenceMap {
        output = factor.convolution(
          output, scale: map.scale, shift: map.shift, adding: residual, relu: relu)
      } else {
        output = factor.normalization(factor.convolution(output), adding: residual, relu: relu)
      }
    }
    return output
  }
}
