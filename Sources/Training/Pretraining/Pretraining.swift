import Foundation
import KeyedRandom
import Media
import MoSI
import SafeFiles
import TensorBoard
import Torch
import VideoData
import VideoModels

/// How a pre-training runs on this machine; none of it changes what is computed.
public struct ExecutionOptions: Sendable {
  public var device: Device
  /// Threads that load sources.
  public var workers: Int

  public init(device: Device = .best, workers: Int = ProcessInfo.processInfo.activeProcessorCount) {
    self.device = device
    self.workers = workers
  }
}

/// How a pre-training ended.
public enum PretrainingOutcome: Sendable {
  case finished(SummaryRecord)
  /// Somebody asked to stop; the checkpoint holds `step` steps of `totalSteps`.
  case stopped(step: Int, totalSteps: Int)
}

/// Pre-trains a network by the configuration's pretext task and leaves everything in the run's folder.
///
/// - Parameters:
///   - configuration: what is computed.
///   - run: where all is left; a new run wants a folder without one.
///   - resuming: true to go on from the folder's last checkpoint, to the very numbers of a run that was never
///     interrupted.
///   - options: the device and the threads.
///   - reporter: hears how it goes, and can ask to stop.
/// - Throws: ``RunError``, `SourceError`, `NoUsableSource`, `FileError`, `SafetensorsError`.
public func pretrain(
  _ configuration: PretrainingConfiguration, in run: RunFolder, resuming: Bool,
  options: ExecutionOptions, reporter: any TrainingReporter
) throws -> PretrainingOutcome {
  let checkpoint = resuming ? try resumable(run, configuration) : nil
  if checkpoint != nil, let summary = try finishedSummary(of: run) { return .finished(summary) }
  let seed = UInt64(configuration.seed)
  let device = options.device
  let autocast: DType? = configuration.precision == .bfloat16 ? .bfloat16 : nil
  if device.isCUDA { Runtime.preferSpeedOnCUDA() }

  // Sources
  let task = configuration.task
  let (training, heldOut, problemCount) = try collectSources(
    configuration.sources, reporter: reporter)
  let batch = configuration.batch
  let sourcesPerStep = batch.sources * batch.accumulation
  let stepsPerEpoch = training.count / sourcesPerStep
  guard stepsPerEpoch > 0 else {
    throw RunError.tooFewSources(count: training.count, needed: sourcesPerStep)
  }
  let totalSteps = stepsPerEpoch * configuration.epochs
  let loader = makeLoader(training, task: task, reporter: reporter)
  let validationLoader = makeLoader(heldOut, task: task, reporter: reporter)
  let validation = try PretextValidation(
    loader: validationLoader, limit: configuration.sources.validationLimit,
    workers: options.workers, task: task)
  if validation == nil && !heldOut.isEmpty {
    // Sources that were asked for are missed; a share that happens to be bad is no reason to stop.
    guard configuration.sources.validationPaths.isEmpty else { throw RunError.noValidationSource }
    reporter.warn("there is no validation: none of the held-out sources gives a picture")
  }

  // Model
  let model = configuration.makeModel(classes: task.classNames.count)
  model.move(to: device)
  let optimizer = configuration.makeOptimizer(for: model)
  let schedule = configuration.makeSchedule(totalSteps: totalSteps)
  try checkpoint?.restore(model: model, optimizer: optimizer, path: run.last)
  var position = checkpoint?.position ?? TrainingPosition()
  func state(at position: TrainingPosition) -> Checkpoint {
    Checkpoint(
      configuration: configuration, position: position, classNames: task.classNames, model: model,
      optimizer: optimizer)
  }

  // Records
  let sourcesDigest = digest(of: training, heldOut)
  if resuming {
    guard position.sources == sourcesDigest else {
      throw RunError.differentSources(path: run.path)
    }
  }
  // Decoded before a folder is made: that no source is usable is to leave no run behind.
  let needsPreview = !resuming || !FileManager.default.fileExists(atPath: run.preview)
  let previewed =
    needsPreview ? try loader.still(ofSource: 0, key: [seed, Purpose.preview.rawValue]) : nil
  if !resuming {
    position.sources = sourcesDigest
    try run.prepare {
      try replaceFile(at: run.configuration, with: Data(try configuration.yaml.utf8))
      // From here on there is something to resume, whenever the run is killed.
      try state(at: position).write(to: run.last)
    }
  }
  let metrics = try MetricsLog(path: run.metrics, keeping: position.metricsBytes)
  run.removePartialFiles()
  if let previewed {
    try MotionPreview(task: task, still: previewed, seed: seed).sheet.write(to: run.preview)
  }
  let board = TensorBoardLog(run: run, restartingAt: checkpoint?.position.step, reporter: reporter)
  defer { board.close() }
  reporter.note(
    "\(configuration.model.architecture.rawValue), width \(configuration.model.width), "
      + "\(model.parameterCount) parameters on \(device); "
      + "\(training.count) sources to train on, \(validation?.sourceCount ?? 0) to validate on; "
      + "\(totalSteps) steps of \(sourcesPerStep * task.clipsPerSource) clips"
      + (position.step > 0 ? ", \(position.step) of them done" : ""))

  func save(to path: String) throws {
    try metrics.synchronize()
    position.metricsBytes = metrics.byteCount
    position.badSources = Set(position.badSources).union(loader.badIndices).sorted()
    try state(at: position).write(to: path)
  }

  let chance = 1 / Double(task.classNames.count)
  func drawCurves() {
    do {
      try LearningCurves(of: Metrics(contentsOf: run.metrics), chance: chance).write(to: run)
    } catch {
      // No reason to lose a training.
      reporter.warn("the learning curves are not up to date: \(error)")
    }
  }

  // Loading runs ahead, across the ends of epochs.
  let sequence = SampleSequence(
    sourceCount: training.count, samplesPerEpoch: stepsPerEpoch * sourcesPerStep, seed: seed)
  let firstSample = position.step * sourcesPerStep
  let stills = Prefetcher(
    count: totalSteps * sourcesPerStep - firstSample, workers: options.workers,
    ahead: 2 * batch.sources + 2 * options.workers
  ) { item in
    let sample = sequence.sample(at: firstSample + item)
    let key = [seed, Purpose.still.rawValue, UInt64(sample.epoch), UInt64(sample.source)]
    return LoadedSample(
      sample: sample, still: try loader.still(ofSource: sample.source, key: key))
  }
  defer { stills.cancel() }

  var speed = SpeedMeter(clipsPerStep: sourcesPerStep * task.clipsPerSource)
  var lastSave = ContinuousClock.now
  model.train()
  while position.step < totalSteps {
    let begun = ContinuousClock.now
    let epoch = position.step / stepsPerEpoch
    let progress = Double(position.step) / Double(totalSteps)
    let learningRate = schedule.rate(at: position.step)

    // One step: the gradients of `accumulation` batches, then one update.
    optimizer.clearGradients()
    var stepLoss = 0.0
    var stepTop1 = 0.0
    for part in 0..<batch.accumulation {
      let samples = try (0..<batch.sources).map { _ in try stills.next()! }
      let sources = Tensor.stills(samples.map(\.still)).to(device)
      let generators = samples.map {
        KeyedGenerator(
          seed, Purpose.clips.rawValue, UInt64($0.sample.epoch), UInt64($0.sample.source))
      }
      let made = task.clips(
        from: sources, generators: generators, purpose: .training(progress: progress))
      // Dropout draws from libtorch's generator: named by the step like everything else.
      var dropout = KeyedGenerator(
        seed, Purpose.dropout.rawValue, UInt64(position.step), UInt64(part))
      Runtime.seed(dropout.next())
      let (logits, loss) = withAutocast(autocast, on: device) {
        let logits = model(made.clips)
        return (logits, crossEntropy(logits.to(.float32), made.labels))
      }
      (loss * (1 / Double(batch.accumulation))).backward()
      let hits = logits.detached().argmax(1).equal(to: made.labels).to(.float32).mean()
      stepLoss += loss.detached().item / Double(batch.accumulation)
      stepTop1 += hits.item / Double(batch.accumulation)
    }
    guard stepLoss.isFinite else { throw RunError.diverged(step: position.step + 1) }
    optimizer.step(learningRate: learningRate)
    position.step += 1

    // Records of the step.
    let seconds = (ContinuousClock.now - begun).seconds
    position.trainingSeconds += seconds
    speed.add(seconds: seconds)
    if position.step % configuration.records.stepInterval == 0 || position.step == totalSteps {
      let mask = task.mask?.range(at: progress)
      let record = StepRecord(
        step: position.step, epoch: epoch + 1, loss: stepLoss, top1: stepTop1,
        learningRate: learningRate, maskRatio: mask.map { [$0.lowerBound, $0.upperBound] },
        clipsPerSecond: speed.latest)
      try metrics.append(record)
      board.record(record)
    }
    reporter.stepped(
      speed.progress(
        step: position.step, totalSteps: totalSteps, epoch: epoch + 1,
        epochs: configuration.epochs, loss: stepLoss, top1: stepTop1))

    // The end of an epoch: validation, checkpoint.
    let endsEpoch = position.step % stepsPerEpoch == 0
    if endsEpoch {
      if let validation {
        let begun = ContinuousClock.now
        let result = validation.run(
          model, batch: batch.sources, device: device, autocast: autocast)
        position.validationSeconds += (ContinuousClock.now - begun).seconds
        let record = ValidationRecord(
          step: position.step, epoch: epoch + 1, loss: result.loss, top1: result.top1,
          top1PerLabel: Dictionary(
            uniqueKeysWithValues: zip(task.classNames, result.top1PerLabel)),
          sources: validation.sourceCount)
        try metrics.append(record)
        board.record(record)
        reporter.validated(record)
        if result.top1 > position.bestTop1 {
          position.bestTop1 = result.top1
          try save(to: run.best)
        }
      }
      try save(to: run.last)
      lastSave = .now
      drawCurves()
    }
    let isDue =
      (ContinuousClock.now - lastSave).seconds > configuration.records.checkpointMinutes * 60
    // Asked once: what is told as saved has been saved.
    let stops = reporter.wantsToStop
    if !endsEpoch, isDue || stops {
      try save(to: run.last)
      lastSave = .now
    }
    if stops, position.step < totalSteps {
      return .stopped(step: position.step, totalSteps: totalSteps)
    }
  }

  // The end.
  let records = try Metrics(contentsOf: run.metrics)
  let lastEpoch = records.steps.filter { $0.epoch == configuration.epochs }
  let clips = Double(totalSteps * sourcesPerStep * task.clipsPerSource)
  let summary = SummaryRecord(
    step: position.step, epoch: configuration.epochs,
    loss: lastEpoch.map(\.loss).reduce(0, +) / Double(max(lastEpoch.count, 1)),
    top1: records.validations.last?.top1,
    bestTop1: position.bestTop1 < 0 ? nil : position.bestTop1,
    chance: chance, clipsPerSecond: clips / position.trainingSeconds,
    seconds: position.trainingSeconds + position.validationSeconds,
    trainingSources: training.count, validationSources: validation?.sourceCount ?? 0,
    badSources: Set(position.badSources).union(loader.badIndices).count
      + validationLoader.badIndices.count + problemCount)
  // The summary last: where it stands, all else is done.
  try metrics.append(summary)
  try save(to: run.last)
  return .finished(summary)
}

