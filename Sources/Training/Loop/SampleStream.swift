import VideoData
import VideoSamples

/// The samples of a run in order, loaded ahead on background threads across the ends of epochs.
final class SampleStream {
  let loader: SampleLoader
  private let order: SampleOrder
  private let samples: Prefetcher<Sample>
  /// Loads the sample at an index of this stream.
  private let load: @Sendable (Int) throws -> Sample
  private let watch: LoadingWatch?
  /// The number of samples taken from the prefetcher.
  private var taken = 0
  /// The samples of the next batch so far.
  private var gathered: [Sample] = []
  /// The index of a sample for which no source could be read.
  private var missing: Int?

  /// - Parameters:
  ///   - loader: loads the samples.
  ///   - plan: the number of samples and their batches.
  ///   - seed: the run's seed.
  ///   - firstStep: the number of steps already done; their samples are not loaded.
  ///   - workers: the number of loading threads.
  ///   - watch: watches the loading; nil to wait without checks.
  convenience init(
    _ loader: SampleLoader, plan: StepPlan, seed: UInt64, firstStep: Int, workers: Int,
    watch: LoadingWatch? = nil
  ) {
    let first = firstStep * plan.ownSamplesPerStep
    self.init(
      loader, plan: plan, seed: seed, count: plan.totalSteps * plan.ownSamplesPerStep - first,
      workers: workers, watch: watch
    ) { plan.position(ofOwnSample: first + $0) }
  }

  /// - Parameters:
  ///   - count: the number of samples.
  ///   - position: maps the index of a sample in this stream to its position in the run; both count from 0.
  init(
    _ loader: SampleLoader, plan: StepPlan, seed: UInt64, count: Int, workers: Int,
    watch: LoadingWatch? = nil, position: @escaping @Sendable (Int) -> Int
  ) {
    let order = SampleOrder(
      sourceCount: loader.sources.count, samplesPerEpoch: plan.samplesPerEpoch, seed: seed)
    self.loader = loader
    self.order = order
    self.watch = watch
    load = { item in
      let (epoch, source) = order.sample(at: position(item))
      return try loader.sample(.training(seed: seed, epoch: epoch, source: source), of: source)
    }
    samples = Prefetcher(
      count: count, workers: workers, ahead: 2 * plan.batches[0] + 2 * workers, make: load)
  }

  /// The next `count` samples; fewer only at the end of the run.
  ///
  /// - Throws: `NoUsableSource`; the next call tries the same samples again, because a folder or a drive may have become
  ///   accessible. With a watch also ``StopRequested``, after which this method must not be called again.
  func next(_ count: Int) throws -> [Sample] {
    if let item = missing {
      gathered.append(try load(item))
      missing = nil
    }
    while gathered.count < count {
      do {
        let sample = try watch.map { try $0.next(of: samples, by: loader) } ?? samples.next()
        guard let sample else { break }
        taken += 1
        gathered.append(sample)
      } catch let error as NoUsableSource {
        missing = taken
        taken += 1
        throw error
      }
    }
    defer { gathered = [] }
    return gathered
  }

  /// The indices of the sources that the samples at these positions of the run come from.
  func sources(ofSamples positions: Range<Int>) -> [Int] {
    positions.map { order.sample(at: $0).source }
  }
}
