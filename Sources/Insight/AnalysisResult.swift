import Foundation
import SafeFiles

/// The result of an analysis: a JSON file in a folder, with the pictures and animations that it names.
public protocol AnalysisResult: Codable {
  /// The file name of the JSON file.
  static var fileName: String { get }
  /// The command that writes it.
  static var command: String { get }
  /// The names of the other files in its folder.
  var fileNames: [String] { get }
}

extension AnalysisResult {
  /// Reads a result that ``write(to:)`` of this or an earlier version wrote to `folder`.
  ///
  /// - Parameter folder: the path of the folder.
  /// - Throws: `FileError` if the file cannot be read or has other content.
  public init(folder: String) throws {
    let path = "\(folder)/\(Self.fileName)"
    let data = try readFile(at: path)
    do {
      self = try JSON.decode(Self.self, from: data, renamedKeys: renamedKeys)
    } catch {
      throw FileError(
        path: path, attempt: "cannot read",
        reason:
          "it was not written by mosi \(Self.command) of this version: run the command again, or remove the file"
      )
    }
  }

  /// Writes the JSON file to `folder`, and removes the files that only the previous result named.
  ///
  /// - Parameter folder: the path of an existing folder.
  /// - Throws: `FileError`.
  public func write(to folder: String) throws {
    let old = try? Self(folder: folder)
    try replaceFile(at: "\(folder)/\(Self.fileName)", with: JSON.data(self))
    let kept = Set(fileNames + [Self.fileName])
    for name in old?.fileNames ?? [] where !kept.contains(name) {
      // The JSON file is untrusted: remove only pictures and animations, and only in this folder.
      guard !name.contains("/"), endings.contains(PathParts(name).ending) else {
        continue
      }
      removeFile(at: "\(folder)/\(name)")
    }
  }
}

/// The current names of keys that had other names in earlier versions.
private let renamedKeys = [
  "leftOut": "skipped", "layer": "maps", "stage": "maps", "squares": "regions",
]

/// The extensions of the files that results name.
private let endings: Set = ["png", "svg", "gif", "mp4"]

/// Makes the folder for a result if it does not exist, and checks that files can be written to it before the analysis
/// starts.
///
/// - Parameter folder: the path of the folder.
/// - Throws: `FileError`.
public func makeResultFolder(at folder: String) throws {
  try makeFolder(at: folder)
  guard isWritableFolder(at: folder) else {
    throw FileError(path: folder, attempt: "cannot write into")
  }
}
