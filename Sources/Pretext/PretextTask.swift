import KeyedRandom
import Torch
import VideoModels
import VideoSamples

/// A pretext task, which a network learns without human labels. It defines what is read from a source, how samples become
/// inputs and targets, the layers and the loss on top of the backbone, and what is reported and previewed.
///
/// `MotionFromStaticImages` is the paper's task. A task is a value: it consists of its properties, and all its random
/// draws derive from the IDs of samples.
public protocol PretextTask: Sendable {
  /// The network that the task trains.
  associatedtype Network: PretextNetwork

  /// The names of the classes in the order of the logits; nil for a task without classes, whose best checkpoint is that
  /// with the lowest validation loss.
  var classNames: [String]? { get }

  /// The number of frames, the height and the width of the backbone's clips.
  var clipExtent: Extent3 { get }

  /// The number of clips that the backbone receives for each sample.
  var clipsPerSample: Int { get }

  /// True for a task that needs real motion. Such a task rejects still pictures before the first step.
  var needsMotion: Bool { get }

  /// The number of cubes of each clip that enter the backbone, for a task that hides the others from it; nil if whole clips
  /// do. The backbone must then be a `TokenBackbone`: others are rejected before the first step.
  var visibleCubes: Int? { get }

  /// False if the loss is not a mean over samples, for example because the other samples of a batch are negatives: several
  /// small batches are not a large one then, and accumulation is rejected. Each process has its own batch in any case.
  var supportsAccumulation: Bool { get }

  /// The rule by which samples are read from a source.
  func rule(for purpose: Purpose) -> SampleRule

  /// A network with the task's layers on a backbone.
  ///
  /// - Parameters:
  ///   - backbone: a backbone with weights; the weights of the task's layers are drawn after them.
  ///   - dropout: the dropout rate of the head.
  ///   - generator: draws the weights.
  func makeNetwork(on backbone: Backbone, dropout: Double, using generator: Generator) -> Network

  /// The inputs and targets of a batch on `device`. Random draws derive from the samples' IDs.
  func batch(_ samples: [Sample], for purpose: Purpose, on device: Device) -> Network.Batch

  /// Values that are recorded with a step in addition to the measured ones; `progress` is from 0 to 1.
  func annotations(at progress: Double) -> [Annotation]

  /// A preview for the user before training: the network's input for a sample, and the correct answer.
  func preview(_ sample: Sample) -> TaskPreview

  /// What a network makes of samples, to look at during training; nil for tasks that have nothing to show.
  ///
  /// - Parameters:
  ///   - network: the network, in evaluation mode.
  ///   - samples: validation samples.
  ///   - device: the network's device.
  func result(of network: Network, on samples: [Sample], device: Device) -> TaskPreview?

  /// The clips of a batch with their classes, for analyses; nil for tasks whose clips have no classes.
  func labeledClips(_ batch: Network.Batch) -> LabeledClips?
}

extension PretextTask {
  /// False.
  public var needsMotion: Bool { false }
  /// Nil: the backbone receives whole clips.
  public var visibleCubes: Int? { nil }
  /// Nil.
  public func result(of network: Network, on samples: [Sample], device: Device) -> TaskPreview? {
    nil
  }
  /// True.
  public var supportsAccumulation: Bool { true }
  /// Empty.
  public func annotations(at progress: Double) -> [Annotation] { [] }
  /// The batch, if it consists of labeled clips; else nil.
  public func labeledClips(_ batch: Network.Batch) -> LabeledClips? { batch as? LabeledClips }
}

extension PretextTask where Network == VideoClassifier {
  /// A backbone with a linear head for ``classNames``.
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

/// The purpose of a sample.
public enum Purpose: Sendable, Hashable {
  /// Training, with augmentation; `progress` goes from 0 to 1 over the whole training.
  case training(progress: Double)
  /// Validation: the same samples in every run and epoch, without augmentation.
  case validation

  /// True for ``training(progress:)``.
  public var isTraining: Bool { self != .validation }
}

/// A preview of a task for the user.
public struct TaskPreview {
  /// The heading.
  public let title: String
  /// The rows, one per clip.
  public let rows: [Row]

  /// A clip with the answer that the network should give.
  public struct Row {
    /// A name for a file.
    public let name: String
    /// The heading of the row.
    public let title: String
    /// Details.
    public let subtitle: String
    /// The frames, uint8 [N, H, W, 3] on the CPU.
    public let frames: Tensor
    /// A direction that is drawn as an arrow, x to the right and y down; nil for none.
    public let arrow: SIMD2<Double>?
    /// The corners of a region that is outlined, in pixels; nil for none.
    public let outline: [SIMD2<Double>]?

    /// A row with frames uint8 [N, H, W, 3] on the CPU.
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

  /// A preview with these rows.
  public init(title: String, rows: [Row]) {
    self.title = title
    self.rows = rows
  }
}
