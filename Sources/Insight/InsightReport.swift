import Foundation
import SafeFiles

/// What a command that looks into a network found, as it leaves it in a folder: JSON beside the files that it names.
public protocol InsightReport: Codable {
  /// The name of the JSON.
  static var fileName: String { get }
  /// The command's name.
  static var command: String { get }
  /// The names of the files beside the JSON.
  var fileNames: [String] { get }
}

extension InsightReport {
  /// Reads what ``write(to:)`` has left in `folder`.
  ///
  /// - Parameter folder: the path of the folder.
  /// - Throws: `FileError`, where it cannot be read or holds something else.
  public init(folder: String) throws {
    let path = "\(folder)/\(Self.fileName)"
    let data = try readFile(at: path)
    do {
      self = try JSONDecoder().decode(Self.self, from: data)
    } catch {
      throw FileError(
        path: path, attempt: "cannot read",
        reason:
          "it is no report of this version's mosi \(Self.command): run that again, or remove it")
    }
  }

  /// Writes the JSON into `folder`, and removes the files that only the one before it named.
  ///
  /// - Parameter folder: the path of a folder that is there.
  /// - Throws: `FileError`.
  public func write(to folder: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let old = try? Self(folder: folder)
    try replaceFile(at: "\(folder)/\(Self.fileName)", with: encoder.encode(self))
    let kept = Set(fileNames + [Self.fileName])
    for name in old?.fileNames ?? [] where !kept.contains(name) {
      // Whatever a file from outside names, only pictures and animations of the folder go.
      guard !name.contains("/"), endings.contains((name as NSString).pathExtension) else {
        continue
      }
      unlink("\(folder)/\(name)")
    }
  }
}

/// What reports name.
private let endings: Set = ["png", "svg", "gif", "mp4"]

/// Makes the folder for a report, where it is missing, and makes sure that files can be written there: before the work,
/// since what cannot be written is to cost nothing.
///
/// - Parameter folder: its path.
/// - Throws: `FileError`.
public func makeReportFolder(at folder: String) throws {
  try makeFolder(at: folder)
  guard access(folder, W_OK | X_OK) == 0 else {
    throw FileError(path: folder, attempt: "cannot write into")
  }
}
