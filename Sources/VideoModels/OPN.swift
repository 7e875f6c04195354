// The network of Lee et al., "Unsupervised Representation Learning by Sorting Sequences" (OPN, ICCV 2017), as it is in the
// prototxt that its authors released. Tables of other papers call it VGG.

import Torch

/// Five convolutions and the layer fc6, in the manner of AlexNet, for single frames.
///
/// Every kernel sees one frame: the output of a clip has as many frames as the clip, and its features are their mean. With a
/// width of 96 and frames of 80x80, the outputs of the stages are [N, 96, T, 9, 9], [N, 256, T, 4, 4], [N, 384, T, 4, 4],
/// [N, 384, T, 4, 4] and [N, 1024, T, 1, 1].
///
/// Taken from the prototxt: all kernels, strides, paddings, groups and numbers of channels; a ReLU, a 3x3 max pooling with stride
/// 2 and local response normalization after conv1 and conv2; batch normalization and a ReLU after conv3 to conv5 and fc6; a
/// pooling after conv5. Poolings round up, as in Caffe.
///
/// Different here:
/// - fc6 is a convolution of 2x2 places, which on frames of 80x80 is the fully connected layer; on larger frames, its outputs at
///   all places are averaged.
/// - Dropout after fc6 belongs to the head of a classifier. The head of ``VideoClassifier`` has it.
/// - Weights are drawn as in the other networks: normally, by their fan-out; the prototxt has deviations of 0.01 and, in
///   fc6, 0.005. Biases are 0, also fc6's, which is 1 there and which batch normalization removes.
/// - Pixels are normalized in this package; theirs are bytes minus their mean. Local response normalization depends on the scale
///   and divides by hardly more than 1 here, until weights have grown.
public final class OPN: Backbone {
  private let layers: [Layer]
  private let channels: Int

  /// Draws weights layer by layer.
  ///
  /// - Parameters:
  ///   - width: the number of channels of conv1, 96 in OPN. conv2 and conv5 have 8/3 of it (rounded to an even number), conv3
  ///     and conv4 4 times, fc6 32/3 of it. An odd number cannot be divided into two groups: conv2 then has one.
  ///   - epsilon: the epsilon of batch normalization.
  ///   - generator: draws the weights. The network is made on its device.
  public init(width: Int = 96, epsilon: Double = 1e-5, using generator: Generator) {
    let (second, third) = (2 * max(1, 4 * width / 3), 4 * width)
    channels = 32 * width / 3
    func normalized(
      _ name: String, _ input: Int, _ output: Int, side: Int = 3, padding: Extent3? = nil,
      groups: Int = 1
    ) -> ConvolutionUnit {
      ConvolutionUnit(
        name, input, output, kernel: Extent3(1, side, side), padding: padding, groups: groups,
        bias: true, epsilon: epsilon, using: generator)
    }
    layers = [
      ResponseStage(
        Conv3d(
          3, width, kernel: Extent3(1, 11, 11), stride: Extent3(1, 4, 4), padding: .zero,
          bias: true, using: generator)),
      ResponseStage(
        Conv3d(
          width, second, kernel: Extent3(1, 5, 5), groups: width % 2 == 0 ? 2 : 1, bias: true,
          using: generator)),
      UnitStage(normalized("a", second, third)),
      UnitStage(normalized("a", third, third, groups: 2)),
      LastStage(
        normalized("a", third, second, groups: 2),
        fc6: normalized("fc6", second, channels, side: 2, padding: .zero)),
    ]
  }

  public override var stages: [(name: StageName, module: Layer)] {
    zip(StageName.allCases, layers).map { ($0, $1) }
  }

  public override var featureCount: Int { channels }

  /// fc6 needs 2 x 2 places.
  public override var minimalClip: Extent3 { Extent3(1, 71, 71) }

  private static var pool: MaxPool3d {
    MaxPool3d(
      kernel: Extent3(1, 3, 3), stride: Extent3(1, 2, 2), padding: .zero, roundsUp: true)
  }

  /// conv1 or conv2.
  private final class ResponseStage: Layer {
    private let convolution: Conv3d
    private let pool = OPN.pool
    private let normalization = LocalResponseNorm(size: 5, alpha: 1e-4, beta: 0.75)

    init(_ convolution: Conv3d) { self.convolution = convolution }

    override var children: [(name: String, module: Module)] { [("a", convolution)] }

    override func callAsFunction(_ input: Tensor) -> Tensor {
      normalization(pool(convolution(input).reluInPlace()))
    }
  }

  /// conv3 or conv4.
  private final class UnitStage: Layer {
    private let unit: ConvolutionUnit

    init(_ unit: ConvolutionUnit) { self.unit = unit }

    override var children: [(name: String, module: Module)] { unit.children }

    override func callAsFunction(_ input: Tensor) -> Tensor { unit(input, activation: .relu) }
  }

  /// conv5 and fc6.
  private final class LastStage: Layer, RectifiedLayer {
    private let unit: ConvolutionUnit
    private let pool = OPN.pool
    private let fc6: ConvolutionUnit

    init(_ unit: ConvolutionUnit, fc6: ConvolutionUnit) {
      self.unit = unit
      self.fc6 = fc6
    }

    override var children: [(name: String, module: Module)] { unit.children + fc6.children }

    override func callAsFunction(_ input: Tensor) -> Tensor {
      fc6(pool(unit(input, activation: .relu)), activation: .relu)
    }

    func unrectified(_ input: Tensor) -> Tensor {
      fc6(pool(unit(input, activation: .relu)), activation: .identity)
    }
  }
}
