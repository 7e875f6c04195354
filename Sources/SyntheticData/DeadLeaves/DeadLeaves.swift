import KeyedRandom
import Media

/// Procedural pictures with the statistics of natural images: the dead leaves model (Matheron, 1968; Lee, Mumford and
/// Huang, "Occlusion models for natural images", IJCV 2001).
///
/// Leaves of random shape, color and texture fall on top of each other until the ground is covered. Their radii have the
/// density r^-3 between two bounds that are shares of the picture's short side. This makes the statistics
/// scale-invariant: there are edges and texture at every size, and the power of luminance falls approximately as
/// frequency^-2. A window that moves over such a picture shows its motion everywhere.
///
/// Leaves are placed from front to back, so that each point is painted once, by the first leaf that covers it. All
/// arithmetic is integer or correctly rounded IEEE arithmetic (square roots, but no logarithms or trigonometry): a
/// generator gives the same bytes on every machine.
public enum DeadLeaves {
  /// The bounds of the leaves' radii, as shares of the picture's short side.
  static let radii: ClosedRange<Float> = 0.008...0.5

  /// What distinguishes a kind of picture from natural images in general.
  struct Style {
    /// Added to the mean color, in OKLab (L, a, b).
    let tint: SIMD3<Float>
    /// The bounds of the leaves' radii, as shares of the picture's short side.
    let radii: ClosedRange<Float>
  }

  /// A picture drawn with `generator`, uint8 RGB, [height, width, 3], fully covered by leaves.
  public static func picture(width: Int, height: Int, using generator: inout KeyedGenerator)
    -> Picture
  {
    picture(width: width, height: height, style: nil, using: &generator)
  }

  /// As ``picture(width:height:using:)``, in a style; nil for natural images in general.
  static func picture(
    width: Int, height: Int, style: Style?, using generator: inout KeyedGenerator
  ) -> Picture {
    precondition(width > 0 && height > 0, "no picture of \(width)x\(height)")
    let scene = Scene(tint: style?.tint ?? .zero, using: &generator)
    let radii = style?.radii ?? Self.radii
    let canvas = Canvas(width: width, height: height)
    let side = Float(min(canvas.width, canvas.height))
    // A leaf below one and a half samples would be noise.
    let smallest = max(side * radii.lowerBound, 1.5)
    let largest = max(side * radii.upperBound, smallest)
    let margin = largest * 1.25
    let (right, bottom) = (Float(canvas.width), Float(canvas.height))
    var outline = Outline()

    func drawRadius() -> Float {
      // The inverse of the distribution function of r^-3.
      1
        / generator.float(in: 1 / (largest * largest)...1 / (smallest * smallest)).squareRoot()
    }
    func lay(at center: SIMD2<Float>, radius: Float) {
      outline.draw(center: center, radius: radius, using: &generator)
      let surface = Surface(
        of: scene, center: center, radius: radius, reach: outline.reach, side: side,
        using: &generator)
      canvas.paint(outline, surface)
    }

    while canvas.uncovered > canvas.width * canvas.height / 64 {
      let radius = drawRadius()
      let center = SIMD2(
        generator.float(in: -margin...right + margin),
        generator.float(in: -margin...bottom + margin))
      let reach = 2 * radius
      if center.x > -reach, center.y > -reach, center.x < right + reach, center.y < bottom + reach {
        lay(at: center, radius: radius)
      }
    }
    // Waiting for random leaves to cover the last holes would double the time, so aim at them.
    while let hole = canvas.findHole(using: &generator) {
      lay(at: hole, radius: drawRadius())
    }
    return canvas.develop(scene, using: &generator)
  }
}

/// The properties shared by all leaves of a picture: colors, light, camera.
struct Scene {
  /// Recurring colors, as in a wood or a street: OKLab (L, a, b).
  let palette: [SIMD3<Float>]
  /// The saturation of colors, from 0 (gray) to about 1.
  let vividness: Float
  /// The spread of leaves around their palette color, in OKLab.
  let spread: SIMD3<Float>
  /// The direction from which light comes, a unit vector.
  let light: SIMD2<Float>
  /// The share by which light decreases along `light` from the center to a corner.
  let falloff: Float
  /// The share by which corners are darker, approximately.
  let vignette: Float
  /// The strength of textures, about 1.
  let texture: Float
  /// The standard deviation of the sensor's noise, in units of 1/255.
  let noise: Float

  /// - Parameter tint: added to the mean color, in OKLab.
  init(tint: SIMD3<Float>, using generator: inout KeyedGenerator) {
    // Photographs range from gray to vivid, vary most in lightness, vary more along yellow and blue than along red and
    // green, and have a color cast.
    let vividness =
      generator.chance(0.12) ? generator.float(in: 0...0.1) : generator.float(in: 0.3...1.15)
    let contrast = generator.float(in: 0.10...0.19)
    let natural = SIMD3(
      generator.float(in: 0.45...0.68), 0.007 * vividness * generator.bell(),
      (0.015 + 0.022 * generator.bell()) * vividness)
    let mean = natural + tint
    palette = (0..<4 + generator.integer(below: 6)).map { _ in
      let chroma = generator.bell()
      return mean
        + SIMD3(
          contrast * generator.bell(), vividness * (0.024 * generator.bell() + 0.006 * chroma),
          vividness * 0.05 * chroma)
    }
    self.vividness = vividness
    spread = SIMD3(0.45 * contrast, 0.012 * vividness, 0.018 * vividness)
    light = generator.floatDirection()
    falloff = generator.float(in: 0...0.4)
    vignette = generator.float(in: 0...0.25)
    texture = generator.float(in: 0.6...1.3)
    noise = generator.float(in: 0.4...1.8)
  }

  /// Draws a leaf's color, in OKLab.
  func drawColor(using generator: inout KeyedGenerator) -> SIMD3<Float> {
    var color =
      palette[generator.integer(below: palette.count)]
      + spread * SIMD3(generator.bell(), generator.bell(), generator.bell())
    color.x = min(max(color.x, 0.2), 0.97)
    return color
  }
}

extension KeyedGenerator {
  mutating func float(in range: ClosedRange<Float>) -> Float {
    let unit = Float(next() >> 40) * 0x1p-24
    return range.lowerBound + (range.upperBound - range.lowerBound) * unit
  }

  /// A bell-shaped number with mean 0 and variance 1, within -3...3: the sum of three uniform numbers. Unlike the normal
  /// distribution, it does not need libm, whose last bit differs between machines.
  mutating func bell() -> Float {
    let bits = next()
    let sum = Int(bits & 0x1F_FFFF) + Int(bits >> 21 & 0x1F_FFFF) + Int(bits >> 42 & 0x1F_FFFF)
    return Float(sum) * 0x1p-20 - 3
  }

  /// A unit vector in a uniformly random direction.
  mutating func floatDirection() -> SIMD2<Float> {
    direction { $0.float(in: -1...1) }
  }
}
