import Configuration
import Foundation
import Pretext
import SafeFiles
import Torch

/// An open run: its position, its records, its observers and its reporter.
final class RunSession<Configuration: RunConfiguration> {
  let configuration: Configuration
  let run: RunFolder
  let reporter: any TrainingReporter
  private let observers: [any TrainingObserver]
  private(set) var position: TrainingPosition
  /// Everything recorded so far, as in metrics.jsonl.
  private(set) var metrics: Metrics
  var clock = StepClock()
  /// Waits for space on the disk.
  let pause: Pause
  /// Receives what all processes find alike.
  private let speaker: any TrainingReporter
  /// nil in processes that do not write.
  private let log: MetricsLog?
  private var speed: SpeedMeter
  private var kept: KeptCheckpoints
  private var lastSave = ContinuousClock.now
  /// float64 [] on the device: the sum of the losses that were not read yet; nil if there are none.
  private var unreadLosses: Tensor?
  /// The number of steps whose suppressed updates have been read.
  private var lastReadStep: Int
  /// The number of suppressed updates in a row that end at ``lastReadStep``.
  private var suppressedInARow = 0
  /// After this number of skipped steps in a row the network will not recover, and the run stops.
  private static var mostSkippedInARow: Int { 100 }

  /// What a run is opened with.
  struct Opening {
    /// A hash of the sources. A run resumes only with the same sources.
    let sources: UInt64
    /// The line that the reporter receives first.
    let introduction: String
    let classNames: [String]?
    let preview: TaskPreview?
    let watchedClips: LabeledClips?
    var result: (() -> TaskPreview?)?
    let clipsPerStep: Int
    /// The numbers of sources or videos to train and to validate on.
    let sourceCounts: (training: Int, validation: Int)
  }

  /// Makes the run's folder with a first checkpoint of `network` and `update`, or opens the folder to resume the run.
  ///
  /// - Parameters:
  ///   - resumption: where `network` and `update` were restored from.
  ///   - processes: the processes that train together; only the first one writes and has observers.
  init(
    _ configuration: Configuration, in run: RunFolder,
    resuming resumption: Resumption<Configuration>,
    _ opening: Opening, network: Module, update: WeightUpdate, processes: Processes,
    observers: [any TrainingObserver], reporter: any TrainingReporter, pause: Pause
  ) throws {
    var start = resumption.position ?? TrainingPosition()
    if resumption.position != nil {
      guard start.sources == opening.sources else {
        throw RunError.differentSources(path: run.path)
      }
    } else {
      start.sources = opening.sources
      start.processes = processes.count
      if processes.isFirst {
        try run.prepare {
          try replaceFile(at: run.configuration, with: Data(configuration.yaml.utf8))
          // From here on, a run that is killed can be resumed.
          try Checkpoint(
            configuration: configuration, position: start, classNames: opening.classNames,
            network: network, optimizer: update.optimizer, average: update.average,
            lossScale: update.lossScale
          ).write(to: run.last)
        }
      }
    }
    self.configuration = configuration
    self.run = run
    self.reporter = reporter
    speaker = processes.speaker(reporter)
    self.pause = pause
    self.observers = processes.isFirst ? observers : []
    position = start
    kept = KeptCheckpoints(
      of: run, limit: configuration.records.keepCheckpoints,
      latestStep: resumption.isLatest ? start.step : nil)
    lastReadStep = start.step
    speed = SpeedMeter(clipsPerStep: opening.clipsPerStep)
    if processes.isFirst {
      log = try MetricsLog(path: run.metrics, keeping: start.metricsBytes)
      metrics = try Metrics(contentsOf: run.metrics)
      run.removePartialFiles()
    } else {
      log = nil
      metrics = Metrics()
    }
    let information = TrainingStart(
      run: run, phase: Configuration.phase,
      architecture: configuration.model.architecture, classNames: opening.classNames,
      resumedAfterStep: resumption.position?.step, preview: opening.preview,
      watchedClips: opening.watchedClips, result: opening.result,
      normalization: configuration.normalization,
      trainingSources: opening.sourceCounts.training,
      validationSources: opening.sourceCounts.validation)
    for observer in self.observers { observer.began(information) }
    speaker.note(opening.introduction)
  }

  deinit { for observer in observers { observer.ended() } }
}

// MARK: - Events

