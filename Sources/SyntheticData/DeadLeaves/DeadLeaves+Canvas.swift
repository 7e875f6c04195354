import Geometry
import KeyedRandom
import Media

/// A picture in progress, with two by two samples per pixel: averaging them smooths edges.
final class Canvas {
  /// The size in samples.
  let width: Int
  let height: Int
  /// The number of samples that no leaf covers yet.
  private(set) var uncovered: Int
  /// The linear RGB of each pixel: the sum over its samples so far.
  private let light: UnsafeMutablePointer<SIMD4<Float>>
  /// `width + 1` links for each row. A sample without a leaf links to itself, a covered one to a sample on its right such
  /// that all samples in between are covered, too. Thus covered samples are skipped quickly.
  private let links: UnsafeMutablePointer<Int32>

  init(width: Int, height: Int) {
    (self.width, self.height) = (2 * width, 2 * height)
    uncovered = 4 * width * height
    light = .allocate(capacity: width * height)
    light.initialize(repeating: .zero, count: width * height)
    links = .allocate(capacity: (2 * width + 1) * 2 * height)
    for row in 0..<2 * height {
      for x in 0...2 * width {
        (links + row * (2 * width + 1) + x).initialize(to: Int32(x))
      }
    }
  }

  deinit {
    light.deallocate()
    links.deallocate()
  }

  /// Paints the samples within the outline that no leaf covers yet.
  func paint(_ outline: Outline, _ surface: Surface) {
    NoiseTile.samples.withUnsafeBufferPointer { tile in
      outline.corners.withUnsafeBufferPointer { corners in
        forEachSpan(within: corners, width: width, height: height) { row, columns in
          fill(row, columns.lowerBound, columns.upperBound, surface, tile.baseAddress!)
        }
      }
    }
  }

  private func fill(
    _ row: Int, _ left: Int, _ right: Int, _ surface: Surface, _ tile: UnsafePointer<Float>
  ) {
    let links = links + row * (width + 1)
    let pixels = light + (row >> 1) * (width >> 1)
    var x = open(links, left)
    while x < right {
      pixels[x >> 1] += surface.sample(Int32(truncatingIfNeeded: x), Int32(row), tile)
      links[x] = Int32(truncatingIfNeeded: right)
      uncovered -= 1
      x = open(links, x + 1)
    }
  }

  /// The first sample at or to the right of `x` without a leaf, or the width.
  @inline(__always)
  private func open(_ links: UnsafeMutablePointer<Int32>, _ x: Int) -> Int {
    var x = x
    while true {
      let next = Int(links[x])
      if next == x { return x }
      links[x] = links[next]
      x = next
    }
  }

  /// The center of a sample without a leaf, the first at or after a random position; nil if all are covered. (In reading
  /// order, leaves would fill the last holes with level borders.)
  func findHole(using generator: inout KeyedGenerator) -> SIMD2<Float>? {
    guard uncovered > 0 else { return nil }
    var (row, start) = (generator.integer(below: height), generator.integer(below: width))
    while true {
      let x = open(links + row * (width + 1), start)
      if x < width { return [Float(x) + 0.5, Float(row) + 0.5] }
      (row, start) = ((row + 1) % height, 0)
    }
  }

  /// The finished picture, after the scene's light, the camera's tone curve and noise.
  func develop(_ scene: Scene, using generator: inout KeyedGenerator) -> Picture {
    let (columns, rows) = (width / 2, height / 2)
    // The distance from the center to a corner is 1.
    let unit = 2 / Float(columns * columns + rows * rows).squareRoot()
    // The noise below has a standard deviation of 1023 / √6.
    let noise = scene.noise / 418
    let pixels = [UInt8](unsafeUninitializedCapacity: columns * rows * 3) { pixels, count in
      toneCurve.withUnsafeBufferPointer { curve in
        for row in 0..<rows {
          let v = (Float(row) - Float(rows) / 2) * unit
          for column in 0..<columns {
            let u = (Float(column) - Float(columns) / 2) * unit
            let slope = scene.falloff * (scene.light.x * u + scene.light.y * v)
            let brightness = 1 + slope - scene.vignette * (u * u + v * v)
            let scaled = (light[row * columns + column] * (0.25 * brightness))
              .clamped(lowerBound: .zero, upperBound: .one)
            let index = row * columns + column
            var bits = generator.next()
            for channel in 0..<3 {
              let draw = Int(bits & 1023) - Int(bits >> 10 & 1023)
              bits >>= 20
              let value = curve[Int(scaled[channel] * 4095 + 0.5)] + noise * Float(draw)
              pixels[3 * index + channel] = UInt8(min(max(value, 0), 255) + 0.5)
            }
          }
        }
      }
      count = columns * rows * 3
    }
    return Picture(width: columns, height: rows, pixels: pixels)
  }
}

/// sRGB's transfer function from linear light (4096 steps) to 0...255, accurate to a level except for the darkest tones.
/// It consists of square roots, which are exact to the last bit, unlike `pow`.
private let toneCurve: [Float] = (0..<4096).map { step in
  let root = (Float(step) / 4095).squareRoot()
  let fourth = root.squareRoot()
  let value = 0.585_122_4 * root + 0.783_140_4 * fourth - 0.368_262_7 * fourth.squareRoot()
  return 255 * min(max(value, 0), 1)
}
