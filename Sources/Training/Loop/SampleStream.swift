import VideoData
import VideoSamples

/// The samples of a run in order, loaded ahead on background threads across the ends of epochs.
final class SampleStream {
  let loader: SampleLoader
  private let order: SampleOrder
  private let samples: Prefetcher<Sample>
  /// Loads the sample of an index in this stream.
  private let load: @Sendable (Int) throws -> Sample
  private let waiting: Waiting?
  /// The number of samples that were taken from the prefetcher.
  private var taken = 0

  /// What happens while the reader waits for samples.
  struct Waiting {
    let watch: LoadingWatch
    /// Waits for sources that are gone.
    let pause: Pause
  }

  /// - Parameters:
  ///   - loader: loads the samples.
  ///   - plan: the number of samples and their batches.
  ///   - seed: the run's seed.
  ///   - firstStep: the number of steps already done; their samples are not loaded.
  ///   - workers: the number of loading threads.
  ///   - waiting: what happens while the reader waits; nil if it just waits, and nothing if no source can be read.
  convenience init(
    _ loader: SampleLoader, plan: StepPlan, seed: UInt64, firstStep: Int, workers: Int,
    waiting: Waiting? = nil
  ) {
    let first = firstStep * plan.samplesPerStep
    self.init(
      loader, plan: plan, seed: seed, count: plan.totalSteps * plan.samplesPerStep - first,
      workers: workers, waiting: waiting
    ) { first + $0 }
  }

  /// - Parameters:
  ///   - count: the number of samples.
  ///   - position: maps the index of a sample in this stream to its position in the run; both count from 0.
  init(
    _ loader: SampleLoader, plan: StepPlan, seed: UInt64, count: Int, workers: Int,
    waiting: Waiting? = nil, position: @escaping @Sendable (Int) -> Int
  ) {
    let order = SampleOrder(
      sourceCount: loader.sources.count, samplesPerEpoch: plan.samplesPerEpoch, seed: seed)
    self.loader = loader
    self.order = order
    self.waiting = waiting
    load = { item in
      let (epoch, source) = order.sample(at: position(item))
      return try loader.sample(.training(seed: seed, epoch: epoch, source: source), of: source)
    }
    samples = Prefetcher(
      count: count, workers: workers, ahead: 2 * plan.batches[0] + 2 * workers, make: load)
  }

  /// The next `count` samples; fewer only at the end of the run.
  ///
  /// - Throws: `NoUsableSource`; with ``Waiting`` also ``StopRequested`` and ``WaitedInVain``. A call that has thrown one of
  ///   these two is not followed by another.
  func next(_ count: Int) throws -> [Sample] {
    try (0..<count).compactMap { _ in try next() }
  }

  private func next() throws -> Sample? {
    guard let waiting else { return try samples.next() }
    do {
      let sample = try waiting.watch.next(of: samples, by: loader)
      taken += 1
      return sample
    } catch is NoUsableSource {
      let item = taken
      taken += 1
      // The folder of the sources, or the drive that it is on, may come back; the sample is then the same.
      return try waiting.pause.until {
        try load(item)
      } hindrance: {
        ($0 as? NoUsableSource)?.description
      }
    }
  }

  /// The indices of the sources that the samples at these positions of the run come from.
  func sources(ofSamples positions: Range<Int>) -> [Int] {
    positions.map { order.sample(at: $0).source }
  }
}
