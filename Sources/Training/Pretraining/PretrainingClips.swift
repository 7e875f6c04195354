import Configuration
import Pretext
import Torch
import VideoData
import VideoSamples

/// The labeled clips of a pre-training, bit for bit and in the same order, for use in another training loop.
public final class PretrainingClips {
  /// The clips of one batch.
  public struct Batch {
    /// The index of the batch in the training, from 0.
    public let index: Int
    /// The index of the step that it belongs to, from 0; with gradient accumulation a step has several batches.
    public let step: Int
    /// The clips, float32 [M, 3, N, H, W], and their labels, int64 [M], on the chosen device.
    public let labeled: LabeledClips
  }

  /// The classes in the order of the labels.
  public let classNames: [String]
  /// The number of batches that ``next()`` returns.
  public let count: Int
  /// The number of batches of the whole training.
  public let totalCount: Int

  private let first: Int
  private let stride: Int
  private let plan: StepPlan
  private let samples: SampleStream
  private let labeled: ([Sample], Purpose) throws -> LabeledClips
  private var handedOut = 0

  /// - Parameters:
  ///   - configuration: the pre-training; its network and optimizer are ignored.
  ///   - first: the index of the first batch, from 0.
  ///   - stride: the distance between consecutive batches, at least 1: N readers that share the batches use a stride of
  ///     N.
  ///   - workers: the number of threads that load pictures and videos.
  ///   - device: the device on which clips are made from them.
  ///   - note: receives messages about the sources.
  ///   - warn: receives a warning for each folder and source that cannot be used.
  /// - Throws: ``RunError``, `SourceError`, ``ClipsWithoutLabels``.
  public convenience init(
    _ configuration: PretrainingConfiguration, first: Int = 0, stride: Int = 1, workers: Int,
    on device: Device = .cpu,
    note: (String) -> Void = { _ in }, warn: @escaping @Sendable (String) -> Void = { _ in }
  ) throws {
    try self.init(
      configuration, configuration.makeTask(), first: first, stride: stride, workers: workers,
      on: device, note: note, warn: warn)
  }

  private init<Task: PretextTask>(
    _ configuration: PretrainingConfiguration, _ task: Task, first: Int, stride: Int, workers: Int,
    on device: Device, note: (String) -> Void, warn: @escaping @Sendable (String) -> Void
  ) throws {
    precondition(
      first >= 0 && stride > 0, "no batches from \(first) on at a distance of \(stride)")
    guard let classNames = task.classNames else {
      throw ClipsWithoutLabels(task: configuration.task.kind.rawValue)
    }
    let sources = try PretrainingSources(
      configuration.sources, seed: configuration.seed, note: note, warn: warn)
    try task.check(
      accumulationSteps: configuration.batch.accumulationSteps, sources,
      architecture: configuration.model.architecture)
    let plan = try StepPlan(
      configuration, processes: 1, sources: sources.training.count,
      clipsPerSample: task.clipsPerSample)
    let totalCount = plan.totalSteps * plan.batches.count
    let count = first < totalCount ? (totalCount - first - 1) / stride + 1 : 0
    let batchSize = configuration.batch.sources
    self.classNames = classNames
    self.count = count
    self.totalCount = totalCount
    self.first = first
    self.stride = stride
    self.plan = plan
    samples = SampleStream(
      SampleLoader(sources.training, rule: task.rule(for: .training(progress: 0))) {
        warn("skipped: \($0.reason)")
      },
      plan: plan, seed: UInt64(configuration.seed), count: count * batchSize, workers: workers
    ) { item in
      let (batch, place) = item.quotientAndRemainder(dividingBy: batchSize)
      return (first + batch * stride) * batchSize + place
    }
    let kind = configuration.task.kind.rawValue
    labeled = { samples, purpose in
      guard let labeled = task.labeledClips(task.batch(samples, for: purpose, on: device)) else {
        throw ClipsWithoutLabels(task: kind)
      }
      return labeled
    }
  }

  /// The next batch; nil after the last.
  ///
  /// - Throws: `NoUsableSource`, ``ClipsWithoutLabels``.
  public func next() throws -> Batch? {
    guard handedOut < count else { return nil }
    let index = first + handedOut * stride
    let (step, part) = index.quotientAndRemainder(dividingBy: plan.batches.count)
    let loaded = try samples.next(plan.batches[part])
    handedOut += 1
    return Batch(
      index: index, step: step,
      labeled: try labeled(loaded, .training(progress: plan.progress(atStep: step))))
  }
}

/// The error for a pretext task whose clips have no classes of their own, such as one whose tuples of clips have them.
public struct ClipsWithoutLabels: Error, Sendable, CustomStringConvertible {
  /// The task's name in the configuration.
  public let task: String
  public var description: String {
    "the single clips of task.kind=\(task) have no labels: choose a task whose clips have classes, such as mosi"
  }
}
