import Torch

/// The basic block of He et al. (2016): two convolutions and a way around them, which is a 1x1x1 convolution
/// where the shape changes.
final class ResidualBlock: Layer {
  private let branch: Branch
  private let shortcut: ConvolutionUnit?

  init(
    _ kind: ConvolutionKind, _ input: Int, _ output: Int, kernel: Extent3, stride: Extent3,
    epsilon: Double, device: Device
  ) {
    branch = Branch(
      first: ConvolutionUnit(
        "a", kind, input, output, kernel: kernel, stride: stride, epsilon: epsilon, device: device),
      second: ConvolutionUnit(
        "b", kind, output, output, kernel: kernel, stride: .one, epsilon: epsilon, device: device))
    shortcut =
      input == output && stride == .one
      ? nil
      : ConvolutionUnit(
        "short_cut", .full, input, output, kernel: .one, stride: stride, epsilon: epsilon,
        device: device)
  }

  override var children: [(name: String, module: Module)] {
    (shortcut?.children ?? []) + [("conv_branch", branch)]
  }

  override func callAsFunction(_ input: Tensor) -> Tensor {
    (branch(input) + (shortcut?(input) ?? input)).reluInPlace()
  }

  private final class Branch: Layer {
    let first: ConvolutionUnit
    let second: ConvolutionUnit

    init(first: ConvolutionUnit, second: ConvolutionUnit) {
      self.first = first
      self.second = second
    }

    override var children: [(name: String, module: Module)] { first.children + second.children }

    override func callAsFunction(_ input: Tensor) -> Tensor { second(first(input).reluInPlace()) }
  }
}
