// C3D of Tran et al., "Learning Spatiotemporal Features with 3D Convolutional Networks" (ICCV 2015), as it is used for
// pretext tasks since VCOP (Xu et al., CVPR 2019): with batch normalization, and without fully connected layers.

import Torch

/// Eight convolutions of 3x3x3 and four poolings between them.
///
/// With a width of 64 and clips of 16x112x112 the stages give [N, 64, 16, 56, 56], [N, 128, 8, 28, 28],
/// [N, 256, 4, 14, 14], [N, 512, 2, 7, 7] and [N, 512, 2, 7, 7]: each ends with its pooling, the last with the
/// global average that makes the features.
public final class C3D: Backbone {
  private let layers: [Stage]
  private let channels: Int

  /// Weights are drawn stage by stage, from the normal distribution of
  /// He et al.; biases are zero.
  ///
  /// VCOP leaves PyTorch's default, uniform weights of a sixth of that variance and uniform biases. Batch normalization
  /// follows each convolution, so the network computes the same from either but for rounding; what differs is how large a
  /// step of the optimizer is beside the weights. This is the initialization of all networks here.
  ///
  /// - Parameters:
  ///   - width: the number of channels of conv1: 64 in the papers.
  ///   - epsilon: batch normalization's.
  ///   - generator: draws the weights; the network is made on its device.
  public init(width: Int = 64, epsilon: Double = 1e-5, using generator: Generator) {
    let halving = Extent3(2, 2, 2)
    let plan: [(widthFactor: Int, names: [String], pool: Extent3?)] = [
      (1, ["a"], Extent3(1, 2, 2)), (2, ["a"], halving), (4, ["a", "b"], halving),
      (8, ["a", "b"], halving), (8, ["a", "b"], nil),
    ]
    var channels = 3
    layers = plan.map { stage in
      Stage(
        units: stage.names.map { name in
          let input = channels
          channels = width * stage.widthFactor
          return ConvolutionUnit(
            name, input, channels, kernel: Extent3(3, 3, 3), bias: true, epsilon: epsilon,
            using: generator)
        },
        pool: stage.pool.map { MaxPool3d(kernel: $0, stride: $0, padding: .zero) })
    }
    self.channels = channels
  }

  public override var stages: [(name: StageName, module: Layer)] {
    zip(StageName.allCases, layers).map { ($0, $1) }
  }

  public override var featureCount: Int { channels }

  /// The poolings round down: smaller clips vanish.
  public override var minimalClip: Extent3 { Extent3(8, 16, 16) }

  private final class Stage: Layer {
    private let units: [ConvolutionUnit]
    private let pool: MaxPool3d?

    init(units: [ConvolutionUnit], pool: MaxPool3d?) {
      self.units = units
      self.pool = pool
    }

    override var children: [(name: String, module: Module)] { units.flatMap(\.children) }

    override func callAsFunction(_ input: Tensor) -> Tensor {
      let output = units.reduce(input) { $1($0, activation: .relu) }
      return pool?(output) ?? output
    }
  }
}
