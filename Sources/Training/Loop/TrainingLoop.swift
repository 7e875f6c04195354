import Configuration
import KeyedRandom
import Torch

/// The steps of a run, whatever is learned: gradients, updates, records, validations, checkpoints.
struct TrainingLoop<Objective: TrainingObjective, Configuration: RunConfiguration> {
  let objective: Objective
  let plan: StepPlan
  let update: WeightUpdate
  let session: RunSession<Configuration>
  let device: Device

  /// Runs the steps that are left.
  ///
  /// - Returns: false if somebody asked to stop before the end.
  func run() throws -> Bool {
    objective.network.train()
    let dropoutGenerator = Generator(seed: 0, device: device)
    objective.network.setGenerator(dropoutGenerator)
    // What opening the run took belongs to no step.
    session.clock.skip()
    if session.position.owesValidation, try !endStep() { return false }
    while session.position.step < plan.totalSteps {
      let step = session.position.step

      // One step: the gradients of its batches, then one update.
      var totals = StepTotals()
      update.clearGradients()
      for place in plan.batches(ofStep: step) {
        let batch = try session.clock.waiting { try objective.nextBatch(place) }
        dropoutGenerator.seed(dropoutSeed(place))
        let output = withAutocast(session.configuration.precision.autocast, on: device) {
          objective.evaluate(batch)
        }
        (output.loss * place.share).backward()
        totals.add(output, share: place.share)
      }
      update.apply(atStep: step, unless: totals.isNotFinite)
      try session.stepped(
        totals, plan: plan, learningRate: update.learningRate(atStep: step),
        annotations: objective.annotations(at: plan.progress(atStep: step)),
        sources: objective.sources(ofSamples:), reads: device == .cpu)
      if try !endStep() { return false }
    }
    return true
  }

  /// The end of an epoch: validation. Then a checkpoint, if there is a reason for one.
  ///
  /// - Returns: false if somebody asked to stop before the end.
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
    // Read once, so that the final message matches what was saved.
    let stops = session.reporter.wantsToStop
    // With a small training set an epoch may be one step; do not checkpoint after each.
    if isValidated || session.isCheckpointDue || stops || done == plan.totalSteps {
      try saveLast()
    }
    return !stops || done == plan.totalSteps
  }

  /// Ends the run: the last line of its records, and its last checkpoint.
  func finish(
    trainingSources: Int, validationSources: Int, skippedSources: Int,
    evaluation: SummaryRecord.FinalEvaluation? = nil
  ) throws -> SummaryRecord {
    let summary = SummaryRecord(
      position: session.position, plan: plan, metrics: session.metrics,
      chance: objective.classNames.map { 1 / Double($0.count) }, trainingSources: trainingSources,
      validationSources: validationSources, skippedSources: skippedSources, evaluation: evaluation)
    // The summary last: if it is there, everything else is done.
    try session.finish(summary)
    try save(to: session.run.last)
    return summary
  }

  /// Runs `body` with the weights that are evaluated, in evaluation mode.
  func evaluating<Result>(_ body: () throws -> Result) rethrows -> Result {
    try update.withEvaluationWeights(in: objective.network, body)
  }

  /// Reports how far an evaluation is.
  ///
  /// - Throws: ``StopRequested`` if somebody asks to stop.
  func evaluated(_ done: Int, of total: Int) throws {
    session.reporter.evaluating(done, of: total)
    if done < total, session.reporter.wantsToStop { throw StopRequested() }
  }

  /// - Returns: false if there is nothing to validate on, or it is not time.
  /// - Throws: ``StopRequested``, and what a validation throws.
  private func validate(afterEpoch epoch: Int) throws -> Bool {
    guard objective.validates(afterEpoch: epoch),
      let result = try session.validating({
        try evaluating { try objective.validate(progress: evaluated) }
      })
    else { return false }
    if try session.validated(result, epoch: epoch, classNames: objective.classNames) {
      try save(to: session.run.best)
    }
    return true
  }

  private func saveLast() throws {
    guard session.unreadLossesAreFinite,
      objective.network.trainableParameters.allSatisfy(\.tensor.isFinite)
    else {
      throw RunError.diverged(
        steps: session.position.step...session.position.step, sources: [])
    }
    try save(to: session.run.last)
    session.savedLast(endsEpoch: plan.epochEnded(bySteps: session.position.step) != nil)
  }

  private func save(to path: String) throws {
    session.collect(skippedSources: objective.skippedSources)
    try session.save(to: path, objective.network, update, classNames: objective.classNames)
  }

  /// What dropout draws is named by the batch like everything else.
  private func dropoutSeed(_ place: BatchPlace) -> UInt64 {
    var generator = KeyedGenerator(
      seed: UInt64(session.configuration.seed), .dropout, UInt64(place.step),
      UInt64(place.part))
    return generator.next()
  }
}

/// Somebody asked to stop while the network was evaluated.
struct StopRequested: Error {}
