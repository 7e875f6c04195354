import Torch

/// The basic block of He et al. (2016): two convolutions and a shortcut, which is a 1x1x1 convolution if the shape
/// changes.
final class ResidualBlock: Layer, RectifiedLayer {
  private let first: ConvolutionUnit
  private let second: ConvolutionUnit
  private let shortcut: ConvolutionUnit?
  /// The two convolutions, which share a name.
  private let branch: Branch

  init(
    _ kind: ConvolutionKind, _ input: Int, _ output: Int, kernel: Extent3, stride: Extent3,
    splitsShortcut: Bool, epsilon: Double, using generator: Generator
  ) {
    func unit(
      _ name: String, _ kind: ConvolutionKind, _ unitInput: Int, _ kernel: Extent3,
      _ stride: Extent3
    ) -> ConvolutionUnit {
      ConvolutionUnit(
        name, unitInput, output,
        middle: kind.middleChannels(
          input: unitInput, output: output, blockInput: input, kernel: kernel),
        kernel: kernel, stride: stride, epsilon: epsilon, using: generator)
    }
    first = unit("a", kind, input, kernel, stride)
    second = unit("b", kind, output, kernel, .one)
    branch = Branch(first.children + second.children)
    shortcut =
      input == output && stride == .one
      ? nil : unit("short_cut", splitsShortcut ? kind : .full, input, .one, stride)
  }

  override var children: [(name: String, module: Module)] {
    (shortcut?.children ?? []) + [("conv_branch", branch)]
  }

  override func callAsFunction(_ input: Tensor) -> Tensor { output(input, activation: .relu) }

  func unrectified(_ input: Tensor) -> Tensor { output(input, activation: .identity) }

  private func output(_ input: Tensor, activation: ConvolutionUnit.Activation) -> Tensor {
    let output = first(input, activation: .relu)
    let residual = shortcut?(input, activation: .identity) ?? input
    return second(output, adding: residual, activation: activation)
  }

  private final class Branch: Module {
    private let parts: [(name: String, module: Module)]
    init(_ parts: [(name: String, module: Module)]) { self.parts = parts }
    override var children: [(name: String, module: Module)] { parts }
  }
}
