// S3D-G of Xie et al., "Rethinking Spatiotemporal Feature Learning: Speed-Accuracy Trade-offs in Video Classification" (ECCV
// 2018), section 4, in the form of CoCLR's code.

import Torch

/// Inception blocks of factored convolutions with gates: each branch's channels are weighted by what the clip shows as a whole.
///
/// With a width of 64 and clips of 64x224x224, the outputs of the stages are [N, 64, 32, 112, 112], [N, 192, 32, 56, 56],
/// [N, 480, 32, 28, 28], [N, 832, 16, 14, 14] and [N, 1024, 8, 7, 7]. Each but the first begins with a pooling.
///
/// The stem is factored, too, and there is no gate before the first Inception block; the original has a full stem and a gate
/// there, normalizes only after the spatial factor, and pads as TensorFlow does.
public final class S3DG: Backbone {
  /// The strides in time of conv1 and of the poolings of conv4 and conv5, 1 or 2 each.
  public struct TimeStrides: Hashable, Sendable {
    /// The stride of conv1.
    public var conv1: Int
    /// The stride of conv4's pooling.
    public var conv4: Int
    /// The stride of conv5's pooling.
    public var conv5: Int

    /// These strides.
    public init(conv1: Int, conv4: Int, conv5: Int) {
      self.conv1 = conv1
      self.conv4 = conv4
      self.conv5 = conv5
    }

    /// The original ones: 2 everywhere.
    public static let original = TimeStrides(conv1: 2, conv4: 2, conv5: 2)
    /// SpeedNet's: no strides in time.
    public static let none = TimeStrides(conv1: 1, conv4: 1, conv5: 1)
  }

  private let layers: [Stage]
  private let channels: Int
  private let strides: TimeStrides

  /// Draws weights stage by stage: those of convolutions from the normal distribution of He et al., those of gates from one with
  /// a standard deviation of 0.01.
  ///
  /// - Parameters:
  ///   - width: the number of channels of conv1, 64 in the paper. All others are proportional to it, rounded down.
  ///   - strides: the strides in time.
  ///   - epsilon: the epsilon of batch normalization.
  ///   - generator: draws the weights. The network is made on its device.
  public init(
    width: Int = 64, strides: TimeStrides = .original, epsilon: Double = 1e-5,
    using generator: Generator
  ) {
    self.strides = strides
    func scaled(_ count: Int) -> Int { max(1, count * width / 64) }
    var channels = scaled(64)
    func unit(
      _ name: String, _ output: Int, kernel: Extent3, stride: Extent3 = .one, from input: Int
    )
      -> ConvolutionUnit
    {
      ConvolutionUnit(
        name, input, output, middle: kernel == .one ? nil : output, kernel: kernel, stride: stride,
        epsilon: epsilon, using: generator)
    }
    let cube = Extent3(3, 3, 3)
    let flat = MaxPool3d(kernel: Extent3(1, 3, 3), stride: Extent3(1, 2, 2))
    let stem = unit(
      "a", channels, kernel: Extent3(7, 7, 7), stride: Extent3(strides.conv1, 2, 2), from: 3)
    let point = unit("a", channels, kernel: .one, from: channels)
    let last = unit("b", scaled(192), kernel: cube, from: channels)
    channels = scaled(192)

    /// Inception blocks: the channels of the first branch, of both convolutions of the second and third one, and of the last.
    func mixed(_ plans: [[Int]]) -> [Mixed] {
      plans.map { plan in
        let widths = plan.map(scaled)
        let input = channels
        func branch(_ first: Int, _ second: Int? = nil, pools: Bool = false) -> Branch {
          Branch(
            pools: pools,
            units: [unit("a", first, kernel: .one, from: input)]
              + (second.map { [unit("b", $0, kernel: cube, from: first)] } ?? []),
            gate: Linear(second ?? first, second ?? first, using: generator))
        }
        channels = widths[0] + widths[2] + widths[4] + widths[5]
        return Mixed([
          branch(widths[0]), branch(widths[1], widths[2]), branch(widths[3], widths[4]),
          branch(widths[5], pools: true),
        ])
      }
    }
    let third = mixed([[64, 96, 128, 16, 32, 32], [128, 128, 192, 32, 96, 64]])
    let fourth = mixed([
      [192, 96, 208, 16, 48, 64], [160, 112, 224, 24, 64, 64], [128, 128, 256, 24, 64, 64],
      [112, 144, 288, 32, 64, 64], [256, 160, 320, 32, 128, 128],
    ])
    let fifth = mixed([[256, 160, 320, 32, 128, 128], [384, 192, 384, 48, 128, 128]])
    let halving = Extent3(strides.conv5, 2, 2)
    layers = [
      Stage(units: [stem]), Stage(pool: flat, units: [point, last]),
      Stage(pool: flat, mixed: third),
      Stage(
        pool: MaxPool3d(kernel: cube, stride: Extent3(strides.conv4, 2, 2)), mixed: fourth),
      Stage(pool: MaxPool3d(kernel: halving, stride: halving, padding: .zero), mixed: fifth),
    ]
    self.channels = channels
  }

