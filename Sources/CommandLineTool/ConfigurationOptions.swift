import ArgumentParser
import Configuration
import Training

/// The sources and settings of a pre-training, as options shared by several commands.
struct ConfigurationOptions: ParsableArguments {
  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "Sources to train on: folders (searched recursively), pictures, videos, shards (tar files, also as "
        + "name-{0000..0123}.tar), list files (.txt, .lst, .list: one path per line), or generated ones: "
        + "synthetic:dead-leaves:N (pictures), synthetic:moving-shapes:N and the like (videos). Default: those of the "
        + "configuration, else synthetic:dead-leaves:10000.",
      valueName: "path"))
  var sources: [String] = []

  @Option(
    help: ArgumentHelp(
      "A YAML file of settings (mosi config prints one), or a preset: \(Preset.names(of: .pretraining)).",
      valueName: "file"))
  var config: String?

  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp(
      "A setting that overrides the file's, such as --set optimizer.learning_rate=0.002; repeatable.",
      valueName: "key=value"))
  var settings: [String] = []

  @Option(
    help: ArgumentHelp("Random seed. Default: the configuration's, else 0.", valueName: "number"))
  var seed: Int?

  /// The defaults, overridden by the settings of `weights`, the file (or `base` if none is given), the settings, and then
  /// the options.
  func resolved(
    base: String? = nil, startingFrom weights: Weights? = nil,
    also change: (inout PretrainingConfiguration) -> Void = { _ in }
  ) throws -> PretrainingConfiguration {
    var configuration = try PretrainingConfiguration(
      file: config ?? base, settings: settings, startingFrom: weights)
    if !sources.isEmpty { configuration.sources.paths = sources }
    if let seed { configuration.seed = seed }
    change(&configuration)
    try configuration.check()
    return configuration
  }

  /// Reports changed settings that have no effect because they belong to another task.
  func noticeIgnored(_ configuration: PretrainingConfiguration) {
    let ignored = configuration.ignoredChanges
    guard !ignored.isEmpty else { return }
    Terminal.line(
      "task.kind is \(configuration.task.kind.rawValue): \(ignored.joined(separator: ", ")) "
        + (ignored.count == 1 ? "is ignored" : "are ignored"))
  }
}
