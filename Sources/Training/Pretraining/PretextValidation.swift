import KeyedRandom
import Pretext
import Torch
import VideoData
import VideoSamples

/// Validation of a pretext task on held-out sources. For MoSI its accuracy is the paper's Acc-PT.
///
/// The samples are the same in every run and epoch. As many as fit stay in memory.
final class PretextValidation<Task: PretextTask> {
  /// The samples kept in memory, in the order of the readable sources.
  private let kept: [Sample]
  /// The indices of the other sources. Their samples are read again in each validation.
  private let others: [Int]
  private let loader: SampleLoader
  private let task: Task
  private let workers: Int
  private let batchSize: Int
  private let device: Device
  private let watch: LoadingWatch

  /// The number of sources.
  var sourceCount: Int { kept.count + others.count }

  private static var byteLimit: Int { 1 << 30 }

  /// Loads at most `limit` of the loader's sources on `workers` threads, and skips unreadable ones. Nil if none is left.
  ///
  /// - Parameters:
  ///   - batchSize: the number of samples that pass through the network at once.
  ///   - watch: looks after the loading, here and in each validation.
  /// - Throws: ``StopRequested``.
  init?(
    _ task: Task, loader: SampleLoader, limit: Int, workers: Int, batchSize: Int, device: Device,
    watch: LoadingWatch
  ) throws {
    let indices = evenlySpaced(limit, of: loader.sources.count)
    var samples: [Sample] = []
    var others: [Int] = []
    var free = Self.byteLimit
    let prefetcher = Self.prefetcher(indices, loader: loader, workers: workers)
    defer { prefetcher.cancel() }
    for index in indices {
      try watch.checkStop()
      guard let sample = try watch.next(of: prefetcher, by: loader) ?? nil else { continue }
      free -= sample.byteCount
      // Number the samples without gaps, so that the random draws of a sample do not depend on unreadable sources.
      if free >= 0 { samples.append(sample) } else { others.append(index) }
    }
    guard !samples.isEmpty || !others.isEmpty else { return nil }
    kept = samples.enumerated().map { number, sample in
      Sample(id: .validation(index: number), clips: sample.clips, source: sample.source)
    }
    self.others = others
    self.loader = loader
    self.task = task
    self.workers = workers
    self.batchSize = batchSize
    self.device = device
    self.watch = watch
  }

  private static func prefetcher(_ indices: [Int], loader: SampleLoader, workers: Int)
    -> Prefetcher<Sample?>
  {
    Prefetcher(count: indices.count, workers: workers, ahead: 4 * workers) {
      loader.sampleIfReadable(.validation(index: indices[$0]), of: indices[$0])
    }
  }

  /// Evaluates `network`, which must be in evaluation mode.
  ///
  /// - Parameter progress: called with the number of finished sources and their total; an error that it throws stops the
  ///   validation.
  func run(
    _ network: Task.Network, autocast: DType?,
    progress: (_ done: Int, _ total: Int) throws -> Void
  ) throws -> ValidationResult {
    var sums = ValidationSums(classes: task.classNames?.count)
    var waiting: [Sample] = []
    var done = 0
    func evaluate(_ count: Int) throws {
      withoutGradients {
        let batch = task.batch(Array(waiting.prefix(count)), for: .validation, on: device)
        sums.add(withAutocast(autocast, on: device) { network.evaluate(batch) })
      }
      waiting.removeFirst(count)
      done += count
      try progress(done, sourceCount)
    }
    func add(_ sample: Sample) throws {
      waiting.append(sample)
      if waiting.count == batchSize { try evaluate(batchSize) }
    }
    for sample in kept { try add(sample) }
    let prefetcher = Self.prefetcher(others, loader: loader, workers: workers)
    defer { prefetcher.cancel() }
    for number in kept.count..<sourceCount {
      // Skip a source that has become unreadable since the start.
      guard let sample = try watch.next(of: prefetcher, by: loader) ?? nil else { continue }
      try add(Sample(id: .validation(index: number), clips: sample.clips, source: sample.source))
    }
    if !waiting.isEmpty { try evaluate(waiting.count) }
    return sums.result(sourceCount: sourceCount)
  }

  /// At most `limit` clips of evenly spaced sources, with different labels; nil for tasks whose clips have no class.
  func watchedClips(_ limit: Int) -> LabeledClips? {
    let clips = evenlySpaced(limit, of: kept.count).enumerated().compactMap { row, index in
      withoutGradients { () -> LabeledClips? in
        let batch = task.batch([kept[index]], for: .validation, on: device)
        guard let made = task.labeledClips(batch) else { return nil }
        // Clips with neighboring labels look alike.
        let clip = row * 2 % made.labels.count
        return LabeledClips(
          clips: made.clips.sliced(0, clip..<clip + 1),
          labels: made.labels.sliced(0, clip..<clip + 1))
      }
    }
    guard !clips.isEmpty else { return nil }
    return LabeledClips(
      clips: .concatenated(clips.map(\.clips)), labels: .concatenated(clips.map(\.labels)))
  }
}

/// Sums over the batches of a validation.
private struct ValidationSums {
  private var loss = 0.0
  private var terms: [String: Double] = [:]
  private var count = 0
  private var seen: [Int]
  private var correct: [Int]

  init(classes: Int?) {
    seen = [Int](repeating: 0, count: classes ?? 0)
    correct = seen
  }

  mutating func add(_ output: StepOutput) {
    loss += output.loss.item * Double(output.count)
    for term in output.terms {
      terms[term.name, default: 0] += term.value.item * Double(output.count)
    }
    count += output.count
    guard let predictions = output.predictions else { return }
    let labels = predictions.labels.array(of: Int.self)
    for (label, guess) in zip(labels, predictions.logits.argmax(1).array(of: Int.self)) {
      seen[label] += 1
      if label == guess { correct[label] += 1 }
    }
  }

  func result(sourceCount: Int) -> ValidationResult {
    let clips = seen.reduce(0, +)
    return ValidationResult(
      loss: loss / Double(count),
      top1: clips == 0 ? nil : Double(correct.reduce(0, +)) / Double(clips),
      top1PerLabel: zip(correct, seen).map { $1 == 0 ? nil : Double($0) / Double($1) },
      terms: terms.mapValues { $0 / Double(count) }, sourceCount: sourceCount)
  }
}
