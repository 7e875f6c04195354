import Configuration
import Foundation
import Pretext
import SafeFiles
import Torch
import VideoData
import VideoModels
import VideoSamples

/// Pre-trains a network by the configuration's pretext task and writes the results to the run's folder.
///
/// - Parameters:
///   - configuration: the settings of the training.
///   - run: the run's folder; for a new run, one that does not contain a run yet.
///   - resuming: true to resume from the folder's last checkpoint; the results are bit-identical to those of an
///     uninterrupted run.
///   - options: the device, the number of threads and the cache.
///   - observers: receive the events of the training; `RunRecords` has the usual ones.
///   - reporter: receives the progress, and can request that the training stop.
/// - Throws: ``StopRequested`` if a stop was requested before the first step, ``WaitedInVain``, ``RunError``,
///   ``WeightsError``, `SourceError`, `NoUsableSource`, `FileError`, `SafetensorsError`; `PeerFailure`,
///   ``ProcessesDisagree`` and ``ProcessesDiverged`` if several processes train.
public func pretrain(
  _ configuration: PretrainingConfiguration, in run: RunFolder, resuming: Bool,
  options: ExecutionOptions, observers: [any TrainingObserver] = [],
  reporter: any TrainingReporter
) throws -> TrainingOutcome {
  try pretrain(
    configuration, by: configuration.makeTask(), in: run, resuming: resuming, options: options,
    observers: observers, reporter: reporter)
}

/// As ``pretrain(_:in:resuming:options:observers:reporter:)``, with a task that the configuration does not need to know.
public func pretrain(
  _ configuration: PretrainingConfiguration, by task: some PretextTask, in run: RunFolder,
  resuming: Bool, options: ExecutionOptions, observers: [any TrainingObserver] = [],
  reporter: any TrainingReporter
) throws -> TrainingOutcome {
  let processes = options.processes
  let speaker = processes.speaker(reporter)
  let resumption = try Resumption(
    configuration, of: run, resuming: resuming, in: processes, warn: reporter.warn)
  if let summary = resumption.summary { return .finished(summary) }
  let seed = UInt64(configuration.seed)
  let device = options.device
  let batch = configuration.batch

  // Sources
  let watch = LoadingWatch(options, reporter: reporter)
  let pause = Pause(options, reporter: reporter)
  let sources = try PretrainingSources(
    configuration.sources, seed: configuration.seed, whileSearching: watch.checkStop,
    note: speaker.note, warn: speaker.warn)
  let sourcesDigest = digest(of: [sources.training, sources.heldOut] + sources.shownPictures)
  try processes.checkEqual(sourcesDigest, of: "sources")
  let plan = try StepPlan(
    configuration, processes: resumption.position?.processes ?? processes.count,
    sources: sources.training.count, clipsPerSample: task.clipsPerSample
  ).shared(between: processes)
  try task.check(
    accumulationSteps: batch.accumulationSteps, sources,
    architecture: configuration.model.architecture)
  func loader(_ sources: SourceList, _ purpose: Purpose) -> SampleLoader {
    SampleLoader(sources, rule: task.rule(for: purpose), cacheBytes: options.cacheBytes) {
      reporter.warn("skipped: \($0.reason)")
    }
  }
  let trainingLoader = loader(sources.training, .training(progress: 0))
  let validationLoader = loader(sources.heldOut, .validation)
  let validation = try PretextValidation(
    task, loader: validationLoader, limit: configuration.sources.validationLimit,
    workers: options.workers, batchSize: batch.sources, device: device, watch: watch,
    processes: processes)
  if validation == nil && !sources.heldOut.isEmpty {
    // Sources that the user named must be readable; a random share of the training sources may turn out unreadable.
    guard configuration.sources.validationPaths.isEmpty else { throw RunError.noValidationSource }
    speaker.warn("there is no validation: none of the held-out sources can be read")
  }

  // Network
  let network = configuration.model.makeNetwork(for: task, seed: seed)
  if resumption.position == nil, processes.isFirst, let path = configuration.start.weights {
    let weights = try Weights(at: path)
    try weights.loadBackbone(into: network, of: configuration.model)
    speaker.note("\(path): \(weights.loading(into: network).description)")
  }
  network.move(to: device)
  network.backbone.checkpointsActivations = options.checkpointsActivations
  if batch.synchronizedStatistics { network.synchronizeStatistics(over: processes.group) }
  let objective = PretrainingObjective(
    task, network: network,
    samples: SampleStream(
      trainingLoader, plan: plan, seed: seed, firstStep: resumption.position?.step ?? 0,
      workers: options.workers, watch: watch),
    validation: validation, autocast: configuration.precision.autocast, device: device)
  let update = WeightUpdate(
    of: network,
    optimizer: configuration.optimizer.makeOptimizer(
      for: network, on: network.backbone, scale: network.learningRateScale),
    schedule: configuration.optimizer.makeSchedule(
      totalSteps: plan.totalSteps, samplesPerStep: plan.samplesPerStep),
    scalesLoss: configuration.precision.scalesLoss)
  try resumption.restore(network, update)

  // Read a sample before making the folder: if no source is usable, no run is left behind.
  let preview =
    try processes.isFirst && run.needsPreview(resuming: resuming)
    ? task.preview(trainingLoader.sample(.preview(seed: seed, row: 0), of: 0)) : nil
  let session = try RunSession<PretrainingConfiguration>(
    configuration, in: run, resuming: resumption,
    .init(
      sources: sourcesDigest,
      introduction: introduction(
        configuration, network, device, plan, done: resumption.position?.step ?? 0,
        to: "\(sources.training.count) sources to train on, "
          + "\(validation?.sourceCount ?? 0) to validate on"),
      classNames: task.classNames, preview: preview,
      watchedClips: processes.isFirst
        ? validation?.watchedClips(TrainingStart.watchedClipLimit) : nil,
      result: validation.map { validation in
        let samples = validation.watchedSamples(TrainingStart.watchedClipLimit)
        return { samples.isEmpty ? nil : task.result(of: network, on: samples, device: device) }
      },
      clipsPerStep: plan.clipsPerStep,
      sourceCounts: (sources.training.count, validation?.sourceCount ?? 0)),
    network: network, update: update, processes: processes, observers: observers,
    reporter: reporter, pause: pause)

  let loop = TrainingLoop(
    objective: objective, plan: plan, update: update, session: session, device: device,
    processes: processes,
    memory: BatchAdvice(
      TrainingStep(configuration), setting: "batch.sources", batch: batch.sources,
      checkpointsActivations: options.checkpointsActivations,
      seesWholeClips: task.visibleCubes == nil, device: device))
  guard try loop.run() else {
    return .stopped(step: session.savedStep, totalSteps: plan.totalSteps)
  }
  return .finished(
    try loop.finish(
      trainingSources: sources.training.count, validationSources: validation?.sourceCount ?? 0,
      skippedSources: session.position.skippedSources.count + validationLoader.skippedIndices.count
        + sources.problemCount))
}

