import Configuration
import VideoModels

/// The network and the clips of a training step: what decides how long it takes.
public struct TrainingStep: Equatable, Sendable {
  public var model: ModelSettings
  public var classes: Int
  /// The frames of a clip.
  public var frames: Int
  /// The side of a clip in pixels.
  public var size: Int
  /// The clips that are in memory at once.
  public var clips: Int
  public var precision: Precision

  /// A step of a pre-training.
  public init(_ configuration: PretrainingConfiguration) {
    let task = configuration.makeTask()
    model = configuration.model
    classes = task.classNames?.count ?? 1
    frames = configuration.clip.frames
    size = configuration.clip.size
    clips = configuration.batch.sources * task.clipsPerSample
    precision = configuration.precision
  }

  /// A step of a fine-tuning.
  public init(_ configuration: FinetuningConfiguration, classes: Int) {
    model = configuration.model
    self.classes = classes
    frames = configuration.clip.frames
    size = configuration.clip.size
    clips = configuration.batch.clips
    precision = configuration.precision
  }

  /// The operations of one clip's forward pass.
  var forwards: Double { model.forwards(classes: classes, frames: frames, size: size) }
}

extension ModelSettings {
  /// The operations of the forward pass of one clip of `frames` x `size` x `size`; the network is made to count them.
  func forwards(classes: Int, frames: Int, size: Int) -> Double {
    Double(
      architecture.cost(
        width: width, classes: classes, frames: frames, height: size, clipWidth: size
      ).operations)
  }
}
