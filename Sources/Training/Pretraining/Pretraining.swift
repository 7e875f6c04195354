import Configuration
import Foundation
import KeyedRandom
import Media
import MoSI
import Pretext
import Torch
import VideoData
import VideoModels

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
) throws -> TrainingOutcome {
  let checkpoint = resuming ? try run.resumable(configuration) : nil
  if checkpoint != nil, let summary = run.summary { return .finished(summary) }
  let seed = UInt64(configuration.seed)
  let device = options.device

  // Sources
  let task = configuration.task
  let sources = try PretrainingSources(
    configuration.sources, seed: configuration.seed, note: reporter.note, warn: reporter.warn)
  let (training, heldOut) = (sources.training, sources.heldOut)
  let batch = configuration.batch
  let sourcesPerStep = batch.sources * batch.accumulation
  let plan = StepPlan(
    epochs: configuration.epochs, stepsPerEpoch: training.count / sourcesPerStep,
    batches: Array(repeating: batch.sources, count: batch.accumulation),
    clipsPerSample: task.clipsPerSource)
  guard plan.stepsPerEpoch > 0 else {
    throw RunError.tooFewSources(count: training.count, needed: sourcesPerStep)
  }
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
  let model = configuration.model.makeModel(
    head: .pretext, classes: task.classNames.count, seed: seed)
  model.move(to: device)
  var loop = try TrainingLoop(
    configuration, in: run, from: checkpoint, model: model, classNames: task.classNames, plan: plan,
    device: device, reporter: reporter)
  defer { loop.close() }

  // Records
  // Decoded before a folder is made: that no source is usable is to leave no run behind.
  let needsPreview = !resuming || !FileManager.default.fileExists(atPath: run.preview)
  let previewed =
    needsPreview ? try loader.still(ofSource: 0, key: [seed, DrawPurpose.preview.rawValue]) : nil
  try loop.open(
    sources: digest(of: [training.map(\.description), heldOut.map(\.description)]),
    introduction:
      "\(training.count) sources to train on, \(validation?.sourceCount ?? 0) to validate on",
    preview: previewed.map { still in
      { try MotionPreview(task: task, still: still, seed: seed).sheet.write(to: $0) }
    })

  // Loading runs ahead, across the ends of epochs.
  let sequence = SampleSequence(
    sourceCount: training.count, samplesPerEpoch: plan.samplesPerEpoch, seed: seed)
  let firstSample = loop.position.step * sourcesPerStep
  let stills = Prefetcher(
    count: plan.totalSteps * sourcesPerStep - firstSample, workers: options.workers,
    ahead: 2 * batch.sources + 2 * options.workers
  ) { item in
    let sample = sequence.sample(at: firstSample + item)
    let key = [seed, DrawPurpose.source.rawValue, UInt64(sample.epoch), UInt64(sample.source)]
    return LoadedSample(
      sample: sample, still: try loader.still(ofSource: sample.source, key: key))
  }
  defer { stills.cancel() }

  let hasFinished = try loop.train(
    batch: { position in
      let samples = try (0..<batch.sources).map { _ in try stills.next()! }
      let generators = samples.map {
        KeyedGenerator(
          seed, DrawPurpose.clips.rawValue, UInt64($0.sample.epoch), UInt64($0.sample.source))
      }
      return task.clips(
        from: Tensor.stills(samples.map(\.still)).to(device), generators: generators,
        purpose: .training(progress: position.progress))
    },
    maskRatio: { task.mask?.range(at: $0) },
    badSources: { loader.badIndices },
    watched: validation?.samples(NetworkView.clipLimit, device: device),
    validation: {
      validation?.run(
        model, batch: batch.sources, device: device, autocast: configuration.precision.autocast)
    })
  guard hasFinished else {
    return .stopped(step: loop.position.step, totalSteps: plan.totalSteps)
  }
  return .finished(
    try loop.finish(
      trainingSources: training.count, validationSources: validation?.sourceCount ?? 0,
      badSources: loop.position.badSources.count + validationLoader.badIndices.count
        + sources.problemCount)
  )
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
