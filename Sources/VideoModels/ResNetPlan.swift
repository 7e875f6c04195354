import Torch

/// What a residual video network is made of.
struct ResNetPlan: Sendable {
  /// conv1, at a stride of 1 in time and 2 in space.
  struct Stem: Sendable {
    var kernel: Extent3
    var convolution = ConvolutionKind.full
    /// True if a max-pooling of 1x3x3 at stride 1x2x2 ends it.
    var pools = false
  }

  /// One of the stages conv2 to conv5.
  struct Stage: Sendable {
    /// The kernel of every convolution of the stage.
    var kernel: Extent3
    /// The stride of the stage's first block, and of the way around it.
    var stride: Extent3
    /// The channels as a multiple of the network's width.
    var widthFactor: Int
    var blocks: Int
  }

  var stem: Stem
  /// How the convolutions of conv2 to conv5 are built.
  var convolution: ConvolutionKind
  /// conv2 to conv5.
  var stages: [Stage]
}

extension ResNetPlan {
  /// R-2D3D of DPC and MemDPC, with these numbers of blocks.
  static func r2d3d(blocks: [Int]) -> ResNetPlan {
    ResNetPlan(
      stem: .init(kernel: Extent3(1, 7, 7), pools: true), convolution: .full,
      stages: [
        .init(kernel: square, stride: .one, widthFactor: 1, blocks: blocks[0]),
        .init(kernel: square, stride: halvingSpace, widthFactor: 2, blocks: blocks[1]),
        .init(kernel: cube, stride: halving, widthFactor: 4, blocks: blocks[2]),
        .init(kernel: cube, stride: halving, widthFactor: 4, blocks: blocks[3]),
      ])
  }

  /// R(2+1)D of Tran et al. (2018), with `blocks` in each stage.
  static func r2plus1d(blocks: Int) -> ResNetPlan {
    cubes(.factored(.ofEachConvolution), stem: .factored(.ofEachConvolution), blocks: blocks)
  }

  static let r3d18 = cubes(.full, stem: .full, blocks: 2)

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

  /// 3x3x3 in every stage, whole or factored.
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

/// How a convolution of a kernel is built.
enum ConvolutionKind: Sendable {
  /// One convolution of the whole kernel.
  case full
  /// A spatial convolution 1 x k x k, normalization and ReLU, then a temporal one k x 1 x 1, with these channels
  /// between.
  case factored(MiddleChannels)
}

/// The channels between the two factors of a convolution.
enum MiddleChannels: Sendable {
  /// M of Tran et al. (2018), section 3.5: each convolution keeps the number of parameters of its whole kernel.
  case ofEachConvolution
  /// M of a block's first convolution in both.
  case ofFirstConvolution
  /// This number for every 64 channels of the output, rounded down, at least 1.
  case per64(Int)
}

extension ConvolutionKind {
  /// The channels between the factors of a convolution from `input` to `output` channels in a block, or stem, whose
  /// first convolution has `blockInput` input channels; nil where it is whole.
  func middleChannels(input: Int, output: Int, blockInput: Int, kernel: Extent3) -> Int? {
    func keepingParameters(_ input: Int) -> Int {
      let area = kernel.height * kernel.width
      return kernel.time * area * input * output / (area * input + kernel.time * output)
    }
    switch self {
    case .full: return nil
    case .factored(.ofEachConvolution): return keepingParameters(input)
    case .factored(.ofFirstConvolution): return keepingParameters(blockInput)
    case .factored(.per64(let count)): return max(1, count * output / 64)
    }
  }
}
