import VideoData
import VideoSamples

/// The samples of a run in order, loaded ahead on background threads across the ends of epochs.
final class SampleStream {
  let loader: SampleLoader
  private let order: SampleOrder
  private let samples: Prefetcher<Sample>

  /// - Parameters:
  ///   - loader: loads the samples.
  ///   - plan: the number of samples and their batches.
  ///   - seed: the run's seed.
  ///   - firstStep: the number of steps already done; their samples are not loaded.
  ///   - workers: the number of loading threads.
  convenience init(
    _ loader: SampleLoader, plan: StepPlan, seed: UInt64, firstStep: Int, workers: Int
  ) {
    let first = firstStep * plan.samplesPerStep
    self.init(
      loader, plan: plan, seed: seed, count: plan.totalSteps * plan.samplesPerStep - first,
      workers: workers
    ) { first + $0 }
  }

  /// - Parameters:
  ///   - count: the number of samples.
  ///   - position: maps the index of a sample in this stream to its position in the run; both count from 0.
  init(
    _ loader: SampleLoader, plan: StepPlan, seed: UInt64, count: Int, workers: Int,
    position: @escaping @Sendable (Int) -> Int
  ) {
    let order = SampleOrder(
      sourceCount: loader.sources.count, samplesPerEpoch: plan.samplesPerEpoch, seed: seed)
    self.loader = loader
    self.order = order
    samples = Prefetcher(
      count: count, workers: workers, ahead: 2 * plan.batches[0] + 2 * workers
    ) { item in
      let (epoch, source) = order.sample(at: position(item))
      return try loader.sample(.training(seed: seed, epoch: epoch, source: source), of: source)
    }
  }

  /// The next `count` samples; fewer only at the end of the run.
  func next(_ count: Int) throws -> [Sample] {
    try (0..<count).compactMap { _ in try samples.next() }
  }

  /// The indices of the sources that the samples at these positions of the run come from.
  func sources(ofSamples positions: Range<Int>) -> [Int] {
    positions.map { order.sample(at: $0).source }
  }
}
