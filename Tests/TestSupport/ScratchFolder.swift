import Foundation
import Media
import SafeFiles

/// A folder for one test, removed when the last reference goes.
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

  /// The path of `name`; the folders on the way are made.
  public func file(_ name: String) -> String {
    let path = path + "/" + name
    try? FileManager.default.createDirectory(
      at: URL(fileURLWithPath: path).deletingLastPathComponent(), withIntermediateDirectories: true)
    return path
  }

  /// Writes a file, at once: a process that follows it never meets half of it.
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

  /// Writes an MP4 file if `name` ends so, else a folder of PNG files 0.png and so on, in which no encoder changes a
  /// pixel.
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

  /// What lies directly in the folder `name` or in this folder, sorted; empty if it is missing.
  public func names(in name: String = "") -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: path + "/" + name)) ?? []).sorted()
  }

  /// The content of every file below the folder `name`.
  public func contents(of name: String) throws -> [String: Data] {
    var found: [String: Data] = [:]
    for child in try FileManager.default.subpathsOfDirectory(atPath: path + "/" + name) {
      if let data = try? bytes(name + "/" + child) { found[child] = data }
    }
    return found
  }

  /// `path` as seen from this folder.
  public func relative(_ path: String) -> String {
    path.hasPrefix(self.path + "/") ? String(path.dropFirst(self.path.count + 1)) : path
  }
}

/// Gives `body` the path of a folder of its own, removed afterwards.
public func withScratchFolder(_ body: (String) throws -> Void) throws {
  let folder = try ScratchFolder()
  try body(folder.path)
  withExtendedLifetime(folder) {}
}

/// Gives `body` the path of a file that is not there yet, removed afterwards.
public func withScratchFile(_ body: (String) throws -> Void) throws {
  try withScratchFolder { try body($0 + "/file") }
}

/// What lies directly in a folder, sorted.
public func names(in folder: String) throws -> [String] {
  try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
}
