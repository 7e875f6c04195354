import Configuration
import VideoModels

/// Counts the operations of trainings: the forward passes of their clips, times three for training and once for
/// evaluation. Decoding is not counted.
public struct TrainingCost {
  /// The forward passes counted so far, by network and clip.
  private var known: [Network: Double] = [:]

  private struct Network: Hashable {
    let model: ModelSettings
    let classes: Int
    let frames: Int
    let size: Int
  }

  /// A counter that has not counted anything yet.
  public init() {}

  /// The operations of the forward pass of one clip.
  ///
  /// - Parameters:
  ///   - model: the network.
  ///   - classes: the number of classes of its head.
  ///   - frames: the number of frames per clip.
  ///   - size: the side of a clip in pixels.
  public mutating func forwards(_ model: ModelSettings, classes: Int, frames: Int, size: Int)
    -> Double
  {
    let key = Network(model: model, classes: classes, frames: frames, size: size)
    if let cost = known[key] { return cost }
    let cost = model.forwards(classes: classes, frames: frames, size: size)
    known[key] = cost
    return cost
  }

  mutating func forwards(_ step: TrainingStep) -> Double {
    forwards(step.model, classes: step.classes, frames: step.frames, size: step.size)
  }

  /// The operations of a pre-training on `training` sources with a validation on `heldOut` sources after each epoch.
  public mutating func operations(
    of configuration: PretrainingConfiguration, training: Int, heldOut: Int
  ) -> Double {
    let task = configuration.makeTask()
    let clips = Double(configuration.epochs * task.clipsPerSample)
    let forwards = forwards(
      configuration.model, classes: task.classNames?.count ?? 1, frames: configuration.clip.frames,
      size: configuration.clip.size)
    return clips * forwards * (3 * Double(training) + Double(heldOut))
  }

  /// The operations of a fine-tuning on `training` videos, with validations on `heldOut` videos and a final evaluation on
  /// `evaluated`.
  public mutating func operations(
    of configuration: FinetuningConfiguration, classes: Int, training: Int, heldOut: Int,
    evaluated: Int
  ) -> Double {
    let forwards = forwards(
      configuration.model, classes: classes, frames: configuration.clip.frames,
      size: configuration.clip.size)
    let validation = configuration.validation
    // The last epoch is always validated.
    let validations = validation.everyEpochs.map { (configuration.epochs + $0 - 1) / $0 } ?? 0
    let clips =
      validations * validation.clipsPerVideo * heldOut
      + (validation.testClipsPerVideo ?? 0) * evaluated
    return forwards * (3 * Double(configuration.epochs * training) + Double(clips))
  }
}
