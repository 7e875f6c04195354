import Configuration
import Foundation
import KeyedRandom
import MoSI
import Pretext
import SafeFiles
import Torch
import VideoModels

/// The steps of a run, whatever is learned: gradients, updates, records, validations, checkpoints.
struct TrainingLoop<Configuration: RunConfiguration> {
  let configuration: Configuration
  let run: RunFolder
  let model: VideoClassifier
  let classNames: [String]
  let plan: StepPlan
  let device: Device
  let regularization: Regularization
  let reporter: any TrainingReporter
  private let optimizer: any Optimizer
  private let average: ExponentialMovingAverage?
  private let resumes: Bool
  private(set) var position: TrainingPosition
  private var metrics: MetricsLog!
  private var board: TensorBoardLog!

  /// What keeps a small training set from being learned by heart.
  struct Regularization {
    /// Of the labels, as in Szegedy et al. (2016).
    var labelSmoothing = 0.0
    /// Gradients of a larger norm are scaled down to it; nil leaves them as they are.
    var gradientNorm: Double?
    /// The decay of the average of all weights over the steps, which is then what is judged; nil for none.
    var averageDecay: Double?
  }

  /// Takes over `model`, on its device and with whatever is frozen frozen, and goes on from `checkpoint` where there is
  /// one.
  init(
    _ configuration: Configuration, in run: RunFolder, from checkpoint: Checkpoint<Configuration>?,
    model: VideoClassifier, classNames: [String], plan: StepPlan, device: Device,
    regularization: Regularization = Regularization(), reporter: any TrainingReporter
  ) throws {
    self.configuration = configuration
    self.run = run
    self.model = model
    self.classNames = classNames
    self.plan = plan
    self.device = device
    self.regularization = regularization
    self.reporter = reporter
    optimizer = configuration.optimizer.makeOptimizer(for: model)
    average = regularization.averageDecay.map { ExponentialMovingAverage(of: model, decay: $0) }
    resumes = checkpoint != nil
    position = checkpoint?.position ?? TrainingPosition()
    try checkpoint?.restore(model: model, optimizer: optimizer, average: average, path: run.last)
  }

  /// Makes the run's folder, or opens it to go on.
  ///
  /// - Parameters:
  ///   - sources: a number that changes with what is learned from; a run goes on with the same only.
  ///   - preview: draws what is learned from to a path. Decode before: that nothing can be used leaves no run behind.
  ///   - introduction: a line for the person.
  mutating func open(sources: UInt64, introduction: String, preview: ((String) throws -> Void)?)
    throws
  {
    if resumes {
      guard position.sources == sources else { throw RunError.differentSources(path: run.path) }
    } else {
      position.sources = sources
      try run.prepare {
        try replaceFile(at: run.configuration, with: Data(try configuration.yaml.utf8))
        // From here on there is something to resume, whenever the run is killed.
        try write(to: run.last)
      }
    }
    metrics = try MetricsLog(path: run.metrics, keeping: position.metricsBytes)
    run.removePartialFiles()
    do {
      try preview?(run.preview)
    } catch {
      reporter.warn("no preview was drawn: \(error)")
    }
    board = TensorBoardLog(
      run: run, restartingAt: resumes ? position.step : nil, reporter: reporter)
    let clips = plan.clipsPerStep
    reporter.note(
      "\(configuration.model.architecture.rawValue), width \(configuration.model.width), "
        + "\(model.parameterCount) parameters on \(device); \(introduction); "
        + "\(plan.totalSteps) \(plan.totalSteps == 1 ? "step" : "steps") of \(clips) "
        + (clips == 1 ? "clip" : "clips")
        + (position.step > 0 ? ", \(position.step) of them done" : ""))
  }

  /// Where a batch stands in the run.
  struct BatchPosition {
    let step: Int
    /// The batch's number within its step.
    let part: Int
    /// From 0 to 1 over the run.
    let progress: Double
  }

