import Configuration
import Foundation
import KeyedRandom
import MoSI
import Pretext
import Torch
import VideoData
import VideoModels

/// Fine-tunes a network on videos with actions and leaves everything in the run's folder; at its end the network is
/// judged on the test videos (the paper's section 4.1).
///
/// - Parameters:
///   - configuration: what is computed; see ``FinetuningConfiguration/init(file:settings:startingFrom:)``.
///   - run: where all is left; a new run wants a folder without one.
///   - resuming: true to go on from the folder's last checkpoint, to the very numbers of a run that was never
///     interrupted.
///   - options: the device, the threads and the memory for decoded videos.
///   - reporter: hears how it goes, and can ask to stop.
/// - Throws: ``RunError``, ``WeightsError``, `DatasetError`, `NoUsableFootage`, `FileError`, `SafetensorsError`.
public func finetune(
  _ configuration: FinetuningConfiguration, in run: RunFolder, resuming: Bool,
  options: ExecutionOptions, reporter: any TrainingReporter
) throws -> TrainingOutcome {
  let checkpoint = resuming ? try run.resumable(configuration) : nil
  if checkpoint != nil, let summary = run.summary { return .finished(summary) }
  let seed = UInt64(configuration.seed)
  let device = options.device

  // Videos
  let videos = try TrainingVideos(configuration.dataset, seed: seed, reporter: reporter)
  let clip = configuration.clip
  // What is judged again and again is decoded once where it fits; the rest of the memory is for training.
  let heldOutClips = TestClipCache(byteLimit: options.cacheBytes / 4)
  let loader = ClipLoader(
    footage: videos.training.map { $0.footage! }, sampling: clip.sampling, preset: clip.preset,
    side: clip.size, flip: clip.flip, cacheBytes: options.cacheBytes - heldOutClips.byteLimit
  ) { reporter.warn("passed over: \($0.reason)") }
  // Steps and batches of equal size, at most that of the configuration: of what is left over an epoch would miss much,
  // and a small batch would weigh as much in the normalizations' statistics as the others.
  let batch = configuration.batch
  let mostClips = batch.clips * batch.accumulation
  let stepsPerEpoch = (videos.training.count + mostClips - 1) / mostClips
  let clipsPerStep = videos.training.count / stepsPerEpoch
  let batchCount = (clipsPerStep + batch.clips - 1) / batch.clips
  let plan = StepPlan(
    epochs: configuration.epochs, stepsPerEpoch: stepsPerEpoch,
    batches: (0..<batchCount).map {
      clipsPerStep * ($0 + 1) / batchCount - clipsPerStep * $0 / batchCount
    }, clipsPerSample: 1)

  // Model
  let model = configuration.model.makeModel(
    head: .actions, classes: videos.classNames.count, seed: seed)
  if checkpoint == nil, configuration.start.weights != FinetuningConfiguration.noWeights {
    let weights = try Weights(at: configuration.start.weights)
    do {
      try model.loadBackbone(weights.tensors)
    } catch let mismatch as StateMismatch {
      throw WeightsError(
        path: weights.path,
        problem: "has another backbone than the configuration's model "
          + "(\(configuration.model.architecture.rawValue), width \(configuration.model.width)): \(mismatch)"
      )
    }
  }
  model.move(to: device)
  model.backbone.freezeStages(configuration.start.frozenStages)
  let settings = configuration.regularization
  var loop = try TrainingLoop(
    configuration, in: run, from: checkpoint, model: model, classNames: videos.classNames,
    plan: plan, device: device,
    regularization: .init(
      labelSmoothing: settings.labelSmoothing,
      gradientNorm: settings.gradientNorm > 0 ? settings.gradientNorm : nil,
      averageDecay: settings.averageDecay > 0 ? settings.averageDecay : nil),
    reporter: reporter)
  defer { loop.close() }

  // Records
  let clips = ActionClips(
    jitter: configuration.jitter.jitter,
    normalization: configuration.normalization.normalization)
  let needsPreview = !resuming || !FileManager.default.fileExists(atPath: run.preview)
  let preview = try needsPreview ? ClipPreview(loader, videos, clips, seed: seed) : nil
  let names = [videos.training, videos.heldOut, videos.evaluated]
    .map { $0.map { "\($0.name) \($0.label)" } }
  try loop.open(
    sources: digest(of: names + [videos.classNames]),
    introduction:
      "\(videos.training.count) videos of \(videos.classNames.count) classes to train on, "
      + "\(videos.heldOut.count) to validate on",
    preview: preview.map { preview in { try preview.sheet.write(to: $0) } })

  // Loading runs ahead, across the ends of epochs.
  let sequence = SampleSequence(
    sourceCount: videos.training.count, samplesPerEpoch: plan.samplesPerEpoch, seed: seed)
  let firstSample = loop.position.step * plan.samplesPerStep
  let samples = Prefetcher(
    count: plan.totalSteps * plan.samplesPerStep - firstSample, workers: options.workers,
    ahead: 2 * plan.batches[0] + 2 * options.workers
  ) { item in
    let sample = sequence.sample(at: firstSample + item)
    let key = [seed, DrawPurpose.source.rawValue, UInt64(sample.epoch), UInt64(sample.source)]
    let loaded = try loader.trainingClip(of: sample.source, key: key)
    return LoadedClip(sample: sample, clip: loaded.clip, label: videos.training[loaded.index].label)
  }
  defer { samples.cancel() }

  // Judging
  func inference(clips: Int) -> VideoInference {
    VideoInference(
      model: model, normalization: configuration.normalization.normalization, clip: clip,
      clips: clips, crops: 1, batch: min(batch.clips, VideoInference.defaultBatch), device: device,
      precision: configuration.precision, workers: options.workers)
  }
  let validation = configuration.validation
  let hasFinished = try loop.train(
    batch: { position in
      let loaded = try (0..<plan.batches[position.part]).map { _ in try samples.next()! }
      let generators = loaded.map {
        KeyedGenerator(
          seed, DrawPurpose.clips.rawValue, UInt64($0.sample.epoch), UInt64($0.sample.source))
      }
      return LabelledClips(
        clips: clips.training(loaded.map(\.clip), generators: generators, device: device),
        labels: Tensor(loaded.map(\.label)).to(device))
    },
    badSources: { loader.badIndices },
    watched: watchedClips(videos.heldOut, clip, clips, device: device),
    validates: { validation.epochs > 0 && ($0 % validation.epochs == 0 || $0 == plan.epochs) },
    validation: {
      try videos.heldOut.isEmpty
        ? nil
        : Evaluation(
          of: videos.heldOut, classNames: videos.classNames,
          with: inference(clips: validation.clips), cache: heldOutClips,
          progress: { reporter.judging($0, of: videos.heldOut.count) }
        ).validationResult
    })
  guard hasFinished else {
    return .stopped(step: loop.position.step, totalSteps: plan.totalSteps)
  }

  // The paper's measure: many clips a video.
  var evaluation: Evaluation?
  if validation.finalClips > 0, !videos.evaluated.isEmpty {
    reporter.note(
      "judging by \(videos.evaluated.count) videos, \(validation.finalClips) clips each")
    do {
      evaluation = try loop.whileJudged {
        try Evaluation(
          of: videos.evaluated, classNames: videos.classNames,
          with: inference(clips: validation.finalClips)
        ) { done in
          reporter.judging(done, of: videos.evaluated.count)
          // All steps are saved; who resumes comes back to here.
          if reporter.wantsToStop { throw StopWanted() }
        }
      }
    } catch is StopWanted {
      return .stopped(step: loop.position.step, totalSteps: plan.totalSteps)
    }
    try evaluation!.write(to: run.evaluation)
  }
  return .finished(
    try loop.finish(
      trainingSources: videos.training.count, validationSources: videos.heldOut.count,
      badSources: loop.position.badSources.count + videos.absentCount,
      evaluation: evaluation.map(SummaryRecord.FinalEvaluation.init)))
}

