import ArgumentParser
import VideoData

/// An action dataset and where it lies, as options that several commands share.
struct DatasetOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The form of the dataset: ucf101, hmdb51, kinetics, csv (path,label,split), folders (of classes, in train, "
        + "val and test or not: then a fifth of each class is for the test).", valueName: "kind"))
  var dataset: DatasetKind

  @Option(
    help: ArgumentHelp(
      "The folder of the videos, or of folders of their frames; by class or not.",
      valueName: "dir"))
  var videos: String

  @Option(
    help: ArgumentHelp(
      "The lists. ucf101: folder of classInd.txt, trainlist0N.txt, testlist0N.txt. hmdb51: folder of "
        + "CLASS_test_splitN.txt. kinetics: folder of train.csv and val.csv. csv: the file; default: annotations.csv "
        + "in the folder of the videos.", valueName: "path"))
  var splits: String?

  @Option(
    help: ArgumentHelp(
      "Which of the official splits of ucf101 and hmdb51, 1 to 3.", valueName: "number"))
  var split = SplitNumbers(values: [1])

  @Option(help: ArgumentHelp("The frames a second of folders of frames.", valueName: "fps"))
  var frameRate = 25.0

  func validate() throws {
    switch dataset {
    case .ucf101, .hmdb51, .kinetics:
      if splits == nil {
        throw ValidationError(
          "--dataset \(dataset.rawValue) needs --splits, the folder of its lists")
      }
    case .folders:
      if splits != nil {
        throw ValidationError("--dataset folders has no lists, so that --splits means nothing")
      }
    case .csv: break
    }
    guard frameRate > 0, frameRate <= 1000 else {
      throw ValidationError("--frame-rate must be above 0 and at most 1000")
    }
  }

  /// The dataset in its split number `split`.
  func description(split: Int) -> DatasetDescription {
    DatasetDescription(
      kind: dataset, videos: videos, splits: splits, split: split, frameRate: frameRate)
  }

  /// For commands that work on one split: call this in `validate`.
  func requireOneSplit() throws {
    guard split.values.count == 1 else {
      throw ValidationError("--split is to be a single number here, not \(split)")
    }
  }

  /// The dataset in the only split that is asked for.
  var description: DatasetDescription { description(split: split.values[0]) }
}

extension DatasetKind: ExpressibleByArgument {}
extension Subset: ExpressibleByArgument {}

/// Numbers of splits, as `1` or `1,2,3`; never empty, each once.
struct SplitNumbers: ExpressibleByArgument, CustomStringConvertible {
  let values: [Int]

  init(values: [Int]) { self.values = values }

  init?(argument: String) {
    let values = argument.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
    let numbers = values.compactMap { $0 }.filter { (1...99).contains($0) }
    guard numbers.count == values.count, Set(numbers).count == numbers.count else { return nil }
    self.values = numbers
  }

  var description: String { values.map(String.init).joined(separator: ",") }
  var defaultValueDescription: String { description }
}