  /// Runs the steps that are left.
  ///
  /// - Parameters:
  ///   - batch: the labelled clips of the plan's next batch; asked for in order.
  ///   - maskRatio: the range of the mask at a progress, for the records.
  ///   - badSources: the indices of the sources that could not be used so far.
  ///   - watched: a few clips in which TensorBoard shows where the network looks.
  ///   - validates: whether the model is judged at the end of an epoch, counted from 1.
  ///   - validation: judges the model, which it finds in evaluation mode; nil where there is nothing to judge it by.
  /// - Returns: false where somebody asked to stop before the end.
  mutating func train(
    batch: (BatchPosition) throws -> LabelledClips,
    maskRatio: (_ progress: Double) -> ClosedRange<Double>? = { _ in nil },
    badSources: () -> [Int], watched: LabelledClips? = nil,
    validates: (_ epoch: Int) -> Bool = { _ in true },
    validation: () throws -> ValidationResult?
  ) throws -> Bool {
    let schedule = configuration.optimizer.makeSchedule(totalSteps: plan.totalSteps)
    let autocast = configuration.precision.autocast
    let seed = UInt64(configuration.seed)
    var speed = SpeedMeter(clipsPerStep: plan.clipsPerStep)
    var lastSave = ContinuousClock.now
    var view = NetworkView(
      watched, classNames: classNames, normalization: configuration.normalization.normalization,
      architecture: configuration.model.architecture)
    func collectBadSources() {
      position.badSources = Set(position.badSources).union(badSources()).sorted()
    }

    model.train()
    while position.step < plan.totalSteps {
      let begun = ContinuousClock.now
      let epoch = position.step / plan.stepsPerEpoch
      let progress = Double(position.step) / Double(plan.totalSteps)
      let learningRate = schedule.rate(at: position.step)

      // One step: the gradients of its batches, then one update.
      optimizer.clearGradients()
      var stepLoss = 0.0
      var stepTop1 = 0.0
      for part in plan.batches.indices {
        let made = try batch(BatchPosition(step: position.step, part: part, progress: progress))
        // Dropout draws from libtorch's generator: named by the step like everything else.
        var dropout = KeyedGenerator(
          seed, DrawPurpose.dropout.rawValue, UInt64(position.step), UInt64(part))
        Runtime.seed(dropout.next())
        let (logits, loss) = withAutocast(autocast, on: device) {
          let logits = model(made.clips)
          let loss = crossEntropy(
            logits.to(.float32), made.labels, smoothing: regularization.labelSmoothing)
          return (logits, loss)
        }
        let share = Double(made.labels.count) / Double(plan.clipsPerStep)
        (loss * share).backward()
        let hits = logits.detached().argmax(1).equal(to: made.labels).to(.float32).mean()
        stepLoss += loss.detached().item * share
        stepTop1 += hits.item * share
      }
      guard stepLoss.isFinite else { throw RunError.diverged(step: position.step + 1) }
      if let norm = regularization.gradientNorm {
        _ = clipGradients(of: model.parameters, toNorm: norm)
      }
      optimizer.step(learningRate: learningRate)
      average?.update()
      position.step += 1

      // Records of the step.
      let seconds = (ContinuousClock.now - begun).seconds
      position.trainingSeconds += seconds
      speed.add(seconds: seconds)
      if position.step % configuration.records.stepInterval == 0
        || position.step == plan.totalSteps
      {
        let record = StepRecord(
          step: position.step, epoch: epoch + 1, loss: stepLoss, top1: stepTop1,
          learningRate: learningRate,
          maskRatio: maskRatio(progress).map { [$0.lowerBound, $0.upperBound] },
          clipsPerSecond: speed.latest)
        try metrics.append(record)
        board.record(record)
      }
      reporter.stepped(
        speed.progress(
          step: position.step, totalSteps: plan.totalSteps, epoch: epoch + 1, epochs: plan.epochs,
          loss: stepLoss, top1: stepTop1))

      // The end of an epoch: validation, checkpoint.
      let endsEpoch = position.step % plan.stepsPerEpoch == 0
      var isJudged = false
      if endsEpoch {
        if validates(epoch + 1), let result = try judged(validation) {
          let record = ValidationRecord(
            step: position.step, epoch: epoch + 1, loss: result.loss, top1: result.top1,
            top1PerLabel: Dictionary(
              uniqueKeysWithValues: zip(classNames, result.top1PerLabel)
                .compactMap { name, top1 in top1.map { (name, $0) } }),
            sources: result.sourceCount)
          try metrics.append(record)
          board.record(record)
          reporter.validated(record)
          isJudged = true
          if result.top1 > position.bestTop1 {
            position.bestTop1 = result.top1
            collectBadSources()
            try save(to: run.best)
          }
        }
      }
      if endsEpoch, board.isOpen, view.isDue(epoch: epoch + 1, of: plan.epochs) {
        view.record(model, to: board, step: position.step) { body in whileJudged(body) }
      }
      let isDue =
        (ContinuousClock.now - lastSave).seconds > configuration.records.checkpointMinutes * 60
      // Asked once: what is told as saved has been saved.
      let stops = reporter.wantsToStop
      // Of a small training set an epoch may be a single step, and a checkpoint each would cost more than it.
      let isLast = position.step == plan.totalSteps
      if isJudged || isDue || stops || isLast {
        guard model.trainableParameters.allSatisfy(\.tensor.isFinite) else {
          throw RunError.diverged(step: position.step)
        }
        collectBadSources()
        try save(to: run.last)
        lastSave = .now
        if endsEpoch { drawCurves() }
      }
      if stops, position.step < plan.totalSteps { return false }
    }
    return true
  }

