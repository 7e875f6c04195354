// Videos of moving shapes: Yu, Chen and Gandelsman, "Learning Video Representations without Natural Videos" (2024), with
// the numbers of its released generator

import KeyedRandom
import Media

/// A video of 500 shapes that move over black, each in front of those before it.
///
/// Everything is drawn for a picture of 256 x 256 pixels, as in the paper, and scales with the side of the pictures that
/// are asked for. The same key draws the same objects, whatever the features.
public struct ShapeScene: Sendable {
  /// What the objects of a video have.
  public struct Features: OptionSet, Sendable {
    /// One bit for each.
    public let rawValue: Int
    /// The features in these bits.
    public init(rawValue: Int) { self.rawValue = rawValue }

    /// Velocities.
    public static let moves = Features(rawValue: 1)
    /// Polygons, besides circles.
    public static let polygons = Features(rawValue: 2)
    /// Rotation, growth and shear; circles have no shear.
    public static let transforms = Features(rawValue: 4)
    /// Accelerations.
    public static let accelerates = Features(rawValue: 8)
  }

  /// The frame rate in frames per second.
  public static let framesPerSecond = 25.0
  /// The side of the picture for which objects are drawn, in pixels.
  public static let drawnSide = 256
  /// The number of objects.
  public static let objectCount = 500
  /// The numbers of frames of videos.
  static let frameCounts = 100...200

  /// The number of frames, from 100 to 200.
  public let frameCount: Int
  /// The objects from back to front.
  public let objects: [ShapeObject]
  let features: Features

  /// The scene with this key.
  ///
  /// - Parameters:
  ///   - key: the key of all draws.
  ///   - features: what the objects have.
  ///   - textureCount: the number of textures from which objects have theirs; nil for plain colors.
  public init(key: [UInt64], features: Features, textureCount: Int? = nil) {
    var generator = KeyedGenerator(key: key)
    self.features = features
    frameCount =
      Self.frameCounts.lowerBound + generator.integer(below: Self.frameCounts.count)
    objects = (0..<Self.objectCount).map { _ in
      ShapeObject(features: features, textureCount: textureCount, using: &generator)
    }
  }

  /// The frames with these indices in 0 ..< ``frameCount``, each uint8 [side, side, 3]. Only objects in view are drawn,
  /// the front ones first, until every pixel is covered.
  ///
  /// - Parameters:
  ///   - frames: the indices; the same one in a row is drawn once.
  ///   - side: the height and width in pixels.
  ///   - textures: the textures of all objects in view, by their indices; those of ``texturesShown(in:side:)``.
  public func pictures(_ frames: [Int], side: Int, textures: [Int: Picture] = [:]) -> [Picture] {
    var result: [Picture] = []
    var last: Int?
    for frame in frames {
      // Nothing moves in a static video.
      let frame = features.contains(.moves) ? frame : 0
      if frame == last {
        result.append(result[result.count - 1])
        continue
      }
      last = frame
      var canvas = ShapeCanvas(side: side)
      for object in objects.reversed() where canvas.hasOpenPixels {
        guard let pose = object.pose(at: frame, side: side, features) else { continue }
        canvas.paint(object, pose, object.texture.flatMap { textures[$0.index] })
      }
      result.append(canvas.picture)
    }
    return result
  }

  /// The indices of the textures of all objects that are in view in these frames.
  public func texturesShown(in frames: [Int], side: Int) -> Set<Int> {
    var shown: Set<Int> = []
    for frame in Set(frames) {
      for object in objects {
        guard let texture = object.texture, object.pose(at: frame, side: side, features) != nil
        else { continue }
        shown.insert(texture.index)
      }
    }
    return shown
  }
}
