/// Why the lists and folders of a dataset cannot be used.
public enum DatasetError: Error, Sendable, Equatable, CustomStringConvertible {
  /// A file or folder does not exist; `expected` describes what it should be.
  case missing(path: String, expected: String)
  /// A file or folder cannot be read.
  case unreadable(path: String, reason: String)
  /// A list is malformed at `line`, which counts from 1.
  case malformed(path: String, line: Int, problem: String)
  /// Folders or lists are inconsistent.
  case unsuitable(path: String, problem: String)
  /// The dataset does not have the split.
  case noSuchSplit(Int, of: DatasetKind)
  /// There is no video, or none is listed.
  case empty(path: String)

  public var description: String {
    switch self {
    case .missing(let path, let expected): "\(path) does not exist: \(expected)"
    case .unreadable(let path, let reason): "\(path) cannot be read: \(reason)"
    case .malformed(let path, let line, let problem): "\(path), line \(line): \(problem)"
    case .unsuitable(let path, let problem): "\(path) \(problem)"
    case .noSuchSplit(let split, let kind):
      switch kind {
      case .ucf101, .hmdb51:
        "there is no split \(split) of \(kind.rawValue): its splits are 1, 2 and 3"
      case .mmaction2:
        "there is no split \(split) of mmaction2: they count from 1"
      case .kinetics, .csv, .folders, .somethingSomethingV2, .diving48, .shards:
        "there is no split \(split) of \(kind.rawValue): it comes with a single one, 1"
      }
    case .empty(let path): "\(path) contains no videos to train on"
    }
  }
}
