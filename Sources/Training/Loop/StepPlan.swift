/// The layout of a run: how its samples are grouped into batches, steps and epochs.
struct StepPlan {
  let epochs: Int
  let stepsPerEpoch: Int
  /// The number of samples in each batch of a step. The gradients of all batches of a step make one update.
  let batches: [Int]
  /// The number of clips made of each sample.
  let clipsPerSample: Int

  var totalSteps: Int { epochs * stepsPerEpoch }
  var samplesPerStep: Int { batches.reduce(0, +) }
  var clipsPerStep: Int { samplesPerStep * clipsPerSample }
  var samplesPerEpoch: Int { stepsPerEpoch * samplesPerStep }

  /// The batches of step `step`, counted from 0.
  func batches(ofStep step: Int) -> [BatchPlace] {
    batches.enumerated().map { part, count in
      BatchPlace(
        step: step, part: part, count: count,
        share: Double(count * clipsPerSample) / Double(clipsPerStep),
        progress: progress(atStep: step))
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
  /// The index of the batch within its step, from 0.
  let part: Int
  /// The number of samples.
  let count: Int
  /// The batch's share of the clips of its step. Its gradients are weighted by it.
  let share: Double
  /// The share of the run that is done when the step begins, from 0 to 1.
  let progress: Double
}