/// What the draws of a training are for: a part of their keys, so that no two purposes share a stream.
private enum Purpose: UInt64 {
  case still = 1
  case clips
  case dropout
  case preview
}

/// The checkpoint to go on from.
private func resumable(_ run: RunFolder, _ configuration: PretrainingConfiguration) throws
  -> Checkpoint
{
  guard FileManager.default.fileExists(atPath: run.last) else {
    throw RunError.nothingToResume(path: run.path)
  }
  let checkpoint = try Checkpoint(contentsOf: run.last)
  let differences = try configuration.differences(from: checkpoint.configuration)
  guard differences.isEmpty else {
    throw RunError.differentConfiguration(path: run.path, keys: differences)
  }
  return checkpoint
}

/// The summary where the run that the checkpoint belongs to has come to its end.
private func finishedSummary(of run: RunFolder) throws -> SummaryRecord? {
  guard FileManager.default.fileExists(atPath: run.metrics) else { return nil }
  return try Metrics(contentsOf: run.metrics).summary
}

/// A number that changes with the sources and their order (FNV-1a of their names).
private func digest(of training: [Source], _ heldOut: [Source]) -> UInt64 {
  var hash: UInt64 = 0xCBF2_9CE4_8422_2325
  for sources in [training, heldOut] {
    for source in sources {
      for byte in source.description.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
      hash = hash &* 0x100_0000_01B3
    }
    hash = (hash ^ 0xFF) &* 0x100_0000_01B3
  }
  return hash
}

