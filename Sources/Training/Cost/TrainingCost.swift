import Configuration
import VideoModels

/// Counts the operations of trainings: the forward passes of their clips, times three for training and once for
/// evaluation. Decoding is not counted, and of pre-trainings only the backbone, with those parts of clips that enter it: the
/// decoder of masked modeling is not, as no other task's layers.
public struct TrainingCost {
  /// The forward passes counted so far, by network and clip.
  private var known: [Network: Double] = [:]

  private struct Network: Hashable {
    let model: ModelSettings
    let classes: Int
    let frames: Int
    let size: Int
    let visibleCubes: Int?
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
  ///   - visibleCubes: the number of its cubes that enter the backbone, without a head; nil for the whole clip.
  public mutating func forwards(
    _ model: ModelSettings, classes: Int, frames: Int, size: Int, visibleCubes: Int? = nil
  ) -> Double {
    let key = Network(
      model: model, classes: classes, frames: frames, size: size, visibleCubes: visibleCubes)
    if let cost = known[key] { return cost }
    let cost = model.forwards(
      classes: classes, frames: frames, size: size, visibleCubes: visibleCubes)
    known[key] = cost
    return cost
  }

  /// The operations of the backbone's forward pass of one clip, of which perhaps only some cubes enter it.
  public mutating func forwards(
    _ model: ModelSettings, frames: Int, size: Int, visibleCubes: Int? = nil
  ) -> Double {
    // A head of one class is not worth telling apart: it takes some hundred operations.
    forwards(model, classes: 1, frames: frames, size: size, visibleCubes: visibleCubes)
  }

  /// The operations of the backbone's forward passes of the clips of one sample of a pre-training, in the mean over the
  /// sides from which the task draws.
  public mutating func forwardsPerSample(_ configuration: PretrainingConfiguration) -> Double {
    let (sizes, task) = (configuration.clipSizes, configuration.makeTask())
    let total = sizes.reduce(0) {
      $0
        + forwards(
          configuration.model, frames: configuration.clip.frames, size: $1,
          visibleCubes: task.visibleCubes)
    }
    return Double(task.clipsPerSample) * total / Double(sizes.count)
  }

  /// The number of epochs, at least 1, in which the backbone's forward passes in training take about `operations`.
  ///
  /// - Parameters:
  ///   - configuration: the pre-training; its own epochs do not matter.
  ///   - sources: the number of sources to train on.
  ///   - operations: the operations of all forward passes.
  public mutating func epochs(
    of configuration: PretrainingConfiguration, sources: Int, costing operations: Double
  ) -> Int {
    // Too few sources for a step are reported when the training begins.
    let samples = max(configuration.samplesPerEpoch(sources: sources), 1)
    let perEpoch = forwardsPerSample(configuration) * Double(samples)
    return min(max(1, Int((operations / perEpoch).rounded())), 1_000_000)
  }

  mutating func forwards(_ step: TrainingStep) -> Double {
    forwards(step.model, classes: step.classes, frames: step.frames, size: step.size)
  }

  /// The operations of a pre-training on `training` sources with a validation on `heldOut` sources after each epoch.
  public mutating func operations(
    of configuration: PretrainingConfiguration, training: Int, heldOut: Int
  ) -> Double {
    Double(configuration.epochs) * forwardsPerSample(configuration)
      * (3 * Double(training) + Double(heldOut))
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
    let trained = configuration.epochs * training * configuration.augmentation.repeats
    return forwards * (3 * Double(trained) + Double(clips))
  }
}

extension PretrainingConfiguration {
  /// The sides of clips in pixels from which the task draws one for each step.
  var clipSizes: [Int] {
    task.kind == .speed
      ? Array(
        stride(
          from: task.speed.smallestSize, through: clip.size,
          by: model.architecture.clipUnit.width)) : [clip.size]
  }

  /// The number of samples that an epoch on this number of sources has: only complete steps count.
  ///
  /// - Parameter sources: the number of sources to train on.
  public func samplesPerEpoch(sources: Int) -> Int {
    let samples = batch.sources * batch.accumulationSteps
    return sources / samples * samples
  }
}
