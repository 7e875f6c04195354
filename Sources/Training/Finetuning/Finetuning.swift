import Configuration
import Foundation
import Pretext
import Torch
import VideoData
import VideoModels

/// Fine-tunes a network on videos of actions, evaluates it on the test videos (section 4.1 of the paper) and writes the
/// results to the run's folder.
///
/// - Parameters:
///   - configuration: the settings of the training; `FinetuningConfiguration.init(file:settings:startingFrom:)` reads it.
///   - run: the run's folder; for a new run, one that does not contain a run yet.
///   - resuming: true to resume from the folder's last checkpoint; the results are bit-identical to those of an
///     uninterrupted run.
///   - options: the device, the number of threads and the memory for decoded videos.
///   - aggregator: layers with weights between backbone and head, in place of the global average.
///   - observers: receive the events of the training; `RunRecords` has the usual ones.
///   - reporter: receives the progress, and can request that the training stop.
/// - Throws: ``WaitedInVain``, ``RunError``, ``WeightsError``, `DatasetError`, `NoUsableSource`, `FileError`,
///   `SafetensorsError`; `PeerFailure`, ``ProcessesDisagree`` and ``ProcessesDiverged`` if several processes train.
public func finetune(
  _ configuration: FinetuningConfiguration, in run: RunFolder, resuming: Bool,
  options: ExecutionOptions, aggregator: FeatureAggregator? = nil,
  observers: [any TrainingObserver] = [], reporter: any TrainingReporter
) throws -> TrainingOutcome {
  let processes = options.processes
  let speaker = processes.speaker(reporter)
  let resumption = try Resumption(
    configuration, of: run, resuming: resuming, in: processes, warn: reporter.warn)
  if let summary = resumption.summary { return .finished(summary) }
  let seed = UInt64(configuration.seed)
  let device = options.device

  // Videos
  let videos = try TrainingVideos(configuration.dataset, seed: seed, reporter: speaker)
  let clip = configuration.clip
  videos.tellMirroring(
    configuration.dataset.kind, flipProbability: clip.flipProbability, speaker)
  // Videos that are evaluated repeatedly are decoded only once if they fit; the rest of the memory is for training.
  let heldOutClips = TestClipCache(byteLimit: options.cacheBytes / 4)
  let loader = SampleLoader(
    videos.training.map { $0.footage! },
    rule: clip.trainingClips(repeats: configuration.augmentation.repeats).rule,
    cacheBytes: options.cacheBytes - heldOutClips.byteLimit
  ) { reporter.warn("skipped: \($0.reason)") }
  let names = [videos.training, videos.heldOut, videos.evaluated]
    .map { $0.map { "\($0.name) \($0.label)" } }
  let videosDigest = digest(of: names + [videos.classNames])
  try processes.checkEqual(videosDigest, of: "videos")
  let plan = try StepPlan(
    configuration, processes: resumption.position?.processes ?? processes.count,
    videos: videos.training.count
  ).shared(between: processes)
  let pause = Pause(options, reporter: reporter)

  // Network
  let model = try configuration.makeClassifier(
    classes: videos.classNames.count, aggregator: aggregator,
    loadsWeights: resumption.position == nil && processes.isFirst, note: speaker.note)
  model.move(to: device)
  model.backbone.checkpointsActivations = options.checkpointsActivations
  model.freezeStages(configuration.start.frozenStages)
  if configuration.batch.synchronizedStatistics {
    model.synchronizeStatistics(over: processes.group)
  }
  func inference(clips: Int) -> VideoInference {
    VideoInference(
      model: model, normalization: configuration.normalization, clip: clip,
      clips: clips, crops: 1, batch: min(configuration.batch.clips, VideoInference.defaultBatch),
      device: device, precision: configuration.precision, workers: options.workers,
      processes: processes)
  }
  let clips = ActionClips(
    jitter: configuration.jitter, normalization: configuration.normalization,
    augmentation: configuration.augmentation)
  let validation = configuration.validation
  let objective = FinetuningObjective(
    configuration, on: videos, classifier: model, clips: clips,
    samples: SampleStream(
      loader, plan: plan, seed: seed, firstStep: resumption.position?.step ?? 0,
      workers: options.workers, watch: LoadingWatch(options, reporter: reporter)),
    device: device
  ) { progress in
    try videos.heldOut.isEmpty
      ? nil
      : Evaluation(
        of: videos.heldOut, classNames: videos.classNames,
        with: inference(clips: validation.clipsPerVideo), cache: heldOutClips,
        progress: progress
      ).validationResult
  }
  let update = WeightUpdate(
    of: model, optimizer: configuration.optimizer.makeOptimizer(for: model, on: model.backbone),
    schedule: configuration.optimizer.makeSchedule(
      totalSteps: plan.totalSteps, samplesPerStep: plan.samplesPerStep),
    maxGradientNorm: configuration.regularization.maxGradientNorm,
    averageDecay: configuration.regularization.emaDecay,
    scalesLoss: configuration.precision.scalesLoss)
  try resumption.restore(model, update)

  // Read a sample before making the folder: if no video is usable, no run is left behind.
  let preview =
    try processes.isFirst && run.needsPreview(resuming: resuming)
    ? FinetuningObjective.preview(loader, videos, clips, seed: seed) : nil
  let session = try RunSession(
    configuration, in: run, resuming: resumption,
    .init(
      sources: videosDigest,
      introduction: introduction(
        configuration, model, device, plan, done: resumption.position?.step ?? 0,
        to: "\(videos.training.count) videos of \(videos.classNames.count) classes to train on, "
          + "\(videos.heldOut.count) to validate on"),
      classNames: videos.classNames, preview: preview,
      watchedClips: processes.isFirst
        ? FinetuningObjective.watchedClips(videos.heldOut, clip, clips, device: device) : nil,
      clipsPerStep: plan.clipsPerStep,
      sourceCounts: (videos.training.count, videos.heldOut.count)),
    network: model, update: update, processes: processes, observers: observers,
    reporter: reporter, pause: pause)

  let loop = TrainingLoop(
    objective: objective, plan: plan, update: update, session: session, device: device,
    processes: processes,
    memory: BatchAdvice(
      TrainingStep(configuration, classes: videos.classNames.count), setting: "batch.clips",
      batch: configuration.batch.clips, checkpointsActivations: options.checkpointsActivations,
      device: device))
  guard try loop.run() else {
    return .stopped(step: session.savedStep, totalSteps: plan.totalSteps)
  }

  // The paper evaluates with many clips per video.
  var evaluation: Evaluation?
  if validation.testClipsPerVideo != nil, videos.evaluated.isEmpty {
    speaker.warn("not evaluated: \(DatasetFinding.nothingToEvaluate)")
  }
  if let clips = validation.testClipsPerVideo, !videos.evaluated.isEmpty {
    speaker.note("evaluating on \(videos.evaluated.count) videos, \(clips) clips each")
    do {
      let result = try loop.evaluating {
        try Evaluation(
          of: videos.evaluated, classNames: videos.classNames,
          with: inference(clips: clips)
        ) { try loop.evaluated($0, of: videos.evaluated.count) }
      }
      if processes.isFirst { try result.write(to: run.evaluation) }
      session.evaluated(result)
      evaluation = result
    } catch is StopRequested {
      // All steps are saved. A resumed run continues here.
      return .stopped(step: session.savedStep, totalSteps: plan.totalSteps)
    }
  }
  return .finished(
    try loop.finish(
      trainingSources: videos.training.count, validationSources: videos.heldOut.count,
      skippedSources: session.position.skippedSources.count + videos.absentCount,
      evaluation: evaluation.map(SummaryRecord.FinalEvaluation.init)))
}

