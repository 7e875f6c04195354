import Foundation
import KeyedRandom
import Media

/// Something that gives still pictures to learn from.
public enum Source: Hashable, Sendable, CustomStringConvertible {
  case picture(path: String)
  /// A video; each time one frame of it is taken.
  case video(path: String)
  /// The frames of a video, extracted into a folder.
  case frameFolder(path: String)
  /// A procedural picture; equal indices are equal pictures.
  case deadLeaves(index: Int)

  /// The path, or the name of a procedural picture.
  public var description: String {
    switch self {
    case .picture(let path), .video(let path), .frameFolder(let path): path
    case .deadLeaves(let index): "synthetic:dead-leaves #\(index)"
    }
  }

  /// The folder that the source lies in, as far as its path tells; nil for a procedural picture.
  public var folder: String? {
    switch self {
    case .picture(let path), .video(let path), .frameFolder(let path):
      (path as NSString).deletingLastPathComponent
    case .deadLeaves: nil
    }
  }

  /// Where a still is taken from a source: the time in a video and the place in a picture.
  public enum Place: Sendable {
    /// The middle of the video and of the picture.
    case centre
    /// A uniform time and place.
    case random(KeyedGenerator)
  }

  /// A still of `height` x `width` pixels: a picture or frame scaled so that it just covers that size, and cut.
  ///
  /// - Throws: `MediaError` where the source gives no picture.
  public func still(height: Int, width: Int, place: Place) throws(MediaError) -> Picture {
    var generator: KeyedGenerator?
    if case .random(let given) = place { generator = given }
    let time = generator?.uniform() ?? 0.5
    // The short side that covers the size whatever the picture's shape; the excess is cut.
    let shortSide = max(height, width)
    let picture: Picture
    switch self {
    case .picture(let path):
      picture = try Picture(contentsOf: path, shortSide: shortSide)
    case .video(let path):
      picture = try Video(contentsOf: path).frame(atFraction: time, shortSide: shortSide)
    case .frameFolder(let path):
      guard let folder = try FrameFolder(contentsOf: path) else {
        // Checked when sources were collected; the folder has changed since.
        picture = try Picture(contentsOf: path, shortSide: shortSide)
        break
      }
      picture = try folder.frame(atFraction: time, shortSide: shortSide)
    case .deadLeaves(let index):
      // A little larger than what is cut from it, so that the place matters.
      var painter = KeyedGenerator(Source.deadLeavesKey, UInt64(index))
      picture = DeadLeaves.picture(
        width: shortSide * 5 / 4, height: shortSide, using: &painter)
    }
    let (freeX, freeY) = (picture.width - width, picture.height - height)
    return picture.cropped(
      left: generator?.integer(below: freeX + 1) ?? freeX / 2,
      top: generator?.integer(below: freeY + 1) ?? freeY / 2,
      width: width, height: height)
  }

  private static let deadLeavesKey: UInt64 = 0xDEAD_1EAF
}