extension RunSession {
  /// Ends a step: reads its measures if they are needed, then records and reports them.
  ///
  /// - Parameters:
  ///   - nonFinite: detects the steps whose updates were suppressed.
  ///   - sources: maps positions of samples to the names of their sources, for the error if the loss is not finite.
  ///   - reads: true to read the measures of every step; false to read only those that are recorded.
  /// - Throws: ``Diverged``, `FileError`, ``StopRequested`` and ``WaitedInVain`` if the disk is full.
  func stepped(
    _ totals: StepTotals, plan: StepPlan, learningRate: Double, annotations: [Annotation],
    nonFinite: NonFiniteSteps, sources: (Range<Int>) -> [String], reads: Bool
  ) throws {
    position.step += 1
    let step = position.step
    let epoch = (step - 1) / plan.stepsPerEpoch + 1
    let isRecorded =
      step % configuration.records.logEverySteps == 0 || step == plan.totalSteps
    var measures: StepTotals.Measures?
    if reads || isRecorded {
      let read = totals.read(
        unreadLosses: unreadLosses ?? totals.loss, suppressedSteps: nonFinite.unread)
      try note(
        suppressed: read.suppressedSteps, lossesAreFinite: read.areFinite, nonFinite,
        plan: plan, sources: sources)
      unreadLosses = nil
      measures = read
    } else {
      unreadLosses = unreadLosses.map { $0 + totals.loss } ?? totals.loss
    }
    let lap = clock.lap()
    position.trainingSeconds += lap.seconds
    position.dataSeconds += lap.dataSeconds
    speed.add(seconds: lap.seconds)
    guard let measures else { return }
    if isRecorded {
      let record = StepRecord(
        step: step, epoch: epoch, loss: measures.loss, top1: measures.top1, terms: measures.terms,
        annotations: Dictionary(
          uniqueKeysWithValues: annotations.map { ($0.name, $0.values) }),
        learningRate: learningRate, clipsPerSecond: speed.latest, dataSeconds: lap.dataSeconds,
        processDataSeconds: measures.processDataSeconds,
        computeSeconds: lap.seconds - lap.dataSeconds,
        nonFiniteSteps: position.nonFiniteSteps)
      try write(record)
      metrics.add(record)
      for observer in observers { observer.stepped(record) }
    }
    reporter.stepped(
      speed.progress(
        step: step, totalSteps: plan.totalSteps, epoch: epoch, epochs: plan.epochs,
        loss: measures.loss, top1: measures.top1))
  }

  /// Runs `body` and counts its time as validation.
  func validating<Result>(_ body: () throws -> Result) rethrows -> Result {
    let start = ContinuousClock.now
    let result = try body()
    position.validationSeconds += (ContinuousClock.now - start).seconds
    clock.skip()
    return result
  }

  /// Sets whether a resumed run must begin with a validation.
  func note(owesValidation: Bool) { position.owesValidation = owesValidation }

  /// Records a validation.
  ///
  /// - Returns: true if it is the best so far.
  func validated(_ result: ValidationResult, epoch: Int, classNames: [String]?) throws -> Bool {
    let record = ValidationRecord(
      step: position.step, epoch: epoch, loss: result.loss, top1: result.top1,
      top1PerLabel: Dictionary(
        uniqueKeysWithValues: zip(classNames ?? [], result.top1PerLabel)
          .compactMap { name, top1 in top1.map { (name, $0) } }),
      terms: result.terms, sources: result.sourceCount)
    try write(record)
    metrics.add(record)
    for observer in observers { observer.validated(record) }
    reporter.validated(record)
    return position.takeBest(record)
  }

  func endedEpoch(
    _ epoch: Int, of epochs: Int, _ network: Module,
    with evaluating: @escaping (_ body: () -> Void) -> Void
  ) {
    let end = EpochEnd(
      step: position.step, epoch: epoch, epochs: epochs, network: network,
      withEvaluationWeights: evaluating)
    for observer in observers { observer.endedEpoch(end) }
    clock.skip()
  }

  /// Checks for suppressed updates in steps that were not read. Waits for the device.
  ///
  /// - Throws: ``Diverged``.
  func readSuppressedSteps(
    _ nonFinite: NonFiniteSteps, plan: StepPlan, sources: (Range<Int>) -> [String]
  ) throws {
    try note(
      suppressed: Int(nonFinite.unread.item),
      lossesAreFinite: unreadLosses?.item.isFinite ?? true, nonFinite, plan: plan,
      sources: sources)
  }

