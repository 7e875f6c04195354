import ArgumentParser
import Configuration
import Torch
import Training
import VideoData
import VideoSamples

/// How clips are cut from videos, as options that several commands share.
struct ClipOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Frames a clip. Default for this and the next four: what the weights were fine-tuned with. Pre-trainings tell "
        + "frames and size alone, state dicts nothing: then 16, 4, 30, 112, paper.",
      valueName: "number"))
  var frames: Int?

  @Option(
    help: ArgumentHelp(
      "The distance of a clip's frames, in frames of a video of --rate.", valueName: "number"))
  var interval: Int?

  @Option(help: ArgumentHelp("Frames a second that --interval counts in.", valueName: "fps"))
  var rate: Double?

  @Option(help: ArgumentHelp("The side of a clip in pixels.", valueName: "pixels"))
  var size: Int?

  @Option(
    help: ArgumentHelp(
      "How a clip is cut: paper (short side = size) or released (short side = 2 x size).",
      valueName: "preset"))
  var preset: SpatialPreset?

  /// The clips that the network of `weights` is shown.
  ///
  /// - Throws: `ConfigurationError`.
  func settings(_ weights: Weights) throws -> ClipSettings {
    var clip = weights.clip ?? ClipSettings()
    if let frames { clip.frames = frames }
    if let interval { clip.interval = interval }
    if let rate { clip.framesPerSecond = rate }
    if let size { clip.size = size }
    if let preset { clip.crop = preset }
    try clip.check(as: "clip")
    return clip
  }
}

/// How clips are cut from videos and shown to a network, as options that several commands share.
struct InferenceOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Clips a video, spread over it.", valueName: "number"))
  var clips = 10

  @Option(help: ArgumentHelp("Crops a clip: 1, or 3 along the long side.", valueName: "1|3"))
  var crops = 1

  @Option(
    help: ArgumentHelp("Clips that go through the network at once.", valueName: "number"))
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

  /// Whether videos are judged as at the end of the fine-tuning that `weights` come from.
  func isAsTrained(_ weights: Weights) throws -> Bool {
    guard let finetuning = weights.finetuning else { return false }
    return try clips == finetuning.validation.testClipsPerVideo && crops == 1
      && clip.settings(weights) == finetuning.clip
  }

  /// The network of `weights`, ready to be shown videos, in the precision that it was trained in.
  ///
  /// - Throws: `ConfigurationError`.
  func inference(_ weights: Weights) throws -> VideoInference {
    let clip = try clip.settings(weights)
    let options = try machine.execution()
    let model = weights.makeModel()
    model.move(to: options.device)
    if options.device.isCUDA { Runtime.preferSpeedOnCUDA() }
    return VideoInference(
      model: model, normalization: weights.normalization ?? .video,
      clip: clip,
      clips: clips, crops: crops, batch: batch, device: options.device,
      precision: weights.finetuning?.precision ?? .float32, workers: options.workers)
  }
}

extension SpatialPreset: ExpressibleByArgument {}