  /// Ends the run: the last line of its records.
  mutating func finish(
    trainingSources: Int, validationSources: Int, badSources: Int,
    evaluation: SummaryRecord.FinalEvaluation? = nil
  ) throws -> SummaryRecord {
    let records = try Metrics(contentsOf: run.metrics)
    let lastEpoch = records.steps.filter { $0.epoch == plan.epochs }
    let clips = Double(plan.totalSteps * plan.clipsPerStep)
    let summary = SummaryRecord(
      step: position.step, epoch: plan.epochs,
      loss: lastEpoch.map(\.loss).reduce(0, +) / Double(max(lastEpoch.count, 1)),
      top1: records.validations.last?.top1,
      bestTop1: position.bestTop1 < 0 ? nil : position.bestTop1, chance: chance,
      clipsPerSecond: clips / position.trainingSeconds,
      seconds: position.trainingSeconds + position.validationSeconds,
      trainingSources: trainingSources, validationSources: validationSources,
      badSources: badSources, evaluation: evaluation)
    // The summary last: where it stands, all else is done.
    try metrics.append(summary)
    try save(to: run.last)
    return summary
  }

  /// Ends the event files.
  func close() { board?.close() }

  /// Runs `body` with the weights that are judged, in evaluation mode.
  func whileJudged<Result>(_ body: () throws -> Result) rethrows -> Result {
    model.train(false)
    defer { model.train() }
    return if let average { try average.withAverages(body) } else { try body() }
  }

  private var chance: Double { 1 / Double(classNames.count) }

  private mutating func judged(_ validation: () throws -> ValidationResult?) throws
    -> ValidationResult?
  {
    let begun = ContinuousClock.now
    let result = try whileJudged(validation)
    position.validationSeconds += (ContinuousClock.now - begun).seconds
    return result
  }

  private mutating func save(to path: String) throws {
    try metrics.synchronize()
    position.metricsBytes = metrics.byteCount
    try write(to: path)
  }

  private func write(to path: String) throws {
    try Checkpoint(
      configuration: configuration, position: position, classNames: classNames, model: model,
      optimizer: optimizer, average: average
    ).write(to: path)
  }

  private func drawCurves() {
    do {
      try LearningCurves(of: Metrics(contentsOf: run.metrics), chance: chance)
        .write(to: run, title: Configuration.phase.title)
    } catch {
      // No reason to lose a training.
      reporter.warn("the learning curves are not up to date: \(error)")
    }
  }
}

/// How a model does on what it has not been trained on.
struct ValidationResult {
  /// The mean cross-entropy over the clips, in nats.
  let loss: Double
  let top1: Double
  /// By label; nil for one that nothing is there of.
  let top1PerLabel: [Double?]
  /// The number of sources or videos judged by.
  let sourceCount: Int
}

/// What the draws of a training are for: a part of their keys, so that no two purposes share a stream.
enum DrawPurpose: UInt64 {
  case source = 1
  case clips
  case dropout
  case preview
  case shots
  case folders
}

extension RunFolder {
  /// The checkpoint to go on from.
  ///
  /// - Throws: ``RunError`` where there is none, or `configuration` is another than the run's.
  func resumable<Configuration: RunConfiguration>(_ configuration: Configuration) throws
    -> Checkpoint<Configuration>
  {
    try check(resuming: true)
    let checkpoint = try Checkpoint<Configuration>(contentsOf: last)
    let differences = try configuration.differences(from: checkpoint.configuration)
    guard differences.isEmpty else {
      throw RunError.differentConfiguration(path: path, keys: differences)
    }
    return checkpoint
  }
}

/// A number that changes with the names and their order.
func digest(of lists: [[String]]) -> UInt64 {
  var hash = FNV1a()
  for names in lists {
    for name in names {
      hash.add(name.utf8)
      hash.add([0])
    }
    hash.add([0xFF])
  }
  return hash.value
}
