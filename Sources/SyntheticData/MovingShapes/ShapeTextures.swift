import Foundation
import KeyedRandom
import Media

/// Square pictures that moving shapes show, made when they are needed. Some are kept, which changes nothing but the time.
///
/// Safe to share between threads. Unchecked: the pictures are used between `lock()` and `unlock()` only.
public final class ShapeTextures: @unchecked Sendable {
  /// The height and width of a texture in pixels.
  public static let side = 160

  /// The number of textures.
  public let count: Int
  private let mostKept: Int
  private let make: @Sendable (Int) throws(MediaError) -> Picture
  private let lock = NSLock()
  private var pictures: [Int: Picture] = [:]

  /// Textures that are made when they are needed.
  ///
  /// - Parameters:
  ///   - count: the number of textures, at least 1.
  ///   - kept: the number of textures that stay in memory once they are made.
  ///   - make: makes the texture with an index in 0 ..< `count`, ``side`` pixels high and wide.
  public init(
    count: Int, kept: Int, make: @escaping @Sendable (Int) throws(MediaError) -> Picture
  ) {
    precondition(count > 0, "shapes need at least one texture")
    self.count = count
    mostKept = kept
    self.make = make
  }

  /// The texture with an index in 0 ..< ``count``.
  ///
  /// - Throws: `MediaError` if it cannot be made.
  public func picture(_ index: Int) throws(MediaError) -> Picture {
    lock.lock()
    let known = pictures[index]
    lock.unlock()
    if let known { return known }
    let made = try make(index)
    lock.lock()
    if pictures.count < mostKept { pictures[index] = made }
    lock.unlock()
    return made
  }

  /// Textures of dead leaves, in place of the statistical textures of the paper.
  public static let deadLeaves = ShapeTextures(count: 256, kept: 256) { index in
    var painter = KeyedGenerator(.shapeTexture, UInt64(index))
    return DeadLeaves.picture(width: side, height: side, using: &painter)
  }
}
