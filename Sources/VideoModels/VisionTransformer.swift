// ViT: Dosovitskiy et al., "An Image is Worth 16x16 Words" (ICLR 2021), for videos as in VideoMAE: Tong et al., "VideoMAE:
// Masked Autoencoders are Data-Efficient Learners for Self-Supervised Video Pre-Training" (NeurIPS 2022).

import Torch

/// A backbone that computes with tokens, each of which belongs to a cube of the clip, and can leave out some of them: the
/// others cost nothing. Its map [N, D, t, h, w] has a cell for each cube.
public protocol TokenBackbone: Backbone {
  /// The cubes of a clip.
  var cubes: ClipCubes { get }

  /// The number of heads and the epsilon of the normalizations, for layers of the same kind on top.
  var blockPlan: (heads: Int, epsilon: Double) { get }

  /// The positions that the tokens have, for layers on top.
  var positions: TokenPositions.Scheme { get }

  /// The tokens at some places of clips.
  ///
  /// - Parameters:
  ///   - clips: [N, 3, T, H, W], normalized.
  ///   - places: the numbers of the cubes that are kept, int64 [N, K], on the same device; the same number for each clip.
  /// - Returns: [N, K, ``Backbone/featureCount``], in the order of `places`.
  func tokens(_ clips: Tensor, keeping places: Tensor) -> Tensor
}

/// A vision transformer for videos.
///
/// conv1 makes a token of each cube and adds its position. conv2 to conv5 have a fourth of the blocks each, and all stages
/// have maps of the same size. Features are the mean over the tokens, normalized.
public final class VisionTransformer: Backbone, TokenBackbone {
  /// The sizes of a network.
  public struct Plan: Hashable, Sendable {
    /// The cube of a token.
    public var cube: Extent3
    /// The size of a token.
    public var width: Int
    /// The number of blocks.
    public var blocks: Int
    /// The number of heads of each block, a divisor of `width`.
    public var heads: Int
    /// The positions of tokens.
    public var positions: TokenPositions.Scheme

    /// A network of these sizes.
    public init(
      cube: Extent3 = Extent3(2, 16, 16), width: Int, blocks: Int, heads: Int,
      positions: TokenPositions.Scheme = .number
    ) {
      self.cube = cube
      self.width = width
      self.blocks = blocks
      self.heads = heads
      self.positions = positions
    }
  }

  /// The cubes of a clip.
  public let cubes: ClipCubes
  private let plan: Plan
  private let epsilon: Double
  private let embedding: Embedding
  private let groups: [Group]
  /// The normalization of features.
  private let featureNorm: LayerNorm

  /// Draws weights stage by stage, as VideoMAE's pre-training does.
  ///
  /// - Parameters:
  ///   - plan: the sizes.
  ///   - epsilon: the epsilon of layer normalization.
  ///   - dropPath: the probability with which the last block's branches are left out for a clip while training; it rises
  ///     linearly from 0 in the first block.
  ///   - generator: draws the weights. The network is made on its device.
  public init(
    _ plan: Plan, epsilon: Double = 1e-6, dropPath: Double = 0, using generator: Generator
  ) {
    (self.plan, self.epsilon) = (plan, epsilon)
    cubes = ClipCubes(plan.cube)
    embedding = Embedding(
      cubes, width: plan.width, positions: plan.positions, using: generator)
    groups = (0..<4).map { group in
      Group(
        (plan.blocks * group / 4..<plan.blocks * (group + 1) / 4).map { block in
          TransformerBlock(
            width: plan.width, heads: plan.heads, epsilon: epsilon,
            dropPath: dropPath * Double(block) / Double(max(1, plan.blocks - 1)),
            using: generator)
        })
    }
    featureNorm = LayerNorm(plan.width, epsilon: epsilon, device: generator.device)
  }

  public override var stages: [(name: StageName, module: Layer)] {
    Array(zip(StageName.allCases, [embedding] + groups))
  }

  public override var children: [(name: String, module: Module)] {
    super.children + [("fc_norm", featureNorm)]
  }

  public override var featureCount: Int { plan.width }
  public override var minimalClip: Extent3 { plan.cube }
  public override var clipUnit: Extent3 { plan.cube }
  /// The number of heads and the epsilon of the normalizations.
  public var blockPlan: (heads: Int, epsilon: Double) { (plan.heads, epsilon) }
  /// The plan's.
  public var positions: TokenPositions.Scheme { plan.positions }

  public override func pooled(_ map: Tensor) -> Tensor { featureNorm(map.globalAveragePool()) }

  /// A layer for the embedding, for each block, and for everything after them.
  public override var layerCount: Int { plan.blocks + 2 }

  public override func layerIndex(of parameter: String) -> Int {
    // conv3.block_2.norm1.weight
    let path = parameter.split(separator: ".")
    guard let stage = StageName(rawValue: String(path[0])) else { return layerCount - 1 }
    guard stage != .conv1 else { return 0 }
    let before = groups.prefix(stage.index - 1).reduce(0) { $0 + $1.blocks.count }
    return before + Int(path[1].dropFirst("block_".count))!
  }

