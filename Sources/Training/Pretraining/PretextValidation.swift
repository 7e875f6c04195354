import KeyedRandom
import Pretext
import Torch
import VideoData
import VideoSamples

/// Validation of a pretext task on held-out sources. For MoSI its accuracy is the paper's Acc-PT.
///
/// The samples are the same in every run and epoch. As many as fit stay in memory.
final class PretextValidation<Task: PretextTask> {
  /// The samples of this process that stay in memory, by number.
  private let kept: [Int: Sample]
  /// The source indices of all readable sources. The position in this array is the number of a sample.
  private let readable: [Int]
  private let loader: SampleLoader
  private let task: Task
  private let workers: Int
  private let batchSize: Int
  private let device: Device
  private let watch: LoadingWatch
  private let processes: Processes

  /// The number of sources, over all processes.
  var sourceCount: Int { readable.count }

  private static var byteLimit: Int { 1 << 30 }

  /// Loads at most `limit` of the loader's sources on `workers` threads, and skips unreadable ones. Nil if none is left.
  ///
  /// - Parameters:
  ///   - batchSize: the number of samples that pass through the network at once.
  ///   - watch: watches the loading, here and in each validation.
  ///   - processes: the processes that share the batches.
  /// - Throws: ``StopRequested`` if a stop was requested, `PeerFailure`.
  init?(
    _ task: Task, loader: SampleLoader, limit: Int, workers: Int, batchSize: Int, device: Device,
    watch: LoadingWatch, processes: Processes
  ) throws {
    let indices = evenlySpaced(limit, of: loader.sources.count)
    // Each process tries the sources of its batches, assuming that all sources can be read.
    let tried = indices.indices.filter { processes.owns(batch: $0 / batchSize) }
    var loaded: [Int: Sample] = [:]
    var isReadable = indices.map { _ in false }
    var free = Self.byteLimit
    let prefetcher = Self.prefetcher(tried.map { indices[$0] }, loader: loader, workers: workers)
    defer { prefetcher.cancel() }
    for place in tried {
      try watch.checkStop()
      guard let sample = try watch.next(of: prefetcher, by: loader) ?? nil else { continue }
      isReadable[place] = true
      free -= sample.byteCount
      if free >= 0 { loaded[place] = sample }
    }
    isReadable = try processes.any(isReadable)
    let places = indices.indices.filter { isReadable[$0] }
    guard !places.isEmpty else { return nil }
    readable = places.map { indices[$0] }
    // Number the samples without gaps, so that the random draws of a sample do not depend on unreadable sources.
    kept = Dictionary(
      uniqueKeysWithValues: places.enumerated().compactMap { number, place in
        guard processes.owns(batch: number / batchSize), let sample = loaded[place] else {
          return nil
        }
        return (number, sample.renamed(.validation(index: number)))
      })
    self.loader = loader
    self.task = task
    self.workers = workers
    self.batchSize = batchSize
    self.device = device
    self.watch = watch
    self.processes = processes
  }

  private static func prefetcher(_ indices: [Int], loader: SampleLoader, workers: Int)
    -> Prefetcher<Sample?>
  {
    Prefetcher(count: indices.count, workers: workers, ahead: 4 * workers) {
      loader.sampleIfReadable(.validation(index: indices[$0]), of: indices[$0])
    }
  }

  /// Evaluates `network`, which must be in evaluation mode. The processes take turns with the batches, and all get the same
  /// result: the sums are made in the order of the batches.
  ///
  /// - Parameter progress: called with the number of finished sources and their total; an error that it throws in one process
  ///   stops the validation of all.
  /// - Throws: `PeerFailure`, ``StopRequested``, errors of `progress`.
  func run(
    _ network: Task.Network, autocast: DType?,
    progress: (_ done: Int, _ total: Int) throws -> Void
  ) throws -> ValidationResult {
    let batchCount = (sourceCount + batchSize - 1) / batchSize
    func numbers(ofBatch batch: Int) -> Range<Int> {
      batch * batchSize..<min((batch + 1) * batchSize, sourceCount)
    }
    let others = (0..<batchCount).filter(processes.owns(batch:)).flatMap(numbers)
      .filter { kept[$0] == nil }
    let prefetcher = Self.prefetcher(others.map { readable[$0] }, loader: loader, workers: workers)
    defer { prefetcher.cancel() }

    var sums: [(batch: Int, sums: ValidationSums)] = []
    try processes.deal(batchCount) { index in
      let samples = try numbers(ofBatch: index).compactMap { number -> Sample? in
        if let sample = kept[number] { return sample }
        // Skip a source that has become unreadable since the start.
        return (try watch.next(of: prefetcher, by: loader) ?? nil)?
          .renamed(.validation(index: number))
      }
      if !samples.isEmpty {
        withoutGradients {
          let batch = task.batch(samples, for: .validation, on: device)
          let output = withAutocast(autocast, on: device) { network.evaluate(batch) }
          sums.append((index, ValidationSums(output, classes: task.classNames?.count)))
        }
      }
      let turns = index / processes.count + 1
      try progress(min(turns * processes.count * batchSize, sourceCount), sourceCount)
    }
    var total = ValidationSums(classes: task.classNames?.count)
    for part in try processes.gather(sums) { total.add(part) }
    return total.result(sourceCount: sourceCount)
  }

