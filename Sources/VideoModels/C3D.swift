// C3D of Tran et al., "Learning Spatiotemporal Features with 3D Convolutional Networks" (ICCV 2015), in the form used for
// pretext tasks since VCOP (Xu et al., CVPR 2019): with batch normalization and without fully connected layers.

import Torch

/// Eight 3x3x3 convolutions with four poolings between them.
///
/// With a width of 64 and clips of 16x112x112, the outputs of the stages are [N, 64, 16, 56, 56], [N, 128, 8, 28, 28],
/// [N, 256, 4, 14, 14], [N, 512, 2, 7, 7] and [N, 512, 2, 7, 7]. Each stage ends with its pooling; for the last one, that
/// is the global average that makes the features.
public final class C3D: Backbone {
  private let layers: [Stage]
  private let channels: Int

  /// Draws weights stage by stage from the normal distribution of He et al.; biases are zero.
  ///
  /// VCOP uses PyTorch's defaults: uniform weights with a sixth of that variance and uniform biases. Batch normalization
  /// follows each convolution, so that the network computes the same with either initialization, up to rounding; only the
  /// size of the optimizer's steps relative to the weights differs. All networks in this library use this initialization.
  ///
  /// - Parameters:
  ///   - width: the number of channels of conv1, 64 in the papers.
  ///   - epsilon: the epsilon of batch normalization.
  ///   - generator: draws the weights. The network is made on its device.
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

  /// Poolings round down: smaller clips would vanish.
  public override var minimalClip: Extent3 { Extent3(8, 16, 16) }

  private final class Stage: Layer, RectifiedLayer {
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

    /// For a stage without pooling, which would come after the ReLU.
    func unrectified(_ input: Tensor) -> Tensor {
      let output = units.dropLast().reduce(input) { $1($0, activation: .relu) }
      return units.last!(output, activation: .identity)
    }
  }
}