/// The sources of both kinds, and how many folders could not be read.
private func collectSources(
  _ settings: PretrainingConfiguration.Sources, reporter: any TrainingReporter
) throws -> (training: [Source], heldOut: [Source], problemCount: Int) {
  var problemCount = 0
  func collect(_ paths: [String]) throws -> SourceCollection {
    let collection = try SourceCollection(paths: paths, frameFolders: settings.frameFolders)
    problemCount += collection.problems.count
    for problem in collection.problems { reporter.warn("\(problem.path) \(problem.reason)") }
    for folder in collection.likelyFrameFolders.prefix(1) {
      reporter.note(
        "\(folder) looks like a video's frames; each is taken as a picture of its own. "
          + "For one frame a folder: --set sources.frame_folders=true")
    }
    return collection
  }
  let collection = try collect(settings.paths)
  guard settings.validationPaths.isEmpty else {
    let heldOut = try collect(settings.validationPaths).sources
    let unseen = Set(heldOut)
    let training = collection.sources.filter { !unseen.contains($0) }
    let shared = collection.sources.count - training.count
    if shared > 0 {
      reporter.note("\(shared) sources are validated on and therefore not trained on")
    }
    return (training, heldOut, problemCount)
  }
  let (training, heldOut) = collection.split(heldOut: settings.validationFraction)
  return (training, heldOut, problemCount)
}

private func makeLoader(
  _ sources: [Source], task: any PretextTask, reporter: any TrainingReporter
) -> StillLoader {
  StillLoader(sources: sources, height: task.sourceSize.height, width: task.sourceSize.width) {
    reporter.warn("passed over: \($0.reason)")
  }
}

/// A still that came through the prefetcher.
private struct LoadedSample: Sendable {
  let sample: SampleSequence.Sample
  let still: Picture
}
