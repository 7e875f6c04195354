import VideoSamples

/// Why the paths give no sources.
public enum SourceError: Error, Sendable, CustomStringConvertible {
  /// The path does not exist.
  case missing(path: String)
  /// The path is not a picture, a video or a list by its name.
  case unknownKind(path: String)
  /// The list file cannot be read.
  case unreadableList(path: String, reason: String)
  /// The shard cannot be read; `problem` is the predicate of a sentence whose subject is the path.
  case unreadableShard(path: String, problem: String)
  /// The name of synthetic sources is malformed.
  case malformedSynthetic(name: String)
  /// There are no sources in these paths. `problem` describes a folder that could not be read, if there is one.
  case nothingFound(paths: [String], problem: String? = nil)

  public var description: String {
    switch self {
    case .missing(let path):
      "\(path) does not exist: name a folder, a picture, a video, a shard, a list file or synthetic:dead-leaves:N"
    case .unknownKind(let path):
      "\(path) is neither a picture nor a video by its name, nor a shard (.tar, .tar.gz, .tgz) or a list file (.txt, .lst, .list)"
    case .unreadableList(let path, let reason):
      "the list \(path) cannot be read: \(reason)"
    case .unreadableShard(let path, let problem): "\(path) \(problem)"
    case .malformedSynthetic(let name):
      "\(name) is not a synthetic source: write synthetic:dead-leaves:N or synthetic:LEVEL:N (with :seed=S, :redrawn, and for "
        + "picture-shapes :from=PATH at the end) with N from 1 to \(maximalSynthetic) and LEVEL from "
        + ShapeVideo.Level.allCases.map(\.rawValue).joined(separator: ", ")
    case .nothingFound(let paths, let problem):
      "no picture or video was found in \(paths.joined(separator: ", "))"
        + (problem.map { "; \($0)" } ?? "")
    }
  }
}
