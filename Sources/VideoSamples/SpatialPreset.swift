import Foundation
import KeyedRandom

/// A training crop together with the size of the test, for clips of side L: what a network learns to see at
/// one scale is to be tested at that scale.
///
/// Frames are kept with a short side that depends on the preset and on L alone; crops are cut from them.
public enum SpatialPreset: String, Codable, CaseIterable, Sendable {
  /// As the paper says: random-resized crops, tested with the short side L.
  case paper
  /// As the released configuration says: the short side uniform in 1.5 L ... 2 L, random crops of side L,
  /// tested with the short side 2 L.
  case released

  /// The short side of the frames that training crops are cut from, in pixels: no square crop is enlarged.
  public func storageShortSide(side: Int) -> Int {
    switch self {
    case .paper: (side * 142 + 99) / 100
    case .released: 2 * side
    }
  }

  /// The short side of the frames that are tested, in pixels.
  public func testShortSide(side: Int) -> Int {
    switch self {
    case .paper: side
    case .released: 2 * side
    }
  }

  /// A part of a frame in pixels, and whether it is mirrored left to right.
  public struct Crop: Hashable, Sendable {
    public var left: Int
    public var top: Int
    public var width: Int
    public var height: Int
    public var isMirrored = false

    public init(left: Int, top: Int, width: Int, height: Int, isMirrored: Bool = false) {
      self.left = left
      self.top = top
      self.width = width
      self.height = height
      self.isMirrored = isMirrored
    }
  }

  /// Draws the crop of a training clip out of frames of `width` x `height` pixels, whose short side is that
  /// of the storage; it is mirrored with the probability `flip`.
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

  /// Area uniform in 0.5 ... 1 of the frame, aspect log-uniform in 6/7 ... 7/6, drawn again if it does not
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
      // Half the area of an elongated frame is no such crop: take the largest that is.
      cropWidth = min(width, height * 7 / 6)
      cropHeight = min(height, width * 7 / 6)
    }
    return Crop(
      left: generator.integer(below: width - cropWidth + 1),
      top: generator.integer(below: height - cropHeight + 1), width: cropWidth, height: cropHeight)
  }

  /// What a crop of `side` pixels shows of the frame scaled to a short side uniform in 1.5 ... 2 sides.
  private static func scaledCrop(
    width: Int, height: Int, side: Int, using generator: inout KeyedGenerator
  ) -> Crop {
    let shortSide = side * 3 / 2 + generator.integer(below: side * 2 - side * 3 / 2 + 1)
    let shown = (min(width, height) * side * 2 + shortSide) / (shortSide * 2)
    return Crop(
      left: generator.integer(below: width - shown + 1),
      top: generator.integer(below: height - shown + 1), width: shown, height: shown)
  }

  /// The crops of a test clip of frames of `width` x `height` pixels: with 1 the center, with 3 also both
  /// ends of the long side, in order (left or top first).
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
