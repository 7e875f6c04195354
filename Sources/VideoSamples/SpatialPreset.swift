import Foundation
import KeyedRandom

/// A training crop and the corresponding test size for clips of side L: a network should be tested at the scale at which
/// it was trained.
///
/// Frames are decoded with a short side that depends only on the preset and on L; crops are cut from them.
public enum SpatialPreset: String, Codable, CaseIterable, Sendable {
  /// As in the paper: random-resized crops, tested with a short side of L.
  case paper
  /// As in the released configuration: a short side uniform in 1.5 L ... 2 L and random crops of side L, tested with a
  /// short side of 2 L.
  case released

  /// The short side in pixels of the frames from which training crops are cut; no square crop is enlarged.
  public func storageShortSide(side: Int) -> Int {
    switch self {
    case .paper: (side * 142 + 99) / 100
    case .released: 2 * side
    }
  }

  /// The short side in pixels of the frames that are tested.
  public func testShortSide(side: Int) -> Int {
    switch self {
    case .paper: side
    case .released: 2 * side
    }
  }

  /// A part of a frame in pixels, possibly mirrored.
  public struct Crop: Hashable, Sendable {
    /// The left edge.
    public var left: Int
    /// The top edge.
    public var top: Int
    /// The width.
    public var width: Int
    /// The height.
    public var height: Int
    /// True if the part is mirrored left to right.
    public var isMirrored = false

    /// A part of a frame.
    public init(left: Int, top: Int, width: Int, height: Int, isMirrored: Bool = false) {
      self.left = left
      self.top = top
      self.width = width
      self.height = height
      self.isMirrored = isMirrored
    }
  }

  /// Draws the crop of a training clip from frames of `width` x `height` pixels with the preset's short side, mirrored
  /// with probability `flip`.
  public func trainingCrop(
    width: Int, height: Int, side: Int, flip: Double = 0.5, using generator: inout KeyedGenerator
  ) -> Crop {
    var crop =
      switch self {
      case .paper: Self.resizedCrop(width: width, height: height, using: &generator)
      case .released:
        Self.scaledCrop(width: width, height: height, side: side, using: &generator)
      }
    crop.isMirrored = generator.chance(flip)
    return crop
  }

  /// Draws an area uniform in 0.5 ... 1 of the frame and an aspect ratio log-uniform in 6/7 ... 7/6, again if they do not
  /// fit.
  private static func resizedCrop(
    width: Int, height: Int, using generator: inout KeyedGenerator
  ) -> Crop {
    let area = Double(width * height)
    var (cropWidth, cropHeight) = (0, 0)
    for _ in 0..<20 where cropWidth == 0 {
      let share = generator.uniform(in: 0.5...1) * area
      let aspect = pow(7.0 / 6, generator.uniform(in: -1...1))
      let drawnWidth = Int((share * aspect).squareRoot().rounded())
      let drawnHeight = Int((share / aspect).squareRoot().rounded())
      if drawnWidth <= width, drawnHeight <= height {
        (cropWidth, cropHeight) = (drawnWidth, drawnHeight)
      }
    }
    if cropWidth == 0 {
      // Half the area of an elongated frame has no such crop. Take the largest one that does.
      cropWidth = min(width, height * 7 / 6)
      cropHeight = min(height, width * 7 / 6)
    }
    return Crop(
      left: generator.integer(below: width - cropWidth + 1),
      top: generator.integer(below: height - cropHeight + 1), width: cropWidth, height: cropHeight)
  }

  /// The crop that corresponds to `side` pixels of the frame scaled to a short side uniform in 1.5 ... 2 sides.
  private static func scaledCrop(
    width: Int, height: Int, side: Int, using generator: inout KeyedGenerator
  ) -> Crop {
    let shortSide = side * 3 / 2 + generator.integer(below: side * 2 - side * 3 / 2 + 1)
    let shown = (min(width, height) * side * 2 + shortSide) / (shortSide * 2)
    return Crop(
      left: generator.integer(below: width - shown + 1),
      top: generator.integer(below: height - shown + 1), width: shown, height: shown)
  }

  /// The crops of a test clip from frames of `width` x `height` pixels: 1 in the center, or 3 with both ends of the long
  /// side (left or top first).
  public static func testCrops(width: Int, height: Int, side: Int, crops: Int) -> [Crop] {
    precondition(crops == 1 || crops == 3, "1 or 3 crops, not \(crops)")
    let (freeX, freeY) = (width - side, height - side)
    return (crops == 1 ? [1] : [0, 1, 2]).map { place in
      width >= height
        ? Crop(left: freeX * place / 2, top: freeY / 2, width: side, height: side)
        : Crop(left: freeX / 2, top: freeY * place / 2, width: side, height: side)
    }
  }
}
