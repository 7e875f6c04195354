import KeyedRandom
import Media

/// Procedural pictures with the statistics of natural ones: the dead leaves model (Matheron, 1968;
/// Lee, Mumford and Huang, "Occlusion models for natural images", IJCV 2001).
///
/// Leaves of random shape, color and texture fall on one another until nothing of the ground shows.
/// Their radii have the density r^-3 between two bounds that are shares of the picture's short side,
/// which makes the statistics scale-invariant: edges and texture at every size, luminance whose
/// power falls about as frequency^-2. A window moved over such a picture shows its motion anywhere.
///
/// Leaves are laid front to back, so each point is painted once, by the first leaf that covers it.
/// Every step is integer arithmetic or correctly rounded IEEE arithmetic (square roots, no
/// logarithms or trigonometry): a generator means the same bytes on every machine.
public enum DeadLeaves {
  /// The bounds of the leaves' radii, as shares of the picture's short side.
  static let radii: ClosedRange<Float> = 0.008...0.5

  /// A picture drawn from `generator`, uint8 RGB, axes [height, width, 3], fully covered by leaves.
  public static func picture(width: Int, height: Int, using generator: inout KeyedGenerator)
    -> Picture
  {
    precondition(width > 0 && height > 0, "no picture of \(width)x\(height)")
    let scene = Scene(using: &generator)
    let canvas = Canvas(width: width, height: height)
    let side = Float(min(canvas.width, canvas.height))
    // Below one and a half samples a leaf would be noise.
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
    // Waiting for chance to hit the last holes would take as long again: aim at them.
    while let hole = canvas.findHole(using: &generator) {
      lay(at: hole, radius: drawRadius())
    }
    return canvas.develop(scene, using: &generator)
  }
}

/// What the leaves of one picture have in common: colors, light, camera.
struct Scene {
  /// Colors that recur, as in a wood or a street: OKLab (L, a, b).
  let palette: [SIMD3<Float>]
  /// The strength of colors, 0 (gray) to about 1.
  let vividness: Float
  /// The spread of leaves about their palette color, OKLab.
  let spread: SIMD3<Float>
  /// The direction light comes from, a unit vector.
  let light: SIMD2<Float>
  /// Light falls off along `light` by this share from the middle to a corner.
  let falloff: Float
  /// Corners are darker by about this share.
  let vignette: Float
  /// How strongly leaves are textured, about 1.
  let texture: Float
  /// The sensor's noise, standard deviation in units of 1/255.
  let noise: Float

  init(using generator: inout KeyedGenerator) {
    // Photographs range from gray to vivid, vary most in lightness, more along yellow and blue than
    // along red and green, and share a cast.
    let vividness =
      generator.chance(0.12) ? generator.float(in: 0...0.1) : generator.float(in: 0.3...1.15)
    let contrast = generator.float(in: 0.10...0.19)
    let mean = SIMD3(
      generator.float(in: 0.45...0.68), 0.007 * vividness * generator.bell(),
      (0.015 + 0.022 * generator.bell()) * vividness)
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

  /// A leaf's color, OKLab.
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

  /// A bell-shaped number of mean 0 and variance 1, within -3...3: three uniform ones added. Unlike
  /// the normal distribution it needs no libm, whose last bit differs between machines.
  mutating func bell() -> Float {
    let bits = next()
    let sum = Int(bits & 0x1F_FFFF) + Int(bits >> 21 & 0x1F_FFFF) + Int(bits >> 42 & 0x1F_FFFF)
    return Float(sum) * 0x1p-20 - 3
  }

  /// A unit vector of uniform direction.
  mutating func floatDirection() -> SIMD2<Float> {
    direction { $0.float(in: -1...1) }
  }
}