  /// Stops the run because of suppressed updates, or counts them.
  private func note(
    suppressed count: Int, lossesAreFinite: Bool, _ nonFinite: NonFiniteSteps, plan: StepPlan,
    sources: (Range<Int>) -> [String]
  ) throws {
    let isEveryStep = count == position.step - lastReadStep
    lastReadStep = position.step
    suppressedInARow = isEveryStep ? suppressedInARow + count : 0
    guard count > 0 else { return }
    guard nonFinite.skips, suppressedInARow < Self.mostSkippedInARow else {
      // Without skipping, all steps after the first of them were suppressed too.
      let index = position.step - (nonFinite.skips ? suppressedInARow : count)
      throw Diverged(
        step: index + 1, number: lossesAreFinite ? .gradient : .loss,
        sources: sources(index * plan.samplesPerStep..<(index + 1) * plan.samplesPerStep))
    }
    nonFinite.clear()
    let before = position.nonFiniteSteps
    position.nonFiniteSteps += count
    // Warn at the first, the second, the fourth and so on.
    guard before.leadingZeroBitCount != position.nonFiniteSteps.leadingZeroBitCount else { return }
    speaker.warn(
      "\(Format.count(position.nonFiniteSteps, "step")) skipped so far, with a loss or gradients that are not finite "
        + "(the latest: \(count == 1 ? "step" : "one up to step") \(position.step))")
  }

  func collect(skippedSources: [Int]) {
    position.skippedSources = Set(position.skippedSources).union(skippedSources).sorted()
  }

  /// True if the last checkpoint is older than the configuration allows.
  var isCheckpointDue: Bool {
    let records = configuration.records
    return (ContinuousClock.now - lastSave).seconds > records.checkpointEveryMinutes * 60
      || records.checkpointEverySteps.map { position.step % $0 == 0 } ?? false
  }

  /// The number of steps in last.safetensors.
  var savedStep: Int { kept.latestStep ?? 0 }

  /// The checkpoints of a run.
  enum CheckpointFile {
    /// The newest checkpoint, from which the run resumes.
    case last
    /// The checkpoint with the best validation.
    case best
  }

  /// Writes a checkpoint, in the process that writes.
  func save(
    _ file: CheckpointFile, _ network: Module, _ update: WeightUpdate, classNames: [String]?
  ) throws {
    try pause.untilThereIsRoom {
      guard let log else { return }
      try log.synchronize()
      position.metricsBytes = log.byteCount
      let checkpoint = Checkpoint(
        configuration: configuration, position: position, classNames: classNames,
        network: network, optimizer: update.optimizer, average: update.average,
        lossScale: update.lossScale)
      switch file {
      case .last: try kept.save(step: position.step, write: checkpoint.write)
      case .best: try checkpoint.write(to: run.best)
      }
    }
  }

  /// Writes the state in which a run has ended, for inspection.
  ///
  /// - Returns: the path; nil if it could not be written.
  func saveDiverged(
    _ diverged: Diverged, _ network: Module, _ update: WeightUpdate, classNames: [String]?
  ) -> String? {
    guard let log else { return nil }
    var position = position
    if diverged.number != .weight { position.step = diverged.step - 1 }
    position.metricsBytes = log.byteCount
    let checkpoint = Checkpoint(
      configuration: configuration, position: position, classNames: classNames, network: network,
      optimizer: update.optimizer, average: update.average, lossScale: update.lossScale)
    return (try? checkpoint.write(to: run.diverged)).map { run.diverged }
  }

  private func write(_ record: some RunRecord) throws {
    try log?.add(record)
    let waited = pause.total
    try pause.untilThereIsRoom { try log?.flush() }
    if pause.total > waited { clock.skip() }
  }

  func savedLast(endsEpoch: Bool) {
    lastSave = .now
    if endsEpoch { for observer in observers { observer.saved(metrics) } }
    clock.skip()
  }

  func evaluated(_ evaluation: Evaluation) {
    for observer in observers { observer.evaluated(evaluation, in: run.evaluation) }
  }

  /// Records the summary, the last line of a run.
  func finish(_ summary: SummaryRecord) throws {
    try write(summary)
    metrics.add(summary)
  }
}
