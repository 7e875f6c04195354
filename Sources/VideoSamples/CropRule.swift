import KeyedRandom

/// The size to which frames are decoded, and the part of them that becomes a clip.
public enum CropRule: Hashable, Sendable {
  /// A window of this size in pixels at a uniformly random position in frames with the given short side; nil for the
  /// smallest frames that cover the window.
  case randomWindow(height: Int, width: Int, shortSide: Int? = nil)
  /// A window of this size in the center.
  case centerWindow(height: Int, width: Int, shortSide: Int? = nil)
  /// The whole frame, squashed to a square of `side` pixels.
  case squashed(side: Int)
  /// The random square of a preset, scaled to `side` pixels and mirrored with probability `flip`.
  case training(SpatialPreset, side: Int, flip: Double)
  /// The squares on which a preset is tested: 1 in the center, or 3 along the long side, each of which is a clip.
  case test(SpatialPreset, side: Int, crops: Int)

  /// The short side, in pixels, to which frames are decoded.
  public var shortSide: Int {
    switch self {
    case .randomWindow(let height, let width, let shortSide),
      .centerWindow(let height, let width, let shortSide):
      shortSide ?? max(height, width)
    case .squashed(let side): side
    case .training(let preset, let side, _): preset.storageShortSide(side: side)
    case .test(let preset, let side, _): preset.testShortSide(side: side)
    }
  }

  /// The height and width of the clips in pixels.
  public var size: (height: Int, width: Int) {
    switch self {
    case .randomWindow(let height, let width, _), .centerWindow(let height, let width, _):
      (height, width)
    case .squashed(let side), .training(_, let side, _), .test(_, let side, _): (side, side)
    }
  }

  /// The crops of frames of `width` x `height` pixels whose short side is ``shortSide``: one, or one for each test crop.
  public func crops(width: Int, height: Int, using generator: inout KeyedGenerator)
    -> [SpatialPreset.Crop]
  {
    let size = size
    let (freeX, freeY) = (width - size.width, height - size.height)
    func window(_ left: Int, _ top: Int) -> SpatialPreset.Crop {
      SpatialPreset.Crop(left: left, top: top, width: size.width, height: size.height)
    }
    switch self {
    case .randomWindow:
      let left = generator.integer(below: freeX + 1)
      return [window(left, generator.integer(below: freeY + 1))]
    case .centerWindow: return [window(freeX / 2, freeY / 2)]
    case .squashed: return [SpatialPreset.Crop(left: 0, top: 0, width: width, height: height)]
    case .training(let preset, let side, let flip):
      return [
        preset.trainingCrop(width: width, height: height, side: side, flip: flip, using: &generator)
      ]
    case .test(_, let side, let crops):
      return SpatialPreset.testCrops(width: width, height: height, side: side, crops: crops)
    }
  }
}
