/// The layout of a run: how its samples are grouped into batches, steps and epochs.
struct StepPlan {
  let epochs: Int
  let stepsPerEpoch: Int
  /// The number of samples in each batch of a step, over all processes. The gradients of all batches of a step make one
  /// update.
  let batches: [Int]
  /// The number of clips made of each sample.
  let clipsPerSample: Int

  /// Which of the batches of each step this process computes; the other processes compute the rest.
  private(set) var own: Range<Int>

  init(epochs: Int, stepsPerEpoch: Int, batches: [Int], clipsPerSample: Int) {
    self.epochs = epochs
    self.stepsPerEpoch = stepsPerEpoch
    self.batches = batches
    self.clipsPerSample = clipsPerSample
    own = batches.indices
  }

  /// The same steps, each shared equally between the processes: rank after rank, each has its turn of batches.
  ///
  /// - Throws: ``RunError/unequalShares(batches:processes:)`` if the batches of a step cannot be shared equally.
  func shared(between processes: Processes) throws -> StepPlan {
    guard batches.count % processes.count == 0 else {
      throw RunError.unequalShares(batches: batches.count, processes: processes.count)
    }
    var plan = self
    let count = batches.count / processes.count
    plan.own = processes.rank * count..<(processes.rank + 1) * count
    return plan
  }

  var totalSteps: Int { epochs * stepsPerEpoch }
  var samplesPerStep: Int { batches.reduce(0, +) }
  var clipsPerStep: Int { samplesPerStep * clipsPerSample }
  var samplesPerEpoch: Int { stepsPerEpoch * samplesPerStep }
  /// The samples of a step that this process loads.
  var ownSamplesPerStep: Int { batches[own].reduce(0, +) }

  /// The position in the run of the sample at `index` of those that this process loads; both count from 0.
  func position(ofOwnSample index: Int) -> Int {
    let (step, offset) = index.quotientAndRemainder(dividingBy: ownSamplesPerStep)
    return step * samplesPerStep + batches[..<own.lowerBound].reduce(0, +) + offset
  }

  /// This process's batches of a step, counted from 0.
  func batches(ofStep step: Int) -> [BatchPlace] {
    own.map { part in
      BatchPlace(
        step: step, part: part, count: batches[part],
        share: Double(batches[part] * clipsPerSample) / Double(clipsPerStep),
        isLastOfStep: part == own.upperBound - 1, progress: progress(atStep: step))
    }
  }

  /// The share of the run that is done when a step begins, from 0 to 1.
  func progress(atStep step: Int) -> Double { Double(step) / Double(totalSteps) }

  /// The epoch, from 1, that ends when `step` steps are done; nil if none does.
  func epochEnded(bySteps step: Int) -> Int? {
    step % stepsPerEpoch == 0 ? step / stepsPerEpoch : nil
  }
}

/// The position of a batch in the run.
struct BatchPlace {
  /// The index of the step, from 0.
  let step: Int
  /// The index of the batch within its step, over all processes: rank x batches of a process + index there.
  let part: Int
  /// The number of samples.
  let count: Int
  /// The batch's share of the clips of its step. Its gradients are weighted by it.
  let share: Double
  /// True if it is the last one of this process before the update.
  let isLastOfStep: Bool
  /// The share of the run that is done when the step begins, from 0 to 1.
  let progress: Double
}
