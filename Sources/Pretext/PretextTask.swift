import KeyedRandom
import Torch
import VideoModels
import VideoSamples

/// A task that a video network learns without anybody's labels: what to read of a source, how samples become the network's
/// inputs and targets, which layers and loss it puts on a backbone, and what it reports and shows.
///
/// `MotionFromStaticImages` is the paper's. A task is a value: everything that it needs is in its properties, and
/// everything random is drawn from the IDs of samples.
public protocol PretextTask: Sendable {
  associatedtype Network: PretextNetwork

  /// The names of the classes in the order of the logits; nil for a task without classes, whose best checkpoint is the one of
  /// the lowest validation loss.
  var classNames: [String]? { get }

  /// The frames, height and width of the clips that the backbone is given.
  var clipExtent: Extent3 { get }

  /// The number of clips that the backbone is given for one sample.
  var clipsPerSample: Int { get }

  /// True for a task that needs real motion, and so refuses still pictures before the first step.
  var needsMotion: Bool { get }

  /// False for a loss that is not a mean over samples, as where the other samples of the batch are the negatives: gradients
  /// of several batches must then not be accumulated.
  var supportsAccumulation: Bool { get }

  /// What is read of a source.
  func rule(for purpose: Purpose) -> SampleRule

  /// The task's layers on a backbone.
  ///
  /// - Parameters:
  ///   - backbone: with its weights; weights of the task's layers are drawn after them.
  ///   - dropout: of a head.
  ///   - generator: draws the weights.
  func makeNetwork(on backbone: Backbone, dropout: Double, using generator: Generator) -> Network

  /// Inputs and targets of a batch, on `device`. Randomness comes from the samples' IDs.
  func batch(_ samples: [Sample], for purpose: Purpose, on device: Device) -> Network.Batch

  /// What records say about a step at this progress (0 to 1) beside what was measured.
  func annotations(at progress: Double) -> [Annotation]

  /// What a person is shown before the training: what the network sees of a sample, and what it should answer.
  func preview(_ sample: Sample) -> TaskPreview

  /// Clips with their classes, for analyses of the network; nil for tasks whose clips have none.
  func labeledClips(_ batch: Network.Batch) -> LabeledClips?
}

extension PretextTask {
  public var needsMotion: Bool { false }
  public var supportsAccumulation: Bool { true }
  public func annotations(at progress: Double) -> [Annotation] { [] }
  public func labeledClips(_ batch: Network.Batch) -> LabeledClips? { batch as? LabeledClips }
}

extension PretextTask where Network == VideoClassifier {
  public func makeNetwork(
    on backbone: Backbone, dropout: Double, using generator: Generator
  ) -> VideoClassifier {
    VideoClassifier(
      backbone: backbone,
      head: .init(
        .pretext, features: backbone.featureCount, classes: classNames?.count ?? 0,
        dropout: dropout, using: generator
      ))
  }
}

/// What samples are made for.
public enum Purpose: Sendable, Hashable {
  /// Augmented; `progress` runs from 0 to 1 over the whole training.
  case training(progress: Double)
  /// The same for every run and epoch, without augmentation.
  case validation

  /// True for ``training(progress:)``.
  public var isTraining: Bool { self != .validation }
}

/// What a person is shown of a task.
public struct TaskPreview {
  public let title: String
  public let rows: [Row]

  /// One clip with what the network should say about it.
  public struct Row {
    /// For the name of a file.
    public let name: String
    public let title: String
    public let subtitle: String
    /// uint8 [N, H, W, 3] on the CPU.
    public let frames: Tensor
    /// A direction to draw as an arrow, x to the right and y downwards; nil for none.
    public let arrow: SIMD2<Double>?
    /// The corners of a region to outline, in pixels; nil for none.
    public let outline: [SIMD2<Double>]?

    public init(
      name: String, title: String, subtitle: String, frames: Tensor,
      arrow: SIMD2<Double>? = nil, outline: [SIMD2<Double>]? = nil
    ) {
      self.name = name
      self.title = title
      self.subtitle = subtitle
      self.frames = frames
      self.arrow = arrow
      self.outline = outline
    }
  }

  public init(title: String, rows: [Row]) {
    self.title = title
    self.rows = rows
  }
}
