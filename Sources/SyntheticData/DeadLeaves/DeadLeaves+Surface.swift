import KeyedRandom

/// The color of a leaf as a function of position: a color, a texture that blends it with a second color, and shading
/// across the leaf.
struct Surface {
  enum Texture {
    /// Noise at all frequencies.
    case cloud
    /// Two colors with irregular borders.
    case blotches
    /// Bars that are bent by noise.
    case stripes
  }

  private let texture: Texture
  /// Linear RGB in lanes 0...2: the color is `color + change * texture`, with texture in about -1...1.
  private let color: SIMD4<Float>
  private let change: SIMD4<Float>
  /// The brightness is `shade + slope . (x, y)`.
  private let shade: Float
  private let slope: SIMD2<Float>
  /// The position in the noise tile with 16 bits of fraction: `origin + x * alongX + y * alongY`.
  private let origin: SIMD2<Int32>
  private let alongX: SIMD2<Int32>
  private let alongY: SIMD2<Int32>
  /// For stripes: the phase is `phase + wave . (x, y)` periods plus `bend` times the noise.
  private let phase: Float
  private let wave: SIMD2<Float>
  private let bend: Float
  /// For stripes and blotches: the sharpness of their borders.
  private let sharpness: Float

  init(
    of scene: Scene, center: SIMD2<Float>, radius: Float, reach: Float, side: Float,
    using generator: inout KeyedGenerator
  ) {
    let kind = generator.integer(below: 100)
    texture = kind < 62 ? .cloud : kind < 80 ? .blotches : .stripes
    let first = scene.drawColor(using: &generator)
    // A few leaves have strong textures, most have faint ones.
    let strength = generator.float(in: 0...1)
    let depth = scene.texture * (0.025 + 0.13 * strength * strength)
    let hue = scene.vividness * SIMD2(0.2 * generator.bell(), 0.3 * generator.bell())
    let second = first + depth * SIMD3(1, hue.x, hue.y)
    color = linear(first)
    change = linear(second) - color

    // Most leaves are lit from the direction of the scene's light.
    let towards = generator.chance(0.7) ? scene.light : generator.floatDirection()
    let steepness = 0.45 * generator.float(in: 0...1) * generator.float(in: 0...1)
    slope = towards * (steepness / reach)
    shade = 1 - (slope * center).sum()

    // Texture scales with the picture, as far as samples can resolve it.
    let zoom = min(generator.float(in: 150...640) / side, 1) * 65_536
    let turn = generator.floatDirection() * zoom
    alongX = [Int32(turn.x), Int32(turn.y)]
    alongY = [Int32(-turn.y), Int32(turn.x)]
    let bits = generator.next()
    origin = [Int32(bits & 0xFF_FFFF), Int32(bits >> 24 & 0xFF_FFFF)]

    let shortest = max(0.012 * side, 5)
    let longest = max(1.2 * radius, shortest)
    let frequency = generator.float(in: 1 / longest...1 / shortest)
    wave = generator.floatDirection() * frequency
    phase = generator.float(in: 0...1)
    bend = generator.float(in: 0...0.35)
    sharpness = generator.float(in: 0.8...3)
  }

  /// The color at sample (x, y), linear RGB in lanes 0...2.
  @inline(__always)
  func sample(_ x: Int32, _ y: Int32, _ tile: UnsafePointer<Float>) -> SIMD4<Float> {
    // Lane by lane, because old processors cannot multiply vectors of integers.
    let noise = NoiseTile.value(
      origin.x &+ alongX.x &* x &+ alongY.x &* y, origin.y &+ alongX.y &* x &+ alongY.y &* y, tile)
    let (fx, fy) = (Float(x), Float(y))
    let amount: Float
    switch texture {
    case .cloud:
      amount = noise
    case .blotches:
      amount = min(max(noise * 3 * sharpness, -1), 1) + 0.3 * noise
    case .stripes:
      let turns = phase + wave.x * fx + wave.y * fy + bend * noise
      let part = turns - turns.rounded(.down)
      // Two parabolas that approximate a sine.
      let sine = part < 0.5 ? 16 * part * (0.5 - part) : -16 * (part - 0.5) * (1 - part)
      amount = min(max(sine * sharpness, -1), 1) + 0.3 * noise
    }
    let light = (color + change * amount) * (shade + slope.x * fx + slope.y * fy)
    // No lens produces full black.
    return light.replacing(with: 0.006, where: light .< 0.006)
  }
}

