import Foundation

/// The folder of this package.
public let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
  .deletingLastPathComponent().deletingLastPathComponent().path

/// A file or folder of the data outside the repository, in MOSI_TEST_DATA or else ../shared; nil if it does not exist.
public func shared(_ name: String) -> String? {
  let root =
    ProcessInfo.processInfo.environment["MOSI_TEST_DATA"]
    ?? URL(fileURLWithPath: repository).deletingLastPathComponent().path + "/shared"
  let path = root + "/" + name
  return FileManager.default.fileExists(atPath: path) ? path : nil
}

/// The path of a program in PATH; nil if it is not installed.
public func program(_ name: String) -> String? {
  (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    .map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
}

/// A Python with PyTorch: MOSI_TORCH_PYTHON, else that of the set-up; nil if there is none.
public let pythonWithTorch: String? = {
  let path =
    ProcessInfo.processInfo.environment["MOSI_TORCH_PYTHON"]
    ?? repository + "/.libtorch/venv/bin/python"
  return FileManager.default.isExecutableFile(atPath: path) ? path : nil
}()

extension Bundle {
  /// The path of a file in a test's Goldens folder.
  public func golden(file name: String) -> String {
    bundleURL.appendingPathComponent("Goldens/" + name).path
  }

  /// The content of Goldens/`name`.json.
  public func golden<Content: Decodable>(_ name: String, as type: Content.Type = Content.self)
    throws
    -> Content
  {
    let url = URL(fileURLWithPath: golden(file: name + ".json"))
    return try JSONDecoder().decode(Content.self, from: Data(contentsOf: url))
  }
}
