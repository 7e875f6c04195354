import Torch

/// A residual video network without its head: conv1 to conv5.
///
/// Input [N, 3, T, H, W] float32, normalized. With a width of 64 and clips of 16x112x112 the stages give
/// [N, 64, 16, 28, 28], ..., [N, 256, 4, 4, 4] for R-2D3D, [N, 64, 16, 56, 56], ..., [N, 512, 2, 7, 7] for R(2+1)D
/// and R3D, and [N, 512, 16, 7, 7] at last for MC3.
public final class VideoResNet: Layer {
  /// The channels of the last stage.
  public let featureCount: Int
  private let stem: Stage
  private let stages: [Stage]

  /// Weights are drawn from libtorch's generator (see `Runtime.seed`).
  ///
  /// - Parameters:
  ///   - plan: the kernels, strides and numbers of blocks; see ``Architecture/plan``.
  ///   - width: the channels of conv1; 64 in the paper and in torchvision.
  ///   - epsilon: batch normalization's, 1e-3 in the MoSI recipes; see ``StateNames/epsilon``.
  ///   - device: where the weights are.
  public init(_ plan: ResNetPlan, width: Int = 64, epsilon: Double = 1e-3, device: Device = .cpu) {
    stem = Stem(plan.stem, width: width, epsilon: epsilon, device: device)
    var channels = width
    var stages: [Stage] = []
    for stage in plan.stages {
      let output = width * stage.widthFactor
      stages.append(
        ResidualStage(
          (0..<stage.blocks).map { block in
            ResidualBlock(
              plan.convolution, block == 0 ? channels : output, output, kernel: stage.kernel,
              stride: block == 0 ? stage.stride : .one, epsilon: epsilon, device: device)
          }))
      channels = output
    }
    self.stages = stages
    featureCount = channels
  }

  public override var children: [(name: String, module: Module)] {
    ([stem] + stages).enumerated().map { ("conv\($0 + 1)", $1) }
  }

  /// Freezes the first `count` (0...5) of conv1 to conv5, for good; see `Module.freeze()`.
  public func freezeStages(_ count: Int) {
    precondition((0...5).contains(count), "there are 5 stages, not \(count)")
    for stage in children.prefix(count) { stage.module.freeze() }
  }

  /// The outputs of conv1 to conv5.
  public func stageOutputs(_ clips: Tensor) -> [Tensor] {
    var outputs = [stem(clips.contiguous(.channelsLast3d))]
    for stage in stages { outputs.append(stage(outputs.last!)) }
    return outputs
  }

  /// The output of `stage`.
  public func output(of stage: StageName, _ clips: Tensor) -> Tensor {
    stages.prefix(stage.index).reduce(stem(clips.contiguous(.channelsLast3d))) { $1($0) }
  }

  /// The output of conv5 from what ``output(of:_:)`` returned for `stage`.
  public func output(from stage: StageName, _ activations: Tensor) -> Tensor {
    stages.dropFirst(stage.index).reduce(activations) { $1($0) }
  }

  /// The output of conv5.
  public override func callAsFunction(_ clips: Tensor) -> Tensor {
    stages.reduce(stem(clips.contiguous(.channelsLast3d))) { $1($0) }
  }

  private typealias Stage = Layer

  private final class Stem: Layer {
    private let unit: ConvolutionUnit
    private let pool: MaxPool3d?

    init(_ plan: ResNetPlan.Stem, width: Int, epsilon: Double, device: Device) {
      let halving = Extent3(1, 2, 2)
      unit = ConvolutionUnit(
        "a", 3, width,
        middle: plan.convolution.middleChannels(
          input: 3, output: width, blockInput: 3, kernel: plan.kernel),
        kernel: plan.kernel, stride: halving, epsilon: epsilon, device: device)
      pool = plan.pools ? MaxPool3d(kernel: Extent3(1, 3, 3), stride: halving) : nil
    }

    override var children: [(name: String, module: Module)] { unit.children }

    override func callAsFunction(_ clips: Tensor) -> Tensor {
      let output = unit(clips).reluInPlace()
      return pool?(output) ?? output
    }
  }

  private final class ResidualStage: Layer {
    private let blocks: [ResidualBlock]
    init(_ blocks: [ResidualBlock]) { self.blocks = blocks }

    override var children: [(name: String, module: Module)] {
      blocks.enumerated().map { ("res_\($0 + 1)", $1) }
    }

    override func callAsFunction(_ input: Tensor) -> Tensor { blocks.reduce(input) { $1($0) } }
  }
}

/// The convolutional stages of the networks, in their order.
public enum StageName: String, CaseIterable, Codable, Sendable {
  case conv1, conv2, conv3, conv4, conv5

  /// From 0.
  var index: Int { Self.allCases.firstIndex(of: self)! }

  /// - Throws: ``UnknownStage`` where there is none of that name.
  public init(named name: String) throws {
    guard let stage = Self(rawValue: name) else { throw UnknownStage(name: name) }
    self = stage
  }
}

/// A name that no convolutional stage has.
public struct UnknownStage: Error, Hashable, Sendable, CustomStringConvertible {
  public let name: String
  public var description: String {
    "there is no convolutional stage \(name): the networks have "
      + StageName.allCases.map(\.rawValue).joined(separator: ", ")
  }
}