  /// At most `limit` samples of evenly spaced sources that are kept in memory.
  func watchedSamples(_ limit: Int) -> [Sample] {
    let samples = kept.sorted { $0.key < $1.key }.map(\.value)
    return evenlySpaced(limit, of: samples.count).map { samples[$0] }
  }

  /// At most `limit` clips of evenly spaced sources, with different labels; nil for tasks whose clips have no class.
  func watchedClips(_ limit: Int) -> LabeledClips? {
    let clips = watchedSamples(limit).enumerated().compactMap { row, sample in
      withoutGradients { () -> LabeledClips? in
        let batch = task.batch([sample], for: .validation, on: device)
        guard let made = task.labeledClips(batch) else { return nil }
        // Clips with neighboring labels look alike. A step of 1 or 2 reaches every label.
        let count = made.labels.count
        let clip = row * (count % 2 == 0 ? 1 : 2) % count
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

  /// The sums over one batch.
  init(_ output: StepOutput, classes: Int?) {
    self.init(classes: classes)
    loss = output.loss.item * Double(output.count)
    for term in output.terms {
      terms[term.name, default: 0] += term.value.item * Double(output.count)
    }
    count = output.count
    guard let predictions = output.predictions else { return }
    let labels = predictions.labels.array(of: Int.self)
    for (label, guess) in zip(labels, predictions.logits.argmax(1).array(of: Int.self)) {
      seen[label] += 1
      if label == guess { correct[label] += 1 }
    }
  }

  mutating func add(_ other: ValidationSums) {
    loss += other.loss
    for (name, value) in other.terms { terms[name, default: 0] += value }
    count += other.count
    for index in seen.indices {
      seen[index] += other.seen[index]
      correct[index] += other.correct[index]
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

// MARK: - Exchange

extension ValidationSums {
  /// The terms, by name, that ``numbers`` has.
  var termNames: [String] { terms.keys.sorted() }

  /// The sums as numbers: loss, clips, the terms by name, then the counts by class.
  var numbers: [Double] {
    [loss, Double(count)] + termNames.map { terms[$0]! } + (seen + correct).map(Double.init)
  }

  init(numbers: [Double], termNames: [String]) {
    loss = numbers[0]
    count = Int(numbers[1])
    terms = Dictionary(uniqueKeysWithValues: zip(termNames, numbers[2...]))
    let counts = numbers[(2 + termNames.count)...].map { Int($0) }
    seen = Array(counts[..<(counts.count / 2)])
    correct = Array(counts[(counts.count / 2)...])
  }
}

extension Processes {
  /// The sums of the batches of all processes, in the order of the batches.
  ///
  /// - Throws: `PeerFailure`.
  fileprivate func gather(_ sums: [(batch: Int, sums: ValidationSums)]) throws -> [ValidationSums] {
    guard group != nil else { return sums.map(\.sums) }
    // A process that had no batch does not know the terms.
    let names = try gather(sums.first?.sums.termNames ?? []).first { !$0.isEmpty } ?? []
    let width = try gather(sums.first.map { 1 + $0.sums.numbers.count } ?? 0).max() ?? 0
    let own = sums.flatMap { (batch, sums) -> [Double] in [Double(batch)] + sums.numbers }
    var rows: [[Double]] = []
    for numbers in try gather(own) {
      for first in stride(from: 0, to: numbers.count, by: max(width, 1)) {
        rows.append(Array(numbers[first..<first + width]))
      }
    }
    rows.sort { $0[0] < $1[0] }
    return rows.map { ValidationSums(numbers: Array($0.dropFirst()), termNames: names) }
  }
}
