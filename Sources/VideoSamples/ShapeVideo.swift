/// A video of moving shapes that is drawn from a seed: a level of the progression of Yu, Chen and Gandelsman, "Learning Video
/// Representations without Natural Videos" (2024).
public struct ShapeVideo: Hashable, Sendable, CustomStringConvertible {
  /// The levels; each adds something to the one before it.
  public enum Level: String, CaseIterable, Sendable {
    /// Circles that stand still.
    case staticCircles = "static-circles"
    /// Circles, each with its velocity.
    case movingCircles = "moving-circles"
    /// Circles and polygons.
    case movingShapes = "moving-shapes"
    /// Shapes that also rotate, grow and lean.
    case transformingShapes = "transforming-shapes"
    /// Shapes that also accelerate.
    case acceleratingShapes = "accelerating-shapes"
    /// Shapes with textures of dead leaves instead of one color each.
    case texturedShapes = "textured-shapes"
    /// Shapes with parts of given pictures instead of one color each.
    case pictureShapes = "picture-shapes"
  }

  /// The level.
  public var level: Level
  /// The number of the video; equal ones with equal seeds show the same objects in all levels.
  public var index: Int
  /// The seed of the set of videos, not negative.
  public var seed = 0
  /// True if each sample shows another video, so that ``index`` only counts.
  public var isRedrawn = false
  /// The folder, list or shard of the pictures of ``Level/pictureShapes``; nil for the other levels.
  public var pictures: String?

  /// A video with these values.
  public init(
    _ level: Level, index: Int, seed: Int = 0, isRedrawn: Bool = false, pictures: String? = nil
  ) {
    precondition(
      index >= 0 && seed >= 0 && (pictures != nil) == (level == .pictureShapes),
      "video \(index) of \(level.rawValue) with seed \(seed)")
    self.level = level
    self.index = index
    self.seed = seed
    self.isRedrawn = isRedrawn
    self.pictures = pictures
  }

  /// The number of videos in a set that does not say how many, which is that of UCF101's training videos in the paper.
  public static let defaultCount = 9537

  /// The name of its set, and its number.
  public var description: String {
    "synthetic:\(level.rawValue)\(seed == 0 ? "" : ":seed=\(seed)")\(isRedrawn ? ":redrawn" : "")"
      + "\(pictures.map { ":from=\($0)" } ?? "") #\(index)"
  }
}
