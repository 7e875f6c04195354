import Configuration
import Foundation
import SafeFiles

/// What a run has recorded so far, without its weights.
public struct RecordedRun: Sendable {
  /// The run's folder.
  public let path: String
  /// The records in metrics.jsonl.
  public let metrics: Metrics
  /// The values of the configuration as text, by their dotted keys. Keys of earlier versions have their current names.
  public let configuration: [String: String]
  private let currentName: @Sendable (String) throws -> String

  /// Reads the records of a run.
  ///
  /// - Parameter path: the run's folder.
  /// - Throws: ``RunError/unrecorded(path:)`` if the folder does not contain a run, `FileError`, `ConfigurationError`.
  public init(at path: String) throws {
    let path = withoutTrailingSlashes(path)
    let folder = RunFolder(path: path)
    guard fileExists(at: folder.metrics),
      fileExists(at: folder.configuration)
    else { throw RunError.unrecorded(path: path) }
    self.path = path
    metrics = try Metrics(contentsOf: folder.metrics)
    guard let yaml = String(data: try readFile(at: folder.configuration), encoding: .utf8) else {
      throw ConfigurationError.unreadable(
        path: folder.configuration, problem: "it is not UTF-8 text")
    }
    let recorded = try recordedConfiguration(yaml: yaml, origin: folder.configuration)
    configuration = recorded.values
    currentName = { try type(of: recorded).currentName(of: $0, origin: folder.configuration) }
  }

  /// The value of the configuration at the dotted `key`, which may be a former name.
  ///
  /// - Throws: `ConfigurationError.unknownKey`.
  public func value(of key: String) throws -> String {
    let name = try currentName(key)
    guard let value = configuration[name] else {
      throw ConfigurationError.unknownKey(
        key: key, nearest: nil, origin: RunFolder(path: path).configuration)
    }
    return value
  }

  /// The accuracy of guessing, 1 / classes; nil before the first validation and for tasks without classes.
  public var chance: Double? {
    metrics.summary?.chance
      ?? metrics.validations.last.flatMap {
        $0.top1PerLabel.isEmpty ? nil : 1 / Double($0.top1PerLabel.count)
      }
  }

  /// Short names for runs: the last components of their paths, as many as are needed to distinguish them.
  public static func names(_ runs: [RecordedRun]) -> [String] {
    let parts = runs.map { URL(fileURLWithPath: $0.path).standardizedFileURL.pathComponents }
    let longest = parts.map(\.count).max() ?? 1
    for count in 1...longest {
      let names = parts.map { $0.suffix(count).joined(separator: "/") }
      if Set(names).count == names.count { return names }
    }
    // The same run was named twice.
    return parts.map { $0.last ?? "" }
  }
}
