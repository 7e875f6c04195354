import ArgumentParser
import Training
import VideoData

/// A dataset, as options that several commands share; what is left out comes from the configuration of a fine-tuning,
/// where there is one.
struct DatasetOptions: ParsableArguments {
  @Option(help: ArgumentHelp("How the videos are listed.", valueName: "kind"))
  var dataset: DatasetKind?

  @Option(help: ArgumentHelp("The folder of the videos.", valueName: "dir"))
  var videos: String?

  @Option(
    help: ArgumentHelp(
      "The folder of the official lists (ucf101, hmdb51, kinetics), or the file of --dataset csv.",
      valueName: "path"))
  var splits: String?

  @Option(
    help: ArgumentHelp(
      "Frames a second of videos that are kept as folders of frames. Default: 25.",
      valueName: "fps"))
  var frameRate: Double?

  /// The settings `base` with what was typed.
  ///
  /// - Throws: `ValidationError` where kind or folder are named nowhere, `ConfigurationError` for impossible values.
  func settings(over base: FinetuningConfiguration.Dataset? = nil, split: Int? = nil) throws
    -> FinetuningConfiguration.Dataset
  {
    guard dataset ?? base?.kind != nil else {
      throw ValidationError("--dataset is missing: name the kind of the dataset")
    }
    var settings = base ?? .init()
    if let dataset { settings.kind = dataset }
    if let videos { settings.videos = videos }
    if let splits { settings.splits = splits }
    if let frameRate { settings.frameRate = frameRate }
    if let split { settings.split = split }
    guard !settings.videos.isEmpty else {
      throw ValidationError("--videos is missing: name the folder of the videos")
    }
    try settings.check()
    return settings
  }
}

extension DatasetKind: ExpressibleByArgument {}
