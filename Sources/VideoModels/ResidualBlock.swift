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
    func unit(_ name: String, _ unitInput: Int, _ stride: Extent3) -> ConvolutionUnit {
      ConvolutionUnit(
        name, unitInput, output,
        middle: kind.middleChannels(
          input: unitInput, output: output, blockInput: input, kernel: kernel),
        kernel: kernel, stride: stride, epsilon: epsilon, device: device)
    }
    branch = Branch(first: unit("a", input, stride), second: unit("b", output, .one))
    shortcut =
      input == output && stride == .one
      ? nil
      : ConvolutionUnit(
        "short_cut", input, output, middle: nil, kernel: .one, stride: stride, epsilon: epsilon,
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
