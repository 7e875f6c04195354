import Pretext
import Torch
import VideoModels

/// A token backbone that sees some cubes of a clip, and a small decoder that predicts the others. The decoder is for
/// pre-training only.
public final class MaskedNetwork: Module, PretextNetwork {
  /// The backbone, of tokens.
  public let backbone: Backbone
  private let encoder: any TokenBackbone
  private let encoderNorm: LayerNorm
  private let toDecoder: Linear
  private let maskToken: Tensor
  private let positions: TokenPositions
  private let decoder: Decoder

  /// Puts a decoder on a backbone. It is half as wide as the backbone, with half as many heads, or with as many if their
  /// number is odd.
  ///
  /// - Parameters:
  ///   - encoder: a backbone with weights and an even number of features.
  ///   - decoderBlocks: the number of blocks of the decoder.
  ///   - generator: draws the weights of everything after the backbone.
  public init(on encoder: any TokenBackbone, decoderBlocks: Int, using generator: Generator) {
    backbone = encoder
    self.encoder = encoder
    let (heads, epsilon) = encoder.blockPlan
    let features = encoder.featureCount
    let width = features / 2
    encoderNorm = LayerNorm(features, epsilon: epsilon, device: generator.device)
    toDecoder = Linear(features, width, bias: false, weights: .fanIn, using: generator)
    maskToken = .normalWithinOneDeviation([1, 1, width], deviation: 0.02, using: generator)
    maskToken.requiresGradient = true
    positions = TokenPositions(width: width, scheme: encoder.positions)
    decoder = Decoder(
      width: width, blocks: decoderBlocks, heads: heads % 2 == 0 ? heads / 2 : heads,
      outputs: 3 * encoder.cubes.pixels, epsilon: epsilon, using: generator)
    // Features are for fine-tuning.
    encoder.freezePooling()
  }

  /// The mask token does not decay, like biases.
  public override var ownParameters: [Parameter] {
    [Parameter(name: "mask_token", tensor: maskToken, role: .bias)]
  }

  public override var children: [(name: String, module: Module)] {
    [
      ("backbone", backbone), ("encoder_norm", encoderNorm), ("encoder_to_decoder", toDecoder),
      ("decoder", decoder),
    ]
  }

  /// The predictions for the masked cubes.
  ///
  /// - Parameters:
  ///   - clips: [N, 3, T, H, W], normalized.
  ///   - kept: the numbers of the cubes that are seen, int64 [N, K].
  ///   - masked: the numbers of the others, int64 [N, M].
  /// - Returns: [N, M, pixels * 3], of each pixel its channels.
  public func callAsFunction(_ clips: Tensor, kept: Tensor, masked: Tensor) -> Tensor {
    let seen = toDecoder(encoderNorm(encoder.tokens(clips, keeping: kept)))
    let grid = encoder.cubes.grid(of: clips.shape)
    func placed(_ places: Tensor) -> Tensor { positions.rows(at: places, of: grid) }
    let all = Tensor.concatenated([seen + placed(kept), maskToken + placed(masked)], axis: 1)
    return decoder(all, last: masked.shape[1])
  }

  /// The name of the term that has the loss of predicting the mean of all that is hidden of a clip, in each channel. For
  /// normalized cubes that is 0, and the loss almost 1, less if there are cubes of one color.
  public static let lossOfMeans = "loss_of_means"

  /// The mean squared error over all masked cubes and their numbers, in float32, and ``lossOfMeans``.
  public func evaluate(_ batch: MaskedModeling.Batch) -> StepOutput {
    let prediction = self(batch.clips, kept: batch.kept, masked: batch.masked)
    let pixels = batch.targets.reshaped([batch.targets.shape[0], -1, 3])
    let means = pixels.mean([1])
    // The mean of squares without the square of the mean: subtracting three means from all pixels takes four times as long.
    let variance = (pixels * pixels).mean() - (means * means).mean()
    return StepOutput(
      loss: meanSquaredError(prediction.to(.float32), batch.targets),
      terms: [(Self.lossOfMeans, variance)],
      count: batch.clips.shape[0])
  }

  private final class Decoder: Module {
    private let blocks: [TransformerBlock]
    private let norm: LayerNorm
    private let head: Linear

    init(
      width: Int, blocks: Int, heads: Int, outputs: Int, epsilon: Double,
      using generator: Generator
    ) {
      self.blocks = (0..<blocks).map { _ in
        TransformerBlock(width: width, heads: heads, epsilon: epsilon, using: generator)
      }
      norm = LayerNorm(width, epsilon: epsilon, device: generator.device)
      head = Linear(width, outputs, weights: .glorot, using: generator)
    }

    override var children: [(name: String, module: Module)] {
      blocks.enumerated().map { ("blocks.\($0)", $1) } + [("norm", norm), ("head", head)]
    }

    /// The outputs for the last `count` tokens of [N, L, width].
    func callAsFunction(_ tokens: Tensor, last count: Int) -> Tensor {
      let length = tokens.shape[1]
      return head(norm(blocks.reduce(tokens) { $1($0) }.sliced(1, length - count..<length)))
    }
  }
}
