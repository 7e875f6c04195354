import Configuration
import KeyedRandom
import Torch
import VideoData

/// The steps of a run for any objective: gradients, updates, records, validations, checkpoints.
struct TrainingLoop<Objective: TrainingObjective, Configuration: RunConfiguration> {
  let objective: Objective
  let plan: StepPlan
  let update: WeightUpdate
  let session: RunSession<Configuration>
  let device: Device
  let processes: Processes
  private let memory: BatchAdvice
  private let nonFinite: NonFiniteSteps

  init(
    objective: Objective, plan: StepPlan, update: WeightUpdate,
    session: RunSession<Configuration>, device: Device, processes: Processes, memory: BatchAdvice
  ) {
    self.memory = memory
    (self.objective, self.plan, self.update) = (objective, plan, update)
    (self.session, self.device, self.processes) = (session, device, processes)
    // A scaled loss may make gradients overflow: its scale is found by trying.
    nonFinite = NonFiniteSteps(
      of: objective.network,
      skips: session.configuration.optimizer.skipNonFiniteSteps || update.lossScale != nil,
      device: device)
  }

  /// Runs the remaining steps.
  ///
  /// - Returns: false if a stop was requested before the end.
  func run() throws -> Bool {
    do {
      return try TorchError.advising(ifOutOfMemory: { [memory] in memory.text }, runSteps)
    } catch is StopRequested {
      try saveIfThereIsRoom()
      return false
    } catch let error as WaitedInVain {
      try saveIfThereIsRoom()
      throw error
    } catch let error as Diverged {
      throw RunError.diverged(
        step: error.step, number: error.number.rawValue, sources: error.sources,
        state: session.saveDiverged(
          error, objective.network, update, classNames: objective.classNames))
    }
  }

  /// Saves the run without waiting for space on the disk.
  private func saveIfThereIsRoom() throws {
    do {
      try saveLast()
    } catch let error where error is StopRequested || error is WaitedInVain {}
  }

  private func runSteps() throws -> Bool {
    objective.network.train()
    let dropoutGenerator = Generator(seed: 0, device: device)
    objective.network.setGenerator(dropoutGenerator)
    let gradients = try GradientExchange(of: objective.network, over: processes)
    let statistics = StatisticsExchange(
      of: objective.network, over: processes, batches: plan.own.count)
    // The time spent opening the run does not count as part of a step.
    session.clock.skip()
    if session.position.owesValidation, try !endStep() { return false }
    while session.position.step < plan.totalSteps {
      let step = session.position.step

      // One step: the gradients of its batches, then one update.
      var totals = StepTotals()
      update.clearGradients()
      nonFinite.beginStep()
      statistics?.beginStep()
      for place in plan.batches(ofStep: step) {
        let batch: Objective.Batch
        do {
          // A step of many batches may take minutes. Several processes stop together, after a step.
          if place.part > 0, processes.count == 1, session.reporter.wantsToStop {
            throw StopRequested()
          }
          batch = try session.clock.waiting {
            // The sources, or the drive that they are on, may come back.
            try session.pause.until {
              try objective.nextBatch(place)
            } hindrance: {
              ($0 as? NoUsableSource)?.description
            }
          }
        } catch let error where error is StopRequested || error is WaitedInVain {
          // An incomplete step is undone: the run ends in the state before it.
          nonFinite.undoStep()
          throw error
        }
        dropoutGenerator.seed(dropoutSeed(place))
        let output = withAutocast(session.configuration.precision.autocast, on: device) {
          objective.evaluate(batch)
        }
        try gradients.backward(
          update.scaled(output.loss * place.share), isLastOfStep: place.isLastOfStep)
        totals.add(output, share: place.share)
      }
      try totals.sum(
        over: processes, with: statistics, dataSeconds: session.clock.dataSeconds)
      update.apply(
        atStep: step,
        unless: nonFinite.judge(
          lossIsNotFinite: totals.isNotFinite, lossScale: update.lossScale))
      try session.stepped(
        totals, plan: plan, learningRate: update.learningRate(atStep: step),
        annotations: objective.annotations(at: plan.progress(atStep: step)),
        nonFinite: nonFinite, sources: objective.sources(ofSamples:), reads: device == .cpu)
      if try !endStep() { return false }
    }
    return true
  }

