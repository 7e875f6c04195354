import Torch

/// The supported networks: the paper's, and torchvision's so that its weights on Kinetics can be loaded.
public enum Architecture: String, Codable, CaseIterable, Sendable {
  /// R-2D3D of DPC and MemDPC: 2D convolutions up to conv3, 3D ones in conv4 and conv5.
  case r2d3d18 = "r2d3d-18"
  case r2d3d34 = "r2d3d-34"
  /// R(2+1)D of Tran et al. (2018): every 3D convolution split into a spatial and a temporal one.
  case r2plus1d10 = "r2plus1d-10"
  case r2plus1d18 = "r2plus1d-18"
  /// torchvision's r3d_18: 3D convolutions throughout.
  case r3d18 = "r3d-18"
  /// torchvision's mc3_18: 3D convolutions up to conv2, 2D ones from conv3 on.
  case mc318 = "mc3-18"
  /// torchvision's r2plus1d_18, whose factored convolutions have other channels between than the paper's.
  case torchvisionR2plus1d18 = "r2plus1d-18-torchvision"
}

extension Architecture {
  /// The network without a head, its weights drawn from libtorch's generator (see `Runtime.seed`).
  ///
  /// - Parameters:
  ///   - width: the number of channels of conv1: 64 in the paper and in torchvision.
  ///   - epsilon: batch normalization's; nil for ``defaultEpsilon``.
  ///   - device: where the weights are.
  public func makeBackbone(width: Int = 64, epsilon: Double? = nil, device: Device = .cpu)
    -> Backbone
  {
    VideoResNet(plan, width: width, epsilon: epsilon ?? defaultEpsilon, device: device)
  }

  /// The epsilon of the batch normalizations unless said otherwise: 1e-3, that of the authors' recipes.
  public var defaultEpsilon: Double { 1e-3 }

  /// The latest stage whose maps of clips of that size are at least 4 x 4, fine enough to point at something; conv1 if
  /// none are.
  public func latestStage(frames: Int, height: Int, width: Int) -> StageName {
    let shapes = makeBackbone(width: 1, device: .meta).stageShapes([1, 3, frames, height, width])
    return Array(zip(StageName.allCases, shapes)).last { $1[3] >= 4 && $1[4] >= 4 }?.0 ?? .conv1
  }

  private var plan: ResNetPlan {
    switch self {
    case .r2d3d18: Self.r2d3d(blocks: [2, 2, 2, 2])
    case .r2d3d34: Self.r2d3d(blocks: [3, 4, 6, 3])
    case .r2plus1d10:
      Self.cubes(.factored(.ofEachConvolution), stem: .factored(.ofEachConvolution), blocks: 1)
    case .r2plus1d18:
      Self.cubes(.factored(.ofEachConvolution), stem: .factored(.ofEachConvolution), blocks: 2)
    case .r3d18: Self.cubes(.full, stem: .full, blocks: 2)
    case .mc318:
      ResNetPlan(
        stem: .init(kernel: Extent3(3, 7, 7)), convolution: .full,
        stages: [
          .init(kernel: cube, stride: .one, widthFactor: 1, blocks: 2),
          .init(kernel: square, stride: halvingSpace, widthFactor: 2, blocks: 2),
          .init(kernel: square, stride: halvingSpace, widthFactor: 4, blocks: 2),
          .init(kernel: square, stride: halvingSpace, widthFactor: 8, blocks: 2),
        ])
    case .torchvisionR2plus1d18:
      Self.cubes(.factored(.ofFirstConvolution), stem: .factored(.per64(45)), blocks: 2)
    }
  }

  private static func r2d3d(blocks: [Int]) -> ResNetPlan {
    ResNetPlan(
      stem: .init(kernel: Extent3(1, 7, 7), pools: true), convolution: .full,
      stages: [
        .init(kernel: square, stride: .one, widthFactor: 1, blocks: blocks[0]),
        .init(kernel: square, stride: halvingSpace, widthFactor: 2, blocks: blocks[1]),
        .init(kernel: cube, stride: halving, widthFactor: 4, blocks: blocks[2]),
        .init(kernel: cube, stride: halving, widthFactor: 4, blocks: blocks[3]),
      ])
  }

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
