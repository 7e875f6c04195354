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
}
