import ArgumentParser
import Configuration
import Training

/// What a pre-training learns from and how, as options that several commands share.
struct ConfigurationOptions: ParsableArguments {
  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "What to learn from: folders (searched through), pictures, videos, list files (.txt, .lst, .list: a path a "
        + "line), or synthetic:dead-leaves:N, pictures made on the fly. Default: the configuration's, which is "
        + "synthetic:dead-leaves:10000.", valueName: "path"))
  var sources: [String] = []

  @Option(
    help: ArgumentHelp(
      "A YAML file of settings (mosi config prints one), or a preset: \(Preset.names(of: .pretraining)).",
      valueName: "file"))
  var config: String?

  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp(
      "One setting over the file's, as --set optimizer.learning_rate=0.002; can be repeated.",
      valueName: "key=value"))
  var settings: [String] = []

  @Option(help: ArgumentHelp("The random seed.", valueName: "number"))
  var seed: Int?

  /// The defaults, the file (or `base` where none is named), the settings, then the options.
  func resolved(
    base: String? = nil, also change: (inout PretrainingConfiguration) -> Void = { _ in }
  ) throws -> PretrainingConfiguration {
    var configuration = try PretrainingConfiguration(file: config ?? base, settings: settings)
    if !sources.isEmpty { configuration.sources.paths = sources }
    if let seed { configuration.seed = seed }
    change(&configuration)
    try configuration.check()
    let ignored = configuration.ignoredChanges
    if !ignored.isEmpty {
      Terminal.line(
        "task.kind is \(configuration.task.kind.rawValue): \(ignored.joined(separator: ", ")) "
          + (ignored.count == 1 ? "is ignored" : "are ignored"))
    }
    return configuration
  }
}
