import ArgumentParser
import Configuration
import Training
import VideoData

/// An action dataset and where it lies, as options that several commands share; what is left out comes from the
/// configuration of a fine-tuning, where there is one.
struct DatasetOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The form of the dataset: ucf101, hmdb51, kinetics, csv (path,label,split), folders (of classes, in train, "
        + "val and test or not: then a fifth of each class is for the test).", valueName: "kind"))
  var dataset: DatasetKind?

  @Option(
    help: ArgumentHelp(
      "The folder of the videos, or of folders of their frames; by class or not.",
      valueName: "dir"))
  var videos: String?

  @Option(
    help: ArgumentHelp(
      "The lists. ucf101: folder of classInd.txt, trainlist0N.txt, testlist0N.txt. hmdb51: folder of "
        + "CLASS_test_splitN.txt. kinetics: folder of train.csv and val.csv. csv: the file (path, absolute or "
        + "from --videos; label; split: train, val or test); default: annotations.csv in the folder of the videos.",
      valueName: "path"))
  var splits: String?

  @Option(
    help: ArgumentHelp(
      "Which of the official splits of ucf101 and hmdb51, 1 to 3. Default: the fine-tuning's, else 1.",
      valueName: "number"
    ))
  var split: SplitNumbers?

  @Option(
    help: ArgumentHelp(
      "The frames a second of folders of frames. Default: the fine-tuning's, else 25.",
      valueName: "fps"))
  var frameRate: Double?

  func validate() throws {
    if let frameRate { try checkFrameRate(frameRate) }
  }

  /// For commands that work on one split: call this in `validate`.
  func requireOneSplit() throws {
    guard let split, split.values.count != 1 else { return }
    throw ValidationError("--split is to be a single number here, not \(split)")
  }

  /// The settings `base` with what was typed, in the split number `number` or the first that was typed.
  ///
  /// - Throws: `ValidationError` where something is named nowhere or does not fit, `ConfigurationError`.
  func settings(over base: FinetuningConfiguration.Dataset? = nil, split number: Int? = nil) throws
    -> FinetuningConfiguration.Dataset
  {
    try datasetSettings(
      dataset, videos: videos, splits: splits, split: number ?? split?.values[0],
      frameRate: frameRate, over: base)
  }
}

/// The settings `base` with what was typed.
///
/// - Throws: `ValidationError` where something is named nowhere or does not fit, `ConfigurationError`.
func datasetSettings(
  _ dataset: DatasetKind?, videos: String?, splits: String?, split: Int?, frameRate: Double?,
  over base: FinetuningConfiguration.Dataset? = nil
) throws -> FinetuningConfiguration.Dataset {
  guard dataset != nil || base != nil else {
    throw ValidationError("--dataset is missing: name the form of the dataset")
  }
  var settings = base ?? .init()
  if let dataset {
    // Lists of another form mean nothing here.
    if dataset != settings.kind { (settings.splits, settings.split) = (nil, 1) }
    settings.kind = dataset
  }
  if let videos { settings.videos = videos }
  if let splits { settings.splits = splits }
  if let frameRate { settings.frameRate = frameRate }
  if let split { settings.split = split }
  guard settings.videos != nil else {
    throw ValidationError("--videos is missing: name the folder of the videos")
  }
  switch settings.kind {
  case .ucf101, .hmdb51, .kinetics:
    if settings.splits == nil {
      throw ValidationError(
        "--dataset \(settings.kind.rawValue) needs --splits, the folder of its lists")
    }
  case .folders:
    if settings.splits != nil {
      throw ValidationError("--dataset folders has no lists, so that --splits means nothing")
    }
  case .csv: break
  }
  try settings.check(as: "dataset")
  return settings
}

extension DatasetKind: ExpressibleByArgument {}
extension Subset: ExpressibleByArgument {}

/// Numbers of splits, as `1` or `1,2,3`; never empty, each once.
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
