import Foundation
import SafeFiles

/// The result of analyzing a network: a JSON file in a folder, beside the pictures and animations that it names.
public protocol AnalysisResult: Codable {
  /// The name of the JSON file.
  static var fileName: String { get }
  /// The name of the command that writes it.
  static var command: String { get }
  /// The names of the files beside the JSON file.
  var fileNames: [String] { get }
}

extension AnalysisResult {
  /// Reads what ``write(to:)`` wrote into `folder`, in this version or an earlier one.
  ///
  /// - Parameter folder: the path of the folder.
  /// - Throws: `FileError` if the file cannot be read or holds something else.
  public init(folder: String) throws {
    let path = "\(folder)/\(Self.fileName)"
    let data = try readFile(at: path)
    do {
      self = try JSON.decode(Self.self, from: data, renamedKeys: renamedKeys)
    } catch {
      throw FileError(
        path: path, attempt: "cannot read",
        reason:
          "it is not a report of this version's mosi \(Self.command): run that again, or remove it")
    }
  }

  /// Writes the JSON file into `folder`, and removes the files that only its predecessor named.
  ///
  /// - Parameter folder: the path of an existing folder.
  /// - Throws: `FileError`.
  public func write(to folder: String) throws {
    let old = try? Self(folder: folder)
    try replaceFile(at: "\(folder)/\(Self.fileName)", with: JSON.data(self))
    let kept = Set(fileNames + [Self.fileName])
    for name in old?.fileNames ?? [] where !kept.contains(name) {
      // The JSON file may come from a stranger: remove only pictures and animations, and only in this folder.
      guard !name.contains("/"), endings.contains(PathParts(name).ending) else {
        continue
      }
      removeFile(at: "\(folder)/\(name)")
    }
  }
}

/// The names that keys had in earlier versions, and what they are called now.
private let renamedKeys = ["leftOut": "skipped", "layer": "stage", "squares": "regions"]

/// The endings of the files that results name.
private let endings: Set = ["png", "svg", "gif", "mp4"]

/// Creates the folder for a result if it is missing, and checks that files can be written there: before the work starts,
/// not after it.
///
/// - Parameter folder: its path.
/// - Throws: `FileError`.
public func makeResultFolder(at folder: String) throws {
  try makeFolder(at: folder)
  guard isWritableFolder(at: folder) else {
    throw FileError(path: folder, attempt: "cannot write into")
  }
}