extension StepPlan {
  /// The steps of a pre-training on this number of sources.
  ///
  /// - Parameter processes: the number of processes that the run begins with; each has batches of its own in a step.
  /// - Throws: ``RunError/tooFewSources(count:needed:)`` if they do not fill a step.
  init(
    _ configuration: PretrainingConfiguration, processes: Int, sources: Int, clipsPerSample: Int
  ) throws {
    let batch = configuration.batch
    let batches = batch.accumulationSteps * processes
    self.init(
      epochs: configuration.epochs, stepsPerEpoch: sources / (batch.sources * batches),
      batches: Array(repeating: batch.sources, count: batches), clipsPerSample: clipsPerSample)
    guard stepsPerEpoch > 0 else {
      throw RunError.tooFewSources(count: sources, needed: samplesPerStep)
    }
  }
}

extension PretextTask {
  /// Throws an error before the first step if the task cannot be trained with this batch or these sources.
  func check(accumulationSteps: Int, _ sources: PretrainingSources, architecture: Architecture)
    throws
  {
    guard visibleCubes == nil || architecture.isTransformer else {
      throw RunError.needsTokens(task: "\(Self.self)", architecture: architecture)
    }
    guard supportsAccumulation || accumulationSteps == 1 else {
      throw RunError.noAccumulation(task: "\(Self.self)")
    }
    try checkMotion(of: sources.training)
    try checkMotion(of: sources.heldOut)
  }

  /// Throws an error if the task needs videos and one of the sources is a still picture.
  ///
  /// - Throws: ``RunError/needsMotion(task:source:)``.
  public func checkMotion(of sources: SourceList) throws {
    guard needsMotion, let still = sources.first(where: \.isStill) else { return }
    throw RunError.needsMotion(task: "\(Self.self)", source: still.description)
  }
}

extension ModelSettings {
  /// The network of a task on this backbone, on the CPU, initialized with the random seed `seed`.
  public func makeNetwork<Task: PretextTask>(for task: Task, seed: UInt64) -> Task.Network {
    let generator = Generator(seed: seed)
    return task.makeNetwork(
      on: makeBackbone(using: generator), dropout: dropout, using: generator)
  }
}
