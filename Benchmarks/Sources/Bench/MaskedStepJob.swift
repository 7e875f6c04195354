// A step of masked modeling: normalization, targets, forward pass, loss, backward pass, AdamW.

import KeyedRandom
import Pretext
import PretextTasks
import Torch
import VideoModels

struct MaskedStepJob: Job {
  struct Input: Decodable {
    let architecture: Architecture
    let width: Int
    let clips: Int
    let frames: Int
    let size: Int
    /// The share of places that is hidden.
    let ratio: Double
    let decoderBlocks: Int
    /// The file to which the weights, the clips and the masks are written, for the other side; absent to write none.
    let exchange: String?
    /// True for an encoder that computes with all tokens, of which the decoder gets those that are seen.
    let seesAllTokens: Bool?
  }

  private let network: MaskedNetwork
  private let optimizer: Adam
  private let cubes: ClipCubes
  /// float32 [M, N, 3, H, W] in 0...1.
  private let frames: Tensor
  private let kept: Tensor
  private let masked: Tensor
  private(set) var facts: [String: Double]

  init(_ input: Input) throws {
    let generator = Generator(seed: 1)
    guard
      let backbone = input.architecture.makeBackbone(width: input.width, using: generator)
        as? any TokenBackbone
    else { preconditionFailure("\(input.architecture.rawValue) has no tokens") }
    cubes = backbone.cubes
    network = MaskedNetwork(
      on: input.seesAllTokens == true ? AllTokens(backbone) : backbone,
      decoderBlocks: input.decoderBlocks, using: generator)
    optimizer = Adam(
      ParameterGroup.sparingVectors(network.trainableParameters, weightDecay: 0.05),
      betas: (0.9, 0.95), isDecayDecoupled: true)
    frames = Tensor.uniform(
      [input.clips, input.frames, 3, input.size, input.size], using: Generator(seed: 2))
    let grid = cubes.grid(of: [1, 3, input.frames, input.size, input.size])
    var draws = KeyedGenerator(3)
    let masks = (0..<input.clips).map { _ in
      TubeMask(ratio: input.ratio).draw(grid, using: &draws)
    }
    kept = Tensor(masks.flatMap(\.kept), shape: [input.clips, masks[0].kept.count])
    masked = Tensor(masks.flatMap(\.masked), shape: [input.clips, masks[0].masked.count])
    if let path = input.exchange {
      var tensors = network.state.byName
      tensors["frames"] = frames
      tensors["kept"] = kept
      tensors["masked"] = masked
      try Safetensors(tensors: tensors).write(to: path)
    }
    let count = network.trainableParameters.reduce(0) { $0 + $1.tensor.count }
    facts = ["parameters": Double(count)]
    facts["loss"] = step()
  }

  func run() -> [String: Double] { ["": seconds { _ = step() }] }

  /// One step; the loss.
  @discardableResult
  private func step() -> Double {
    let batch = withoutGradients {
      let cut = cubes.cut(frames.permuted([0, 2, 1, 3, 4]), at: masked)
      return MaskedModeling.Batch(
        clips: Normalization.imageNet.clips(from: frames), kept: kept, masked: masked,
        targets: CubeTargets(of: cut).normalized.flattened(from: 2))
    }
    optimizer.clearGradients()
    let loss = network.evaluate(batch).loss
    loss.backward()
    optimizer.step(learningRate: 1e-4)
    return loss.item
  }
}

/// A backbone that computes with all tokens and leaves some out afterwards.
private final class AllTokens: Backbone, TokenBackbone {
  private let inner: any TokenBackbone

  init(_ inner: any TokenBackbone) { self.inner = inner }

  override var stages: [(name: StageName, module: Layer)] { inner.stages }
  override var children: [(name: String, module: Module)] { inner.children }
  override var featureCount: Int { inner.featureCount }
  override func freezePooling() { inner.freezePooling() }
  var cubes: ClipCubes { inner.cubes }
  var blockPlan: (heads: Int, epsilon: Double) { inner.blockPlan }
  var positions: TokenPositions.Scheme { inner.positions }

  func tokens(_ clips: Tensor, keeping places: Tensor) -> Tensor {
    inner(clips).flattened(from: 2).permuted([0, 2, 1]).rows(at: places)
  }
}