extension StepPlan {
  /// Steps and batches of equal size, at most that of the configuration: a small last batch would distort the batch-norm
  /// statistics. An epoch leaves out the remainder, other videos in each epoch.
  ///
  /// - Parameter processes: the number of processes that the run begins with; each has as many batches in a step.
  /// - Throws: ``RunError/tooFewSources(count:needed:)`` if there is not a video for each process;
  ///   `ConfigurationError` if clips are mixed with those of their batch, and there are batches of one.
  fileprivate init(_ configuration: FinetuningConfiguration, processes: Int, videos: Int) throws {
    let batch = configuration.batch
    let mostClips = batch.clips * batch.accumulationSteps * processes
    var stepsPerEpoch = (videos + mostClips - 1) / mostClips
    var clipsPerStep = videos / stepsPerEpoch
    // Equal steps of few clips may leave out up to half of the videos; full ones leave out less than a step.
    let left = videos - stepsPerEpoch * clipsPerStep
    if 10 * left > videos, left > videos % mostClips {
      (stepsPerEpoch, clipsPerStep) = (videos / mostClips, mostClips)
    }
    guard clipsPerStep >= processes else {
      throw RunError.tooFewSources(count: videos, needed: processes)
    }
    let mostOfAll = batch.clips * processes
    let batchCount = (clipsPerStep + mostOfAll - 1) / mostOfAll * processes
    try configuration.requireMixable(
      clipsPerStep >= 2 * batchCount,
      "mixes the clips of a batch, but a step of \(clipsPerStep) clips has \(batchCount) batches: raise batch.clips"
    )
    self.init(
      epochs: configuration.epochs, stepsPerEpoch: stepsPerEpoch,
      batches: (0..<batchCount).map {
        clipsPerStep * ($0 + 1) / batchCount - clipsPerStep * $0 / batchCount
      }, clipsPerSample: configuration.augmentation.repeats)
  }
}

extension FinetuningConfiguration {
  /// The network on the CPU: random weights from the seed, then the backbone of ``Start/weights``, and the aggregator if
  /// the settings ask for one.
  ///
  /// - Throws: ``WeightsError``.
  fileprivate func makeClassifier(
    classes: Int, aggregator: FeatureAggregator?, loadsWeights: Bool, note: (String) -> Void
  ) throws -> VideoClassifier {
    let classifier = model.makeModel(
      head: .actions, classes: classes, aggregator: aggregator,
      using: Generator(seed: UInt64(seed)))
    guard loadsWeights, let path = start.weights else { return classifier }
    let weights = try Weights(at: path)
    try weights.loadBackbone(into: classifier, of: model)
    // An aggregator of the caller keeps its own weights.
    let own = aggregator == nil ? classifier.aggregator : nil
    if let own { try weights.loadAggregator(into: own) }
    let loading = weights.loading(into: classifier, withAggregator: own != nil)
    note("\(path): \(loading.description)")
    return classifier
  }
}
