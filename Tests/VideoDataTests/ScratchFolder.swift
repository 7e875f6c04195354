import Foundation
import KeyedRandom
import Media

/// A folder for one test, removed when the last reference goes.
final class ScratchFolder {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "video-data-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// The path of `name` in the folder; the folders on the way are made.
  func file(_ name: String) throws -> String {
    let url = URL(fileURLWithPath: path).appendingPathComponent(name)
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    return path + "/" + name
  }

  @discardableResult
  func write(_ text: String, to name: String) throws -> String {
    let path = try file(name)
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    return path
  }

  /// A picture of one colour, or with a gradient where `level` is nil.
  @discardableResult
  func picture(_ name: String, width: Int = 24, height: Int = 20, level: UInt8? = nil) throws
    -> String
  {
    let path = try file(name)
    let pixels = (0..<width * height * 3).map { index in
      level ?? UInt8(truncatingIfNeeded: index / 3 * 7 + index % 3 * 50)
    }
    try Picture(width: width, height: height, pixels: pixels).writePNG(to: path)
    return path
  }

  /// `path` as seen from this folder.
  func relative(_ path: String) -> String {
    path.hasPrefix(self.path + "/") ? String(path.dropFirst(self.path.count + 1)) : path
  }
}

/// Sleeps so many microseconds that threads which make items finish them in another order.
func delay(_ item: Int, below limit: Int) {
  var generator = KeyedGenerator(1, UInt64(item))
  usleep(UInt32(generator.integer(below: limit)))
}
