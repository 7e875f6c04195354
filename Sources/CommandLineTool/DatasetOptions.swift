import ArgumentParser
import Configuration
import Training
import VideoData

/// An action dataset. Options that are not given come from the configuration of a fine-tuning, if there is one.
struct DatasetOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The format of the dataset: ucf101, hmdb51, kinetics, ssv2 (Something-Something V2; its clips are not mirrored unless "
        + "clip.flip_probability is set), diving48, mmaction2 (lists of MMAction2), csv (path, label, split), folders "
        + "(one per class, inside train, val and test; without these, a fifth of each class is for testing) or shards "
        + "(train-000000.tar and so on, with a member .cls beside each video).",
      valueName: "format"
    ))
  var dataset: DatasetKind?

  @OptionGroup var root: DataRootOption

  @Option(
    help: ArgumentHelp(
      "The lists of the dataset. ucf101: the folder of classInd.txt, trainlist0N.txt and testlist0N.txt. hmdb51: the folder "
        + "of CLASS_test_splitN.txt. kinetics: the folder of train.csv and val.csv. ssv2: the folder of train.json, "
        + "validation.json and labels.json. diving48: the folder of Diving48_V2_train.json, Diving48_V2_test.json and "
        + "Diving48_vocab.json. mmaction2: the folder of lists named after train, val or test, with lines 'path label' or "
        + "'folder frames label', and a label map (names in order) if there is one. csv: the file (path, absolute or "
        + "relative to --data-root; label; split: train, val or test). Default for csv: annotations.csv in --data-root.",
      valueName: "path"))
  var splits: String?

  @Option(
    help: ArgumentHelp(
      "The official split of ucf101 or hmdb51, 1 to 3; of mmaction2, the number after \"split\" in the names of lists. "
        + "Default: the fine-tuning's, else 1.",
      valueName: "number"))
  var split: SplitNumbers?

  @OptionGroup var frameRate: FrameRateOption

  /// For commands that use a single split: call this in `validate`.
  func requireOneSplit() throws {
    guard let split, split.values.count != 1 else { return }
    throw ValidationError("--split must be a single number here, not \(split)")
  }

  /// The settings `base`, overridden by the options, with the split `number` or the first one given.
  ///
  /// - Throws: `ValidationError` if something is missing or contradictory, `ConfigurationError`.
  func settings(over base: FinetuningConfiguration.Dataset? = nil, split number: Int? = nil) throws
    -> FinetuningConfiguration.Dataset
  {
    try datasetSettings(
      dataset, root: root.path, splits: splits, split: number ?? split?.values[0],
      frameRate: frameRate.frameRate, over: base)
  }
}

/// The folder of a dataset's videos.
struct DataRootOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The folder of the dataset's videos, or of folders of their frames.", valueName: "dir"))
  var dataRoot: String?

  @Option(name: .customLong("videos"), help: .hidden)
  var oldDataRoot: String?

  /// - Throws: `ValidationError` if the folder is given twice.
  var path: String? {
    get throws { try renamed("--data-root", dataRoot, from: "--videos", oldDataRoot) }
  }
}

/// The settings `base`, overridden by the options.
///
/// - Throws: `ValidationError` if something is missing or contradictory, `ConfigurationError`.
func datasetSettings(
  _ dataset: DatasetKind?, root: String?, splits: String?, split: Int?, frameRate: Double?,
  over base: FinetuningConfiguration.Dataset? = nil
) throws -> FinetuningConfiguration.Dataset {
  guard dataset != nil || base != nil else {
    throw ValidationError("--dataset is missing: name the format of the dataset")
  }
  var settings = base ?? .init()
  if let dataset {
    // The lists of one format are meaningless in another.
    if dataset != settings.kind { (settings.splits, settings.split) = (nil, 1) }
    settings.kind = dataset
  }
  if let root { settings.videos = root }
  if let splits { settings.splits = splits }
  if let frameRate { settings.frameRate = frameRate }
  if let split { settings.split = split }
  guard settings.videos != nil else {
    throw ValidationError("--data-root is missing: name the folder of the videos")
  }
  switch settings.kind.listPlace {
  case .folder:
    if settings.splits == nil {
      throw ValidationError(
        "--dataset \(settings.kind.rawValue) needs --splits, the folder of its lists")
    }
  case .none:
    if settings.splits != nil {
      throw ValidationError(
        "--dataset \(settings.kind.rawValue) has no lists: leave out --splits")
    }
  case .fileBesideVideos: break
  }
  try settings.check(as: "dataset")
  return settings
}

extension FinetuningConfiguration.Dataset {
  /// Rejects an output folder among the videos if all folders there are searched.
  ///
  /// - Throws: `ValidationError`.
  func requireOutput(_ output: String?) throws {
    guard kind == .folders || kind == .shards, let videos else { return }
    try CommandLineTool.requireOutput(output, outside: [videos])
  }
}

extension DatasetKind: ExpressibleByArgument {}
extension Subset: ExpressibleByArgument {}

/// Numbers of splits, such as `1` or `1,2,3`, not empty and without duplicates.
struct SplitNumbers: ExpressibleByArgument, CustomStringConvertible {
  let values: [Int]

  init?(argument: String) {
    let values = argument.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
    let numbers = values.compactMap { $0 }.filter { (1...99).contains($0) }
    guard numbers.count == values.count, Set(numbers).count == numbers.count else { return nil }
    self.values = numbers
  }

  var description: String { values.map(String.init).joined(separator: ",") }
}
