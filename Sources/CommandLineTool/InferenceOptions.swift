import ArgumentParser
import Training

/// How clips are cut from videos and passed to a network.
struct InferenceOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Clips per video, evenly spaced.", valueName: "number"))
  var clips = 10

  @Option(help: ArgumentHelp("Crops per clip: 1, or 3 along the long side.", valueName: "1|3"))
  var crops = 1

  @Option(
    help: ArgumentHelp("Clips that pass through the network at once.", valueName: "number"))
  var batch = VideoInference.defaultBatch

  @OptionGroup var clip: ClipOptions

  @OptionGroup var machine: MachineOptions

  func validate() throws {
    if !(1...1000).contains(clips) {
      throw ValidationError("--clips must be from 1 to 1000, not \(clips)")
    }
    if crops != 1 && crops != 3 { throw ValidationError("--crops must be 1 or 3, not \(crops)") }
    if !(1...100_000).contains(batch) {
      throw ValidationError("--batch must be from 1 to 100000, not \(batch)")
    }
  }

  /// The network of `weights`, ready for inference.
  ///
  /// - Parameter execution: the device and the processes; nil for those of the options, in this process alone.
  /// - Throws: `ConfigurationError`.
  func inference(_ weights: Weights, on execution: ExecutionOptions? = nil) throws
    -> VideoInference
  {
    weights.makeInference(
      clip: try clip.settings(weights), clips: clips, crops: crops, batch: batch,
      options: try execution ?? machine.execution())
  }
}