/// The middle clips of a few of the videos, evenly spread; those that cannot be read are left out, and of none is nil.
private func watchedClips(
  _ videos: [LabelledVideo], _ settings: ClipSettings, _ clips: ActionClips, device: Device
) -> LabelledClips? {
  let present = videos.filter { $0.footage != nil }
  guard !present.isEmpty else { return nil }
  let loader = ClipLoader(
    footage: present.map { $0.footage! }, sampling: settings.sampling, preset: settings.preset,
    side: settings.size
  ) { _ in }
  let count = min(NetworkView.clipLimit, present.count)
  let loaded = (0..<count).map { $0 * present.count / count }.compactMap { index in
    (try? loader.testClips(of: index, clips: 1))?.first.map { ($0, present[index].label) }
  }
  guard !loaded.isEmpty else { return nil }
  return LabelledClips(
    clips: clips.plain(loaded.map(\.0), device: device),
    labels: Tensor(loaded.map(\.1)).to(device))
}

extension FinetuningConfiguration {
  /// What ``Start/weights`` says for random weights.
  public static let noWeights = "none"

  /// The defaults, with the network, normalization and clips of `weights` where there are any, changed by a YAML file
  /// and then by settings `key=value`.
  ///
  /// - Throws: ``ConfigurationError``.
  public init(
    file: String? = nil, settings: [String] = [], startingFrom weights: Weights?
  ) throws {
    var base = Self()
    if let weights {
      base.start.weights = weights.path
      base.model = weights.model
      if let normalization = weights.normalization { base.normalization = normalization }
      if let clip = weights.clip { base.clip = clip }
    }
    try self.init(file: file, settings: settings, over: base)
  }
}

/// Somebody asked to stop while the network was judged.
private struct StopWanted: Error {}

/// A clip that came through the prefetcher.
private struct LoadedClip: Sendable {
  let sample: SampleSequence.Sample
  let clip: ClipPixels
  let label: Int
}
