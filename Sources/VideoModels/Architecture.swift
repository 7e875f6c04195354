import Torch

/// The supported networks: the paper's, and torchvision's, whose weights trained on Kinetics can be loaded.
public enum Architecture: String, Codable, CaseIterable, Sendable {
  /// R-2D3D of DPC and MemDPC with 18 layers: 2D convolutions up to conv3, 3D convolutions in conv4 and conv5.
  case r2d3d18 = "r2d3d-18"
  /// R-2D3D with 34 layers.
  case r2d3d34 = "r2d3d-34"
  /// R(2+1)D of Tran et al. (2018) with 10 layers: every 3D convolution is split into a spatial and a temporal one.
  case r2plus1d10 = "r2plus1d-10"
  /// R(2+1)D with 18 layers.
  case r2plus1d18 = "r2plus1d-18"
  /// R(2+1)D with 10 layers as in the code of VCOP, VCP and PRP: the shortcuts are split, too.
  case vcopR2plus1d10 = "r2plus1d-10-vcop"
  /// R3D with 10 layers, as in the code of VCOP, VCP and PRP: 3D convolutions throughout.
  case r3d10 = "r3d-10"
  /// torchvision's r3d_18: 3D convolutions throughout.
  case r3d18 = "r3d-18"
  /// R3D of Hara et al. with 18 layers, as in 3D-RotNet: a stem of 7x7x7, a 3x3x3 max pooling, and shortcuts without weights.
  case haraR3d18 = "r3d-18-hara"
  /// torchvision's mc3_18: 3D convolutions up to conv2, 2D convolutions from conv3.
  case mc318 = "mc3-18"
  /// torchvision's r2plus1d_18. Its factored convolutions have other numbers of intermediate channels than the paper's.
  case torchvisionR2plus1d18 = "r2plus1d-18-torchvision"
  /// C3D with batch normalization, as used by the pretext tasks VCOP, VCP and PRP.
  case c3d
  /// S3D-G of Xie et al. (2018) in the form of CoCLR's code: Inception blocks of factored convolutions with gates.
  case s3dg = "s3d-g"
  /// S3D-G without strides in time, as in SpeedNet.
  case speednetS3dg = "s3d-g-speednet"
  /// OPN's network in the prototxt that its authors released: five convolutions in the manner of AlexNet for single frames.
  case opn
  /// A small vision transformer for small clips: cubes of 2x8x8, 192 wide, 8 blocks, positions by time, row and column.
  case vitTiny = "vit-tiny"
  /// ViT-S as in VideoMAE: cubes of 2x16x16, 384 wide, 12 blocks.
  case vitSmall = "vit-s"
  /// ViT-B: 768 wide, 12 blocks.
  case vitBase = "vit-b"
  /// ViT-L: 1024 wide, 24 blocks.
  case vitLarge = "vit-l"
  /// ViT-H: 1280 wide, 32 blocks.
  case vitHuge = "vit-h"
}

