import Pretext
import Torch
import VideoModels

/// A backbone with PRP's two branches, each of which begins with a convolution: a classifier of the playback rate, and a decoder
/// that reconstructs frames.
///
/// The tensors of the branches have the names and shapes of PRP's code: `conv6_cls.…`, `fc8.…`, `conv6_rec.…`, `up1.…` to
/// `up4_1.…`, `outc.…`. The decoder doubles frames, rows and columns four times. If the backbone's output has other sizes than a
/// sixteenth of the reconstruction, it is resized first: PRP's own backbones need no resizing.
public final class PlaybackRateNetwork: Module, PretextNetwork {
  /// The backbone.
  public let backbone: Backbone
  private let classificationWeight: Double
  private let classification: Unit
  private let output: Linear
  private let start: Unit
  private let doublings: [Doubling]
  private let lastDoubling: ConvTranspose3d
  private let frames: Unit

  /// Puts the task's branches on a backbone.
  ///
  /// - Parameters:
  ///   - backbone: a backbone with weights and at least 8 channels at its end.
  ///   - classes: the number of rates.
  ///   - classificationWeight: the weight of the classification in the loss.
  ///   - generator: draws the weights of the branches.
  public init(
    on backbone: Backbone, classes: Int, classificationWeight: Double, using generator: Generator
  ) {
    self.backbone = backbone
    self.classificationWeight = classificationWeight
    let channels = backbone.featureCount
    let widths = [1, 2, 4, 8].map { max(1, channels / $0) }
    doublings = (0..<3).map { Doubling(widths[$0], widths[$0 + 1], using: generator) }
    lastDoubling = Self.doubling(widths[3], using: generator)
    frames = Unit(widths[3], 3, using: generator)
    classification = Unit(channels, channels, using: generator)
    start = Unit(channels, channels, using: generator)
    output = Linear(channels, classes, using: generator)
    backbone.freezePooling()
  }

  public override var children: [(name: String, module: Module)] {
    [("backbone", backbone)] + doublings.enumerated().map { ("up\($0 + 1)", $1) } + [
      ("up4_1", lastDoubling), ("outc", frames), ("conv6_cls", classification),
      ("conv6_rec", start), ("fc8", output),
    ]
  }

  /// The logits [B, classes] and the reconstruction [B, 3, 2 N, H, W], not negative, of clips [B, 3, N, H, W].
  public func callAsFunction(_ clips: Tensor) -> (logits: Tensor, reconstruction: Tensor) {
    let map = backbone(clips)
    let logits = output(classification(map).globalAveragePool())
    let (shape, found) = (clips.shape, map.shape)
    let extents = Extent3(shape[2] / 8, shape[3] / 16, shape[4] / 16)
    var hidden = start(map)
    if Extent3(found[2], found[3], found[4]) != extents {
      hidden = hidden.resizedTrilinearly(to: extents)
    }
    hidden = doublings.reduce(hidden) { $1($0) }
    return (logits, frames(lastDoubling(hidden)))
  }

  /// The weighted mean squared error of the reconstruction, plus the weighted cross-entropy of the rates.
  public func evaluate(_ batch: PlaybackRate.Batch) -> StepOutput {
    let (logits, reconstruction) = self(batch.clips)
    let error = meanSquaredError(
      reconstruction.to(.float32), batch.targets, weights: batch.weights)
    var result = StepOutput(classifying: logits, as: batch.labels)
    result.terms = [
      ("reconstruction_loss", error.detached()), ("classification_loss", result.loss.detached()),
    ]
    result.loss = error + result.loss * classificationWeight
    return result
  }

  /// 10 for the last layer of the classifier, as in PRP's code.
  public func learningRateScale(of parameter: Module.Parameter) -> Double {
    parameter.name.hasPrefix("fc8.") ? 10 : 1
  }

  private static func doubling(_ channels: Int, using generator: Generator) -> ConvTranspose3d {
    let two = Extent3(2, 2, 2)
    return ConvTranspose3d(
      channels, channels, kernel: two, stride: two, bias: true, using: generator)
  }

  /// A 3x3x3 convolution with normalization and ReLU.
  private final class Unit: Layer {
    private let convolution: Conv3d
    private let normalization: BatchNorm3d

    init(_ input: Int, _ output: Int, using generator: Generator) {
      convolution = Conv3d(
        input, output, kernel: Extent3(3, 3, 3), bias: true, using: generator)
      normalization = BatchNorm3d(output, epsilon: 1e-5, device: generator.device)
    }

    override var children: [(name: String, module: Module)] {
      [("conv3d.0", convolution), ("conv3d.1", normalization)]
    }

    override func callAsFunction(_ input: Tensor) -> Tensor {
      normalization(convolution(input), adding: nil, relu: true)
    }
  }

  /// A transposed convolution that doubles frames, rows and columns, and a unit.
  private final class Doubling: Layer {
    private let larger: ConvTranspose3d
    private let unit: Unit

    init(_ input: Int, _ output: Int, using generator: Generator) {
      larger = PlaybackRateNetwork.doubling(input, using: generator)
      unit = Unit(input, output, using: generator)
    }

    override var children: [(name: String, module: Module)] {
      [("up3d", larger), ("conv3d", unit)]
    }

    override func callAsFunction(_ input: Tensor) -> Tensor { unit(larger(input)) }
  }
}
