import Torch

/// The structure of a residual video network.
struct ResNetPlan: Sendable {
  /// conv1, with stride 1 in time and 2 in space.
  struct Stem: Sendable {
    var kernel: Extent3
    var convolution = ConvolutionKind.full
    /// The kernel of the max pooling at its end, whose stride is 2 on the axes on which the kernel is larger than 1; nil for
    /// none.
    var pool: Extent3?
  }

  /// One of the stages conv2 to conv5.
  struct Stage: Sendable {
    /// The kernel of all convolutions of the stage.
    var kernel: Extent3
    /// The stride of the stage's first block and of its shortcut.
    var stride: Extent3
    /// The channels as a multiple of the network's width.
    var widthFactor: Int
    var blocks: Int
  }

  /// The shortcuts of blocks whose output has another shape than their input.
  enum Shortcuts: Sendable {
    /// Full 1x1x1 convolutions.
    case full
    /// 1x1x1 convolutions with the structure of the others.
    case likeConvolutions
    /// No weights: every second cell, and zeros in the channels that the input does not have (type A of He et al. 2016).
    case padded
  }

  var stem: Stem
  /// The structure of the convolutions in conv2 to conv5.
  var convolution: ConvolutionKind
  /// The shortcuts of blocks whose output has another shape than their input.
  var shortcuts = Shortcuts.full
  /// conv2 to conv5.
  var stages: [Stage]
}

extension ResNetPlan {
  /// R-2D3D of DPC and MemDPC with this number of blocks in each stage.
  static func r2d3d(blocks: [Int]) -> ResNetPlan {
    ResNetPlan(
      stem: .init(kernel: Extent3(1, 7, 7), pool: square), convolution: .full,
      stages: [
        .init(kernel: square, stride: .one, widthFactor: 1, blocks: blocks[0]),
        .init(kernel: square, stride: halvingSpace, widthFactor: 2, blocks: blocks[1]),
        .init(kernel: cube, stride: halving, widthFactor: 4, blocks: blocks[2]),
        .init(kernel: cube, stride: halving, widthFactor: 4, blocks: blocks[3]),
      ])
  }

  /// R(2+1)D of Tran et al. (2018) with `blocks` blocks in each stage. VCOP's form splits the shortcuts, too: 1x1x1 with
  /// the stride in space, normalization and ReLU, then 1x1x1 with the stride in time.
  static func r2plus1d(blocks: Int, splitsShortcuts: Bool = false) -> ResNetPlan {
    var plan = cubes(
      .factored(.ofEachConvolution), stem: .factored(.ofEachConvolution), blocks: blocks)
    if splitsShortcuts { plan.shortcuts = .likeConvolutions }
    return plan
  }

  /// R3D of Tran et al. (2018) with `blocks` blocks in each stage.
  static func r3d(blocks: Int) -> ResNetPlan { cubes(.full, stem: .full, blocks: blocks) }

  /// R3D of Hara et al. (2018) with 18 layers.
  static let haraR3d18 = {
    var plan = r3d(blocks: 2)
    plan.stem = .init(kernel: Extent3(7, 7, 7), pool: cube)
    plan.shortcuts = .padded
    return plan
  }()

  static let mc318 = ResNetPlan(
    stem: .init(kernel: Extent3(3, 7, 7)), convolution: .full,
    stages: [
      .init(kernel: cube, stride: .one, widthFactor: 1, blocks: 2),
      .init(kernel: square, stride: halvingSpace, widthFactor: 2, blocks: 2),
      .init(kernel: square, stride: halvingSpace, widthFactor: 4, blocks: 2),
      .init(kernel: square, stride: halvingSpace, widthFactor: 8, blocks: 2),
    ])

  static let torchvisionR2plus1d18 = cubes(
    .factored(.ofFirstConvolution), stem: .factored(.per64(45)), blocks: 2)

  /// 3x3x3 convolutions in every stage, full or factored.
  private static func cubes(
    _ convolution: ConvolutionKind, stem: ConvolutionKind, blocks: Int
  ) -> ResNetPlan {
    ResNetPlan(
      stem: .init(kernel: Extent3(3, 7, 7), convolution: stem), convolution: convolution,
      stages: [
        .init(kernel: cube, stride: .one, widthFactor: 1, blocks: blocks),
        .init(kernel: cube, stride: halving, widthFactor: 2, blocks: blocks),
        .init(kernel: cube, stride: halving, widthFactor: 4, blocks: blocks),
        .init(kernel: cube, stride: halving, widthFactor: 8, blocks: blocks),
      ])
  }
}

private let cube = Extent3(3, 3, 3)
private let square = Extent3(1, 3, 3)
private let halving = Extent3(2, 2, 2)
private let halvingSpace = Extent3(1, 2, 2)

/// The structure of a convolution.
enum ConvolutionKind: Sendable {
  /// A single convolution with the full kernel.
  case full
  /// A spatial convolution 1 x k x k, normalization and ReLU, then a temporal convolution k x 1 x 1, with this number of
  /// channels in between.
  case factored(MiddleChannels)
}

/// The number of channels between the two factors of a convolution.
enum MiddleChannels: Sendable {
  /// M of Tran et al. (2018), section 3.5: each convolution has the same number of parameters as with the full kernel.
  case ofEachConvolution
  /// M of the block's first convolution, for both convolutions.
  case ofFirstConvolution
  /// This number for every 64 output channels, rounded down, at least 1.
  case per64(Int)
}

extension ConvolutionKind {
  /// The number of channels between the factors of a convolution from `input` to `output` channels, in a block or stem
  /// whose first convolution has `blockInput` input channels; nil for a full convolution.
  func middleChannels(input: Int, output: Int, blockInput: Int, kernel: Extent3) -> Int? {
    func keepingParameters(_ input: Int) -> Int {
      let area = kernel.height * kernel.width
      return max(1, kernel.time * area * input * output / (area * input + kernel.time * output))
    }
    switch self {
    case .full: return nil
    case .factored(.ofEachConvolution): return keepingParameters(input)
    case .factored(.ofFirstConvolution): return keepingParameters(blockInput)
    case .factored(.per64(let count)): return max(1, count * output / 64)
    }
  }
}
