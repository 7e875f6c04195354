import Pretext
import Torch
import VideoSamples

/// The objective of a pre-training: a pretext task on samples that are loaded ahead.
final class PretrainingObjective<Task: PretextTask>: TrainingObjective {
  private let task: Task
  private let trained: Task.Network
  private let samples: SampleStream
  private let validation: PretextValidation<Task>?
  private let autocast: DType?
  private let device: Device

  init(
    _ task: Task, network: Task.Network, samples: SampleStream,
    validation: PretextValidation<Task>?, autocast: DType?, device: Device
  ) {
    self.task = task
    trained = network
    self.samples = samples
    self.validation = validation
    self.autocast = autocast
    self.device = device
  }

  var network: Module { trained }
  var classNames: [String]? { task.classNames }
  var skippedSources: [Int] { samples.loader.skippedIndices }

  func nextBatch(_ place: BatchPlace) throws -> Task.Network.Batch {
    task.batch(
      try samples.next(place.count), for: .training(progress: place.progress), on: device)
  }

  func evaluate(_ batch: Task.Network.Batch) -> StepOutput { trained.evaluate(batch) }

  func annotations(at progress: Double) -> [Annotation] { task.annotations(at: progress) }

  func validate(progress: (_ done: Int, _ total: Int) throws -> Void) throws -> ValidationResult? {
    try validation?.run(trained, autocast: autocast, progress: progress)
  }

  func sources(ofSamples positions: Range<Int>) -> [String] {
    samples.sources(ofSamples: positions).map { samples.loader.sources[$0].description }
  }
}
