/// Why the lists and folders of a dataset cannot be used.
public enum DatasetError: Error, Sendable, Equatable, CustomStringConvertible {
  /// A file or folder is not there; `expected` says what belongs there.
  case missing(path: String, expected: String)
  case unreadable(path: String, reason: String)
  /// A list says what cannot be; `line` counts from 1.
  case malformed(path: String, line: Int, problem: String)
  /// Folders or lists do not fit together.
  case unsuitable(path: String, problem: String)
  case noSuchSplit(Int, of: DatasetKind)
  /// No video is listed, or there is none.
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
      case .kinetics, .csv, .folders, .somethingSomethingV2, .diving48:
        "there is no split \(split) of \(kind.rawValue): it comes with a single one, 1"
      }
    case .empty(let path): "\(path) gives no video to learn from"
    }
  }
}
