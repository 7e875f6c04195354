import Torch

/// A residual video network.
///
/// With a width of 64 and clips of 16x112x112, the outputs of the stages are [N, 64, 16, 28, 28], ..., [N, 256, 4, 4, 4]
/// for R-2D3D, [N, 64, 16, 56, 56], ..., [N, 512, 2, 7, 7] for R(2+1)D and R3D, and finally [N, 512, 16, 7, 7] for MC3.
public final class VideoResNet: Backbone {
  private let layers: [Layer]
  private let channels: Int

  /// Draws weights stage by stage.
  ///
  /// - Parameters:
  ///   - plan: the kernels, strides and numbers of blocks.
  ///   - width: the number of channels of conv1.
  ///   - epsilon: the epsilon of batch normalization.
  ///   - generator: draws the weights. The network is made on its device.
  init(_ plan: ResNetPlan, width: Int, epsilon: Double, using generator: Generator) {
    var layers: [Layer] = [Stem(plan.stem, width: width, epsilon: epsilon, using: generator)]
    var channels = width
    for stage in plan.stages {
      let output = width * stage.widthFactor
      layers.append(
        ResidualStage(
          (0..<stage.blocks).map { block in
            ResidualBlock(
              plan.convolution, block == 0 ? channels : output, output, kernel: stage.kernel,
              stride: block == 0 ? stage.stride : .one, shortcuts: plan.shortcuts,
              epsilon: epsilon, using: generator)
          }))
      channels = output
    }
    self.layers = layers
    self.channels = channels
  }

  public override var stages: [(name: StageName, module: Layer)] {
    zip(StageName.allCases, layers).map { ($0, $1) }
  }

  public override var featureCount: Int { channels }

  private final class Stem: Layer {
    private let unit: ConvolutionUnit
    private let pool: MaxPool3d?

    init(_ plan: ResNetPlan.Stem, width: Int, epsilon: Double, using generator: Generator) {
      let halving = Extent3(1, 2, 2)
      unit = ConvolutionUnit(
        "a", 3, width,
        middle: plan.convolution.middleChannels(
          input: 3, output: width, blockInput: 3, kernel: plan.kernel),
        kernel: plan.kernel, stride: halving, epsilon: epsilon, using: generator)
      pool = plan.pool.map {
        MaxPool3d(kernel: $0, stride: Extent3($0.time > 1 ? 2 : 1, 2, 2))
      }
    }

    override var children: [(name: String, module: Module)] { unit.children }

    override func callAsFunction(_ clips: Tensor) -> Tensor {
      let output = unit(clips, activation: .relu)
      return pool?(output) ?? output
    }
  }

  private final class ResidualStage: Layer, RectifiedLayer {
    private let blocks: [ResidualBlock]
    init(_ blocks: [ResidualBlock]) { self.blocks = blocks }

    override var children: [(name: String, module: Module)] {
      blocks.enumerated().map { ("res_\($0 + 1)", $1) }
    }

    override func callAsFunction(_ input: Tensor) -> Tensor { blocks.reduce(input) { $1($0) } }

    func unrectified(_ input: Tensor) -> Tensor {
      blocks.last!.unrectified(blocks.dropLast().reduce(input) { $1($0) })
    }
  }
}
