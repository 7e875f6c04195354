import Configuration
import VideoModels

/// The network and the clips of a training step, which determine its duration.
public struct TrainingStep: Hashable, Sendable {
  /// The network.
  public var model: ModelSettings
  /// The number of classes of its head.
  public var classes: Int
  /// The number of frames per clip.
  public var frames: Int
  /// The side of a clip in pixels.
  public var size: Int
  /// The number of clips in memory at once.
  public var clips: Int
  /// The precision of the convolutions.
  public var precision: Precision

  /// The step of a pre-training.
  public init(_ configuration: PretrainingConfiguration) {
    let task = configuration.makeTask()
    model = configuration.model
    classes = task.classNames?.count ?? 1
    frames = configuration.clip.frames
    size = configuration.clip.size
    clips = configuration.batch.sources * task.clipsPerSample
    precision = configuration.precision
  }

  /// The step of a fine-tuning.
  public init(_ configuration: FinetuningConfiguration, classes: Int) {
    model = configuration.model
    self.classes = classes
    frames = configuration.clip.frames
    size = configuration.clip.size
    clips = configuration.batch.clips * configuration.augmentation.repeats
    precision = configuration.precision
  }

  /// The operations of the forward pass of one whole clip.
  var forwards: Double { model.forwards(classes: classes, frames: frames, size: size) }
}

extension ModelSettings {
  /// The operations of the forward pass of a clip of `frames` x `size` x `size`. Makes the network to count them.
  ///
  /// - Parameter visibleCubes: the number of its cubes that enter the backbone, without a head; nil for the whole clip.
  func forwards(classes: Int, frames: Int, size: Int, visibleCubes: Int? = nil) -> Double {
    Double(
      aggregatorBlocks
        * architecture.cost(
          width: width, classes: classes, frames: frames / aggregatorBlocks, height: size,
          clipWidth: size, visibleCubes: visibleCubes
        ).operations)
  }
}