  public override var stages: [(name: StageName, module: Layer)] {
    zip(StageName.allCases, layers).map { ($0, $1) }
  }

  public override var featureCount: Int { channels }

  /// conv5's pooling rounds down: smaller clips would vanish.
  public override var minimalClip: Extent3 {
    let least = strides.conv5 == 1 ? 1 : 2
    return Extent3(1 + (least - 1) * strides.conv1 * strides.conv4, 17, 17)
  }

  private final class Stage: Layer {
    private let pool: MaxPool3d?
    private let units: [ConvolutionUnit]
    private let mixed: [Mixed]

    init(pool: MaxPool3d? = nil, units: [ConvolutionUnit] = [], mixed: [Mixed] = []) {
      self.pool = pool
      self.units = units
      self.mixed = mixed
    }

    override var children: [(name: String, module: Module)] {
      units.flatMap(\.children) + mixed.enumerated().map { ("mixed_\($0 + 1)", $1) }
    }

    override func callAsFunction(_ input: Tensor) -> Tensor {
      let pooled = pool?(input) ?? input
      let output = units.reduce(pooled) { $1($0, activation: .relu) }
      return mixed.reduce(output) { $1($0) }
    }
  }

  /// An Inception block: branches whose outputs are concatenated.
  private final class Mixed: Layer {
    private let branches: [Branch]
    init(_ branches: [Branch]) { self.branches = branches }

    override var children: [(name: String, module: Module)] {
      branches.enumerated().map { ("branch_\($0)", $1) }
    }

    override func callAsFunction(_ input: Tensor) -> Tensor {
      .concatenated(branches.map { $0(input) }, axis: 1)
    }
  }

  /// Convolutions, after a pooling in the last branch of a block, and a gate: each channel is multiplied by the sigmoid of a
  /// linear function of all channels' means.
  private final class Branch: Layer {
    private let pool: MaxPool3d?
    private let units: [ConvolutionUnit]
    private let gate: Linear

    init(pools: Bool, units: [ConvolutionUnit], gate: Linear) {
      pool = pools ? MaxPool3d(kernel: Extent3(3, 3, 3), stride: .one) : nil
      self.units = units
      self.gate = gate
    }

    override var children: [(name: String, module: Module)] {
      units.flatMap(\.children) + [("gate", gate)]
    }

    override func callAsFunction(_ input: Tensor) -> Tensor {
      let pooled = pool?(input) ?? input
      let output = units.reduce(pooled) { $1($0, activation: .relu) }
      let weights = gate(output.globalAveragePool()).sigmoid()
      return output * weights.reshaped(weights.shape + [1, 1, 1])
    }
  }
}
