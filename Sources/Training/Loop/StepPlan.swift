/// How the samples of a run are laid out in steps.
struct StepPlan {
  let epochs: Int
  let stepsPerEpoch: Int
  /// The samples of each batch of a step; the gradients of a step's batches make one update.
  let batches: [Int]
  /// The clips that a sample gives.
  let clipsPerSample: Int

  var totalSteps: Int { epochs * stepsPerEpoch }
  var samplesPerStep: Int { batches.reduce(0, +) }
  var clipsPerStep: Int { samplesPerStep * clipsPerSample }
  var samplesPerEpoch: Int { stepsPerEpoch * samplesPerStep }

  /// The batches of a step, counted from 0.
  func batches(ofStep step: Int) -> [BatchPlace] {
    batches.enumerated().map { part, count in
      BatchPlace(
        step: step, part: part, count: count,
        share: Double(count * clipsPerSample) / Double(clipsPerStep),
        progress: progress(atStep: step))
    }
  }

  /// How much of the run is over when a step begins, from 0 to 1.
  func progress(atStep step: Int) -> Double { Double(step) / Double(totalSteps) }

  /// The epoch, from 1, that ends when `step` steps are done; nil if none does.
  func epochEnded(bySteps step: Int) -> Int? {
    step % stepsPerEpoch == 0 ? step / stepsPerEpoch : nil
  }
}

/// Where a batch stands in the run.
struct BatchPlace {
  /// From 0.
  let step: Int
  /// The batch's number within its step.
  let part: Int
  /// Its samples.
  let count: Int
  /// Its share of the step's clips, by which its gradients are weighted.
  let share: Double
  /// From 0 to 1 over the run.
  let progress: Double
}
