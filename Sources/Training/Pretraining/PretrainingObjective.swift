import Pretext
import Torch
import VideoData
import VideoSamples

/// A pretext task, trained on samples that are loaded ahead.
final class PretrainingObjective<Task: PretextTask>: TrainingObjective {
  private let task: Task
  private let trained: Task.Network
  private let loader: SampleLoader
  private let order: SampleOrder
  private let samples: Prefetcher<Sample>
  private let validation: PretextValidation<Task>?
  private let autocast: DType?
  private let device: Device

  /// - Parameter firstSample: the position in the run of the first sample that is to be loaded.
  init(
    _ task: Task, network: Task.Network, loader: SampleLoader, plan: StepPlan, seed: UInt64,
    firstSample: Int, validation: PretextValidation<Task>?, autocast: DType?, device: Device,
    workers: Int
  ) {
    self.task = task
    trained = network
    self.loader = loader
    self.validation = validation
    self.autocast = autocast
    self.device = device
    let order = SampleOrder(
      sourceCount: loader.sources.count, samplesPerEpoch: plan.samplesPerEpoch, seed: seed)
    self.order = order
    // Loading runs ahead, across the ends of epochs.
    samples = Prefetcher(
      count: plan.totalSteps * plan.samplesPerStep - firstSample, workers: workers,
      ahead: 2 * plan.batches[0] + 2 * workers
    ) { item in
      let position = firstSample + item
      return try loader.sample(order.id(at: position), of: order.sample(at: position).source)
    }
  }

  deinit { samples.cancel() }

  var network: Module { trained }
  var classNames: [String]? { task.classNames }
  var skippedSources: [Int] { loader.skippedIndices }

  func nextBatch(_ place: BatchPlace) throws -> Task.Network.Batch {
    let loaded = try (0..<place.count).map { _ in try samples.next()! }
    return task.batch(loaded, for: .training(progress: place.progress), on: device)
  }

  func evaluate(_ batch: Task.Network.Batch) -> StepOutput { trained.evaluate(batch) }

  func annotations(at progress: Double) -> [Annotation] { task.annotations(at: progress) }

  func validate() throws -> ValidationResult? {
    try validation?.run(trained, autocast: autocast)
  }

  func sources(ofSamples positions: Range<Int>) -> [String] {
    positions.map { loader.sources[order.sample(at: $0).source].description }
  }
}
