import ArgumentParser
import Configuration
import Training
import VideoData
import VideoSamples

/// How clips are cut from videos. The weights determine options that are not given.
struct ClipOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("Frames per clip. Default: from the weights, else 16.", valueName: "number"))
  var frames: Int?

  @Option(
    help: ArgumentHelp(
      "Distance between the frames of a clip, in frames of a video of --rate. Default: from the weights, else 4.",
      valueName: "number"))
  var interval: Int?

  @Option(
    help: ArgumentHelp(
      "Frames per second in which --interval counts. Default: from the weights, else 30.",
      valueName: "fps"))
  var rate: Double?

  @Option(
    help: ArgumentHelp(
      "Side of a clip in pixels. Default: from the weights, else 112.", valueName: "pixels"))
  var size: Int?

  @Option(
    help: ArgumentHelp(
      "How frames are scaled before cropping: paper (short side = size) or released (short side = 2 x size). "
        + "Default: from the weights, else paper.", valueName: "preset"))
  var preset: SpatialPreset?

  /// How clips are cut for the network of `weights`.
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
    try weights.model.check(frames: clip.frames, size: clip.size)
    return clip
  }
}

extension SpatialPreset: ExpressibleByArgument {}