  /// Validates at the end of an epoch, then writes a checkpoint if one is due.
  ///
  /// - Returns: false if a stop was requested before the end.
  private func endStep() throws -> Bool {
    let done = session.position.step
    session.note(owesValidation: false)
    var isValidated = false
    if let epoch = plan.epochEnded(bySteps: done) {
      do {
        isValidated = try validate(afterEpoch: epoch)
      } catch is StopRequested {
        session.note(owesValidation: true)
        try saveLast()
        return false
      }
      session.endedEpoch(
        epoch, of: plan.epochs, objective.network, with: { body in evaluating(body) })
    }
    // Asked once, so that the final message matches what was saved, and so that all processes stop after the same step.
    let asked = try processes.any([session.reporter.wantsToStop, session.isCheckpointDue])
    let (stops, isCheckpointDue) = (asked[0], asked[1])
    // With a small training set an epoch may be one step; do not checkpoint after each.
    if isValidated || isCheckpointDue || stops || done == plan.totalSteps {
      try saveLast()
    }
    return !stops || done == plan.totalSteps
  }

  /// Ends the run: records the summary and writes the last checkpoint.
  func finish(
    trainingSources: Int, validationSources: Int, skippedSources: Int,
    evaluation: SummaryRecord.FinalEvaluation? = nil
  ) throws -> SummaryRecord {
    let summary = SummaryRecord(
      position: session.position, plan: plan, metrics: session.metrics,
      chance: objective.classNames.map { 1 / Double($0.count) }, trainingSources: trainingSources,
      validationSources: validationSources, skippedSources: skippedSources, evaluation: evaluation)
    // Write the summary last: if it exists, everything else is done.
    try session.finish(summary)
    try save(.last)
    return summary
  }

  /// Runs `body` in evaluation mode, with the weights that are evaluated.
  func evaluating<Result>(_ body: () throws -> Result) rethrows -> Result {
    try update.withEvaluationWeights(in: objective.network, body)
  }

  /// Reports the progress of an evaluation.
  ///
  /// - Throws: ``StopRequested`` if a stop was requested.
  func evaluated(_ done: Int, of total: Int) throws {
    session.reporter.evaluating(done, of: total)
    if done < total, session.reporter.wantsToStop { throw StopRequested() }
  }

  /// Validates if there are validation sources and validation is due after this epoch.
  ///
  /// - Returns: true if the network was validated.
  /// - Throws: ``StopRequested``, and errors of the validation.
  private func validate(afterEpoch epoch: Int) throws -> Bool {
    guard objective.validates(afterEpoch: epoch),
      let result = try session.validating({
        try evaluating { try objective.validate(progress: evaluated) }
      })
    else { return false }
    if try session.validated(result, epoch: epoch, classNames: objective.classNames) {
      try save(.best)
    }
    return true
  }

  private func saveLast() throws {
    try session.readSuppressedSteps(
      nonFinite, plan: plan, sources: objective.sources(ofSamples:))
    guard objective.network.trainableParameters.allSatisfy(\.tensor.isFinite) else {
      throw Diverged(step: session.position.step, number: .weight, sources: [])
    }
    try save(.last)
    session.savedLast(endsEpoch: plan.epochEnded(bySteps: session.position.step) != nil)
  }

  private func save(_ file: RunSession<Configuration>.CheckpointFile) throws {
    session.collect(
      skippedSources: try processes.gather(objective.skippedSources).flatMap(\.self))
    try processes.checkEqual(objective.network.state)
    try session.save(file, objective.network, update, classNames: objective.classNames)
  }

  /// The seed of dropout for a batch. It depends on the batch only, like every other random draw.
  private func dropoutSeed(_ place: BatchPlace) -> UInt64 {
    var generator = KeyedGenerator(
      seed: UInt64(session.configuration.seed), .dropout, UInt64(place.step),
      UInt64(place.part))
    return generator.next()
  }
}

/// The error if a stop was requested before anything had to be saved.
public struct StopRequested: Error, Sendable {
  /// The error.
  public init() {}
}
