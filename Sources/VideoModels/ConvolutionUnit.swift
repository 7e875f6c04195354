import Torch

/// A convolution with its batch normalization, whole or factored in space and time.
///
/// Not a module of its own in names: a unit called `a` contributes `a` and `a_bn` where it is whole, `a1`,
/// `a1_bn`, `a2` and `a2_bn` where it is factored, as the authors' checkpoints name them.
final class ConvolutionUnit: Layer {
  private let name: String
  private let factors: [(convolution: Conv3d, normalization: BatchNorm3d)]

  /// Factored where there are channels between the factors: `middle`.
  init(
    _ name: String, _ input: Int, _ output: Int, middle: Int?, kernel: Extent3, stride: Extent3,
    epsilon: Double, device: Device
  ) {
    self.name = name
    func factor(_ input: Int, _ output: Int, _ kernel: Extent3, _ stride: Extent3) -> (
      Conv3d, BatchNorm3d
    ) {
      (
        Conv3d(input, output, kernel: kernel, stride: stride, device: device),
        BatchNorm3d(output, epsilon: epsilon, device: device)
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

  /// Without a ReLU after the last normalization.
  override func callAsFunction(_ input: Tensor) -> Tensor {
    factors.dropFirst().reduce(apply(factors[0], input)) { apply($1, $0.reluInPlace()) }
  }

  private func apply(_ factor: (convolution: Conv3d, normalization: BatchNorm3d), _ input: Tensor)
    -> Tensor
  {
    factor.normalization(factor.convolution(input))
  }
}