/// A periodic tile of noise whose octaves have about equal power, as in nature; it is made once.
enum NoiseTile {
  private static let bits = 8
  private static let size = 1 << bits

  /// Samples with mean 0 and standard deviation 0.5, [256, 256].
  static let samples: [Float] = {
    var generator = KeyedGenerator(.leafTexture)
    var tile = [Float](repeating: 0, count: size * size)
    for octave in 0...6 {
      // Random values on a lattice, interpolated smoothly.
      let cell = 1 << octave
      let count = size / cell
      let lattice = (0..<count * count).map { _ in generator.bell() }
      for y in 0..<size {
        let (row, below) = (y / cell * count, (y / cell + 1) % count * count)
        let down = smooth(y % cell, cell)
        for x in 0..<size {
          let (left, right) = (x / cell, (x / cell + 1) % count)
          let across = smooth(x % cell, cell)
          let top = lattice[row + left] * (1 - across) + lattice[row + right] * across
          let bottom = lattice[below + left] * (1 - across) + lattice[below + right] * across
          tile[y * size + x] += top * (1 - down) + bottom * down
        }
      }
    }
    let mean = tile.reduce(0, +) / Float(tile.count)
    let power = tile.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Float(tile.count)
    return tile.map { ($0 - mean) * 0.5 / power.squareRoot() }
  }()

  private static func smooth(_ step: Int, _ cell: Int) -> Float {
    let t = Float(step) / Float(cell)
    return t * t * (3 - 2 * t)
  }

  /// The bilinearly interpolated value at (`u`, `v`), each with 16 bits of fraction, periodic.
  @inline(__always)
  static func value(_ u: Int32, _ v: Int32, _ tile: UnsafePointer<Float>) -> Float {
    let mask = size - 1
    let (x, y) = (Int(u >> 16), Int(v >> 16))
    let (row, below) = ((y & mask) << bits, ((y &+ 1) & mask) << bits)
    let (left, right) = (x & mask, (x &+ 1) & mask)
    let across = Float(u & 0xFFFF) * 0x1p-16
    let down = Float(v & 0xFFFF) * 0x1p-16
    let top = tile[row + left] + (tile[row + right] - tile[row + left]) * across
    let bottom = tile[below + left] + (tile[below + right] - tile[below + left]) * across
    return top + (bottom - top) * down
  }
}

/// Converts OKLab (Ottosson, 2020) to linear sRGB, not negative; lane 3 is 0.
private func linear(_ lab: SIMD3<Float>) -> SIMD4<Float> {
  let cone = SIMD3(
    lab.x + 0.396_337_78 * lab.y + 0.215_803_76 * lab.z,
    lab.x - 0.105_561_35 * lab.y - 0.063_854_17 * lab.z,
    lab.x - 0.089_484_18 * lab.y - 1.291_485_5 * lab.z)
  let cube = cone * cone * cone
  let rgb = SIMD4(
    4.076_741_7 * cube.x - 3.307_711_6 * cube.y + 0.230_969_93 * cube.z,
    -1.268_438 * cube.x + 2.609_757_4 * cube.y - 0.341_319_4 * cube.z,
    -0.004_196_086 * cube.x - 0.703_418_6 * cube.y + 1.707_614_7 * cube.z, 0)
  return rgb.clamped(lowerBound: .zero, upperBound: .one)
}