extension Architecture {
  /// The network without a head. Weights are drawn stage by stage.
  ///
  /// - Parameters:
  ///   - width: the number of channels of conv1, or of a transformer's head: 64 in the papers and in torchvision, 96 in OPN.
  ///     (ViT-H has heads of 80, of which 64 is the width 64.)
  ///   - epsilon: the epsilon of batch or layer normalization; nil for ``defaultEpsilon``.
  ///   - dropPath: the probability with which the last block's branches are left out while training; only for transformers.
  ///   - positions: the positions of a transformer's tokens; nil for ``defaultPositions``.
  ///   - generator: draws the weights. The network is made on its device.
  public func makeBackbone(
    width: Int = 64, epsilon: Double? = nil, dropPath: Double = 0,
    positions: TokenPositions.Scheme? = nil, using generator: Generator
  ) -> Backbone {
    if var plan = transformer(width: width) {
      plan.positions = positions ?? plan.positions
      return VisionTransformer(
        plan, epsilon: epsilon ?? defaultEpsilon, dropPath: dropPath, using: generator)
    }
    let epsilon = epsilon ?? defaultEpsilon
    func residual(_ plan: ResNetPlan) -> Backbone {
      VideoResNet(plan, width: width, epsilon: epsilon, using: generator)
    }
    return switch self {
    case .r2d3d18: residual(.r2d3d(blocks: [2, 2, 2, 2]))
    case .r2d3d34: residual(.r2d3d(blocks: [3, 4, 6, 3]))
    case .r2plus1d10: residual(.r2plus1d(blocks: 1))
    case .r2plus1d18: residual(.r2plus1d(blocks: 2))
    case .vcopR2plus1d10: residual(.r2plus1d(blocks: 1, splitsShortcuts: true))
    case .r3d10: residual(.r3d(blocks: 1))
    case .r3d18: residual(.r3d(blocks: 2))
    case .haraR3d18: residual(.haraR3d18)
    case .mc318: residual(.mc318)
    case .torchvisionR2plus1d18: residual(.torchvisionR2plus1d18)
    case .c3d: C3D(width: width, epsilon: epsilon, using: generator)
    case .s3dg: S3DG(width: width, epsilon: epsilon, using: generator)
    case .speednetS3dg:
      S3DG(width: width, strides: .none, epsilon: epsilon, using: generator)
    case .opn: OPN(width: width, epsilon: epsilon, using: generator)
    case .vitTiny, .vitSmall, .vitBase, .vitLarge, .vitHuge:
      preconditionFailure("\(rawValue) has no plan")
    }
  }

  /// The sizes of a transformer whose heads have `width` numbers (ViT-H's a fourth more); nil for other networks.
  public func transformer(width: Int) -> VisionTransformer.Plan? {
    func plan(_ heads: Int, blocks: Int, headWidth: Int) -> VisionTransformer.Plan {
      .init(width: heads * headWidth, blocks: blocks, heads: heads)
    }
    return switch self {
    case .vitTiny:
      .init(cube: Extent3(2, 8, 8), width: 3 * width, blocks: 8, heads: 3, positions: .axes)
    case .vitSmall: plan(6, blocks: 12, headWidth: width)
    case .vitBase: plan(12, blocks: 12, headWidth: width)
    case .vitLarge: plan(16, blocks: 24, headWidth: width)
    case .vitHuge: plan(16, blocks: 32, headWidth: width + width / 4)
    default: nil
    }
  }

  /// True for a transformer: its backbone is a ``TokenBackbone``.
  public var isTransformer: Bool { transformer(width: 1) != nil }

  /// The default epsilon of normalization: 1e-5 for VCOP's, Hara's, CoCLR's and OPN's networks and 1e-6 for transformers, as in
  /// their code; 1e-3 for others, as in the code of the paper's authors.
  public var defaultEpsilon: Double {
    switch self {
    case .c3d, .r3d10, .vcopR2plus1d10, .haraR3d18, .s3dg, .speednetS3dg, .opn: 1e-5
    case .r2d3d18, .r2d3d34, .r2plus1d10, .r2plus1d18, .r3d18, .mc318, .torchvisionR2plus1d18: 1e-3
    case .vitTiny, .vitSmall, .vitBase, .vitLarge, .vitHuge: 1e-6
    }
  }

  /// The positions of a transformer's tokens as the network has them; nil for other networks.
  public var defaultPositions: TokenPositions.Scheme? { transformer(width: 1)?.positions }

  /// The smallest clip that the network does not reduce to nothing.
  public var minimalClip: Extent3 { makeBackbone(width: 1, using: .meta).minimalClip }

  /// The number of frames, rows and columns of which a clip should have a multiple.
  public var clipUnit: Extent3 { makeBackbone(width: 1, using: .meta).clipUnit }

  /// The latest stage whose maps have at least 4 x 4 cells for clips of this size, which is fine enough to locate
  /// something; conv1 if there is none.
  public func latestStage(frames: Int, height: Int, width: Int) -> StageName {
    let shapes = makeBackbone(width: 1, using: .meta).stageShapes([1, 3, frames, height, width])
    return Array(zip(StageName.allCases, shapes)).last { $1[3] >= 4 && $1[4] >= 4 }?.0 ?? .conv1
  }
}
