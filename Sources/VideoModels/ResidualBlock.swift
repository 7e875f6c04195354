import Torch

/// The basic block of He et al. (2016): two convolutions and a shortcut, which is a 1x1x1 convolution if the shape
/// changes, or takes every second cell and adds channels of zeros.
final class ResidualBlock: Layer, RectifiedLayer {
  private let first: ConvolutionUnit
  private let second: ConvolutionUnit
  private let shortcut: ConvolutionUnit?
  /// For a shortcut without weights, its subsampling and the number of channels to add; nil for others.
  private let padding: (subsampling: AveragePool3d, channels: Int)?
  /// The two convolutions, which share a name.
  private let branch: Branch

  init(
    _ kind: ConvolutionKind, _ input: Int, _ output: Int, kernel: Extent3, stride: Extent3,
    shortcuts: ResNetPlan.Shortcuts, epsilon: Double, using generator: Generator
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
    let isPlain = input == output && stride == .one
    padding =
      isPlain || shortcuts != .padded
      ? nil : (AveragePool3d(kernel: .one, stride: stride), output - input)
    shortcut =
      isPlain || shortcuts == .padded
      ? nil : unit("short_cut", shortcuts == .full ? .full : kind, input, .one, stride)
  }

  override var children: [(name: String, module: Module)] {
    (shortcut?.children ?? []) + [("conv_branch", branch)]
  }

  override func callAsFunction(_ input: Tensor) -> Tensor { output(input, activation: .relu) }

  func unrectified(_ input: Tensor) -> Tensor { output(input, activation: .identity) }

  private func output(_ input: Tensor, activation: ConvolutionUnit.Activation) -> Tensor {
    let output = first(input, activation: .relu)
    let residual = shortcut?(input, activation: .identity) ?? padded(input)
    return second(output, adding: residual, activation: activation)
  }

  /// The output of a shortcut without weights. Gradients pass through it.
  private func padded(_ input: Tensor) -> Tensor {
    guard let (subsampling, channels) = padding else { return input }
    let kept = subsampling(input)
    var shape = kept.shape
    shape[1] = channels
    return .concatenated([kept, .zeros(shape, dtype: kept.dtype, device: kept.device)], axis: 1)
  }

  private final class Branch: Module {
    private let parts: [(name: String, module: Module)]
    init(_ parts: [(name: String, module: Module)]) { self.parts = parts }
    override var children: [(name: String, module: Module)] { parts }
  }
}
