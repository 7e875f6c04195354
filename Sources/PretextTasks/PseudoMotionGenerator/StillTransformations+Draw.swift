import Foundation
import KeyedRandom
import Pretext

extension StillTransformations {
  /// All random values of a video.
  public struct Draw: Sendable {
    /// The kinds that the video has.
    public var kinds: [Kind]
    /// For each frame but the first, the map from its positions to those of the frame before, I(i+1)(p) = I(i)(f(p)). Positions
    /// are in half sides of a frame, from its center.
    public var steps: [ProjectiveMap]
    /// The colors of each frame; nil for the still's.
    public var colors: ColorJitter.ClipDraw?
    /// CutMix's rectangle; nil for none.
    public var patch: Patch?

    /// A rectangle that moves at a constant speed, with the part of another still that it covers in the first frame.
    public struct Patch: Hashable, Sendable {
      /// Its height and width in pixels.
      public var height: Int
      /// The width in pixels.
      public var width: Int
      /// The left and top edge in each frame, in pixels.
      public var corners: [SIMD2<Int>]
    }

    /// For each frame, the map from its positions to those of the first.
    public var maps: [ProjectiveMap] { Self.maps(of: steps) }

    fileprivate static func maps(of steps: [ProjectiveMap]) -> [ProjectiveMap] {
      var maps = [ProjectiveMap.identity]
      for step in steps { maps.append(maps[maps.count - 1].after(step)) }
      return maps
    }
  }

  /// Draws the values of a video of `frames` square frames of `side` pixels.
  public func draw(frames: Int, side: Int, using generator: inout KeyedGenerator) -> Draw {
    precondition(!kinds.isEmpty && frames > 1, "a video has a transformation and 2 frames")
    let kinds =
      combination == .all ? self.kinds : [self.kinds[generator.integer(below: self.kinds.count)]]
    let part = 1 / Double(frames - 1)
    let changes = frames - 1
    let steps: [ProjectiveMap]
    switch strength {
    case .video:
      steps = Array(repeating: step(kinds, part, using: &generator), count: changes)
    case .frame:
      steps = (0..<changes).map { _ in step(kinds, part, using: &generator) }
    }
    return Draw(
      kinds: kinds, steps: Self.inFront(steps),
      colors: colors(kinds, frames: frames, using: &generator),
      patch: kinds.contains(.cutMix)
        ? patch(frames: frames, side: side, using: &generator) : nil)
  }

  /// The steps, but none from where the horizon of strong perspectives would come near a frame: behind it is nothing.
  private static func inFront(_ steps: [ProjectiveMap]) -> [ProjectiveMap] {
    let near = Draw.maps(of: steps).firstIndex { map in
      let nearest = ProjectiveMap.corners.map { map.divisor(at: $0) }.min()!
      return !(nearest > 0.02 * map.divisor(at: [0, 0]))
    }
    // The first frame has no step.
    guard let near else { return steps }
    let kept = steps[..<(near - 1)]
    return kept + Array(repeating: .identity, count: steps.count - kept.count)
  }

  /// The map of a frame: `part` of a strength that is drawn.
  private func step(_ kinds: [Kind], _ part: Double, using generator: inout KeyedGenerator)
    -> ProjectiveMap
  {
    func symmetric(_ bound: Double) -> Double { generator.uniform(in: -bound...bound) * part }
    var step = ProjectiveMap.identity
    for kind in kinds {
      switch kind {
      case .zoom:
        let growth = generator.uniform(in: log(zoom.lowerBound)...log(zoom.upperBound)) * part
        step = step.after(.scale(exp(generator.chance(0.5) ? growth : -growth)))
      case .affine:
        step =
          step
          .after(.shift([symmetric(2 * shift), symmetric(2 * shift)]))
          .after(.rotation(symmetric(rotation * .pi / 180)))
          .after(.shear(symmetric(shear * .pi / 180)))
      case .perspective:
        step = step.after(
          .movingCorners(
            by: (0..<4).map { _ in [symmetric(2 * distortion), symmetric(2 * distortion)] }))
      case .slidingWindow:
        let way = 2 * generator.uniform(in: slide) * part
        step = step.after(.shift(generator.direction() * way))
      case .fade, .colorJitter, .cutMix: break
      }
    }
    return step
  }

  /// The colors of each frame. Repeating an operation multiplies its factors (adds its shifts) as long as no color is cut
  /// to 0...1, so they are composed, too.
  private func colors(_ kinds: [Kind], frames: Int, using generator: inout KeyedGenerator)
    -> ColorJitter.ClipDraw?
  {
    var operations: [(operation: ColorJitter.Operation, factors: [Double])] = []
    /// The factors of each frame: 1 in the first, the drawn one in the last.
    func factors(_ draw: (inout KeyedGenerator) -> Double) -> [Double] {
      var value = 1.0
      let part = 1 / Double(frames - 1)
      switch strength {
      case .video:
        let root = pow(draw(&generator), part)
        return (0..<frames).map { pow(root, Double($0)) }
      case .frame:
        return (0..<frames).map { frame in
          if frame > 0 { value *= pow(draw(&generator), part) }
          return value
        }
      }
    }
    if kinds.contains(.fade) {
      let darkening = factors { $0.uniform(in: fade) }
      // A still that becomes brighter would lose what is above white, so the way up is the way down backward.
      operations.append(
        (.brightness, generator.chance(0.5) ? darkening : Array(darkening.reversed())))
    }
    if kinds.contains(.colorJitter) {
      for operation in [ColorJitter.Operation.brightness, .contrast, .saturation] {
        operations.append((operation, factors { $0.uniform(in: 1 - color...1 + color) }))
      }
      // Shifts add up, so they are factors of exponentials.
      operations.append((.hue, factors { exp($0.uniform(in: -hue...hue)) }.map { log($0) }))
    }
    guard !operations.isEmpty else { return nil }
    return ColorJitter.ClipDraw(
      isGray: false,
      frames: (0..<frames).map { frame in operations.map { ($0.operation, $0.factors[frame]) } })
  }

  private func patch(frames: Int, side: Int, using generator: inout KeyedGenerator) -> Draw.Patch {
    func length() -> Int {
      min(max(Int((generator.uniform(in: patch) * Double(side)).rounded()), 1), side)
    }
    let (height, width) = (length(), length())
    func path(room: Int) -> [Int] {
      let (start, end) = (generator.integer(below: room + 1), generator.integer(below: room + 1))
      return (0..<frames).map { frame in
        let way = Double((end - start) * frame) / Double(frames - 1)
        return start + Int(way.rounded())
      }
    }
    let (x, y) = (path(room: side - width), path(room: side - height))
    return Draw.Patch(
      height: height, width: width, corners: zip(x, y).map { SIMD2($0, $1) })
  }
}