  /// Freezes the normalization of features.
  public override func freezePooling() { featureNorm.freeze() }

  /// The tokens at `places` of clips, as ``TokenBackbone/tokens(_:keeping:)`` says.
  public func tokens(_ clips: Tensor, keeping places: Tensor) -> Tensor {
    let kept = embedding.tokens(prepared(clips), keeping: places)
    // To the blocks, tokens are a map of any shape.
    let map = kept.permuted([0, 2, 1]).unsqueezed(3).unsqueezed(4)
    return groups.reduce(map) { output(of: $1, $0) }.flattened(from: 2).permuted([0, 2, 1])
  }

  /// The last stage's map of clips, and each block with the tokens [N, K, D] that entered it.
  func traced(_ clips: Tensor) -> (map: Tensor, steps: [(block: TransformerBlock, tokens: Tensor)])
  {
    let first = output(of: .conv1, clips)
    var tokens = Group.tokens(first)
    let steps = groups.flatMap(\.blocks).map { block in
      defer { tokens = block(tokens) }
      return (block, tokens)
    }
    return (Group.map(tokens, extents: Array(first.shape[2...])), steps)
  }

  /// The tokens [N, K, D] of a map [N, D, t, h, w].
  static func tokens(_ map: Tensor) -> Tensor { Group.tokens(map) }

  /// A token for each cube of clips, with its position: [N, 3, T, H, W] to [N, D, t, h, w].
  private final class Embedding: Layer {
    private let cubes: ClipCubes
    private let weight: Tensor
    private let bias: Tensor
    private let positions: TokenPositions

    init(
      _ cubes: ClipCubes, width: Int, positions: TokenPositions.Scheme, using generator: Generator
    ) {
      self.cubes = cubes
      let extent = cubes.extent
      // Channels last in memory, so that a row of the weights has the order of a cube's numbers.
      weight = Linear.Initialization.fanIn
        .drawn([width, 3, extent.time, extent.height, extent.width], using: generator)
        .contiguous(.video)
      bias =
        (Tensor.uniform([width], using: generator) - 0.5)
        * (2 / Double(3 * cubes.pixels).squareRoot())
      self.positions = TokenPositions(width: width, scheme: positions)
      weight.requiresGradient = true
      bias.requiresGradient = true
    }

    override var ownParameters: [Parameter] {
      [
        Parameter(name: "proj.weight", tensor: weight, role: .weight),
        Parameter(name: "proj.bias", tensor: bias, role: .bias),
      ]
    }

    override func callAsFunction(_ clips: Tensor) -> Tensor {
      let grid = cubes.grid(of: clips.shape)
      let numbers = cubes.cut(clips).flattened(from: 2)
      return Group.map(
        embedded(numbers) + positions.table(grid, on: clips.device),
        extents: [grid.time, grid.height, grid.width])
    }

    /// The tokens [N, K, D] of the cubes at `places`, int64 [N, K].
    func tokens(_ clips: Tensor, keeping places: Tensor) -> Tensor {
      embedded(cubes.cut(clips, at: places).flattened(from: 2))
        + positions.rows(at: places, of: cubes.grid(of: clips.shape))
    }

    /// Linear in the numbers of cubes: [N, K, pixels * 3] to [N, K, D].
    private func embedded(_ numbers: Tensor) -> Tensor {
      let rows = weight.permuted([0, 2, 3, 4, 1]).reshaped([weight.shape[0], -1])
      return numbers.linear(rows, bias)
    }
  }

  /// Blocks in a row: [N, D, t, h, w] to [N, D, t, h, w].
  fileprivate final class Group: Layer {
    let blocks: [TransformerBlock]
    init(_ blocks: [TransformerBlock]) { self.blocks = blocks }

    override var children: [(name: String, module: Module)] {
      blocks.enumerated().map { ("block_\($0 + 1)", $1) }
    }

    override func callAsFunction(_ input: Tensor) -> Tensor {
      let tokens = Self.tokens(input)
      return Self.map(blocks.reduce(tokens) { $1($0) }, extents: Array(input.shape[2...]))
    }

    static func tokens(_ map: Tensor) -> Tensor {
      map.permuted([0, 2, 3, 4, 1]).flattened(from: 1, through: 3)
    }

    /// Tokens [N, K, D] as a map [N, D, t, h, w] of these extents; in memory, nothing moves.
    static func map(_ tokens: Tensor, extents: [Int]) -> Tensor {
      tokens.reshaped([tokens.shape[0]] + extents + [tokens.shape[2]]).permuted([0, 4, 1, 2, 3])
    }
  }
}

extension Tensor {
  /// The rows [N, K, ...] of this tensor [N, L, ...] at `places`, int64 [N, K].
  public func rows(at places: Tensor) -> Tensor {
    let samples = Tensor.indices(shape[0], device: device).unsqueezed(1)
    return gathered([samples, places])
  }
}
