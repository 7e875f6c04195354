import Foundation
import Media
import SafeFiles

/// A folder for one test, which is removed when the last reference is released.
public final class ScratchFolder: Sendable {
  public let path: String

  public init() throws {
    path =
      FileManager.default.temporaryDirectory.resolvingSymlinksInPath().path
      + "/mosi-test-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { removeFolder(at: path) }

  // MARK: Writing

  /// The path of `name`; its parent folders are made.
  public func file(_ name: String) -> String {
    let path = path + "/" + name
    try? FileManager.default.createDirectory(
      at: URL(fileURLWithPath: path).deletingLastPathComponent(), withIntermediateDirectories: true)
    return path
  }

  /// Writes a file atomically: a process that watches it never sees half of it.
  @discardableResult
  public func write(_ data: Data, to name: String) throws -> String {
    let path = file(name)
    try data.write(to: URL(fileURLWithPath: path), options: .atomic)
    return path
  }

  @discardableResult
  public func write(_ bytes: [UInt8], to name: String) throws -> String {
    try write(Data(bytes), to: name)
  }

  @discardableResult
  public func write(_ text: String, to name: String) throws -> String {
    try write(Data(text.utf8), to: name)
  }

  /// Writes an MP4 file if `name` has that extension, else a folder of PNG files 0.png and so on, in which no encoder
  /// changes a pixel.
  @discardableResult
  public func write(_ frames: [Picture], to name: String, framesPerSecond: Double = 30) throws
    -> String
  {
    if name.hasSuffix(".mp4") {
      try MP4Writer.write(frames, to: file(name), framesPerSecond: framesPerSecond)
    } else {
      for (index, frame) in frames.enumerated() {
        try frame.writePNG(to: file("\(name)/\(index).png"))
      }
    }
    return path + "/" + name
  }

  // MARK: Reading

  public func exists(_ name: String) -> Bool {
    FileManager.default.fileExists(atPath: path + "/" + name)
  }

  public func bytes(_ name: String) throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: path + "/" + name))
  }

  /// The names directly in the folder `name`, or in this folder, sorted; empty if it does not exist.
  public func names(in name: String = "") -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: path + "/" + name)) ?? []).sorted()
  }

  /// The content of all files in the folder `name` and its subfolders.
  public func contents(of name: String) throws -> [String: Data] {
    var found: [String: Data] = [:]
    for child in try FileManager.default.subpathsOfDirectory(atPath: path + "/" + name) {
      if let data = try? bytes(name + "/" + child) { found[child] = data }
    }
    return found
  }

  /// `path` relative to this folder.
  public func relative(_ path: String) -> String {
    path.hasPrefix(self.path + "/") ? String(path.dropFirst(self.path.count + 1)) : path
  }
}

/// Calls `body` with the path of a new folder, which is removed afterwards.
public func withScratchFolder(_ body: (String) throws -> Void) throws {
  let folder = try ScratchFolder()
  try body(folder.path)
  withExtendedLifetime(folder) {}
}

/// Calls `body` with the path of a file that does not exist yet, which is removed afterwards.
public func withScratchFile(_ body: (String) throws -> Void) throws {
  try withScratchFolder { try body($0 + "/file") }
}

/// The names directly in a folder, sorted.
public func names(in folder: String) throws -> [String] {
  try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
}
