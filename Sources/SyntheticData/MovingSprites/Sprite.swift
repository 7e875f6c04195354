import Foundation
import KeyedRandom
import Media

/// A moving object: a blob without symmetry, cut from a picture.
struct Sprite {
  /// The mean radius as a share of the frame's short side.
  let radius: Double
  /// The outline: a circle of radius 1 with waves, each with its number of periods, amplitude and phase.
  private let waves: [(count: Double, amplitude: Double, phase: Double)]
  private let texture: Picture

  /// - Parameters:
  ///   - radius: the mean radius as a share of the frame's short side.
  ///   - style: the style of its texture; nil for that of natural images in general.
  init(radius: Double, style: DeadLeaves.Style? = nil, using generator: inout KeyedGenerator) {
    self.radius = radius
    waves = [1.0, 2, 3, 5].map {
      ($0, generator.uniform(in: 0.05...0.2), generator.uniform(in: 0...2 * .pi))
    }
    texture = DeadLeaves.picture(width: 64, height: 64, style: style, using: &generator)
  }

  /// Paints the sprite over a frame, and the part that crosses an edge on the opposite side.
  func paint(on canvas: inout SpriteCanvas, at pose: SpritePath.Pose) {
    let short = Double(min(canvas.width, canvas.height))
    let size = radius * pose.scale * short
    let reach = 1.8 * size + 1
    let (width, height) = (Double(canvas.width), Double(canvas.height))
    let x = wrapped(pose.x * short, width)
    let y = wrapped(pose.y * short, height)
    for dx in [-width, 0, width] where x + dx + reach > 0 && x + dx - reach < width {
      for dy in [-height, 0, height] where y + dy + reach > 0 && y + dy - reach < height {
        paint(on: &canvas, x: x + dx, y: y + dy, size: size, reach: reach, angle: pose.angle)
      }
    }
  }

  private func paint(
    on canvas: inout SpriteCanvas, x: Double, y: Double, size: Double, reach: Double, angle: Double
  ) {
    let (sine, cosine) = (sin(angle), cos(angle))
    let columns = max(0, Int(x - reach))..<min(canvas.width, Int(x + reach) + 1)
    let rows = max(0, Int(y - reach))..<min(canvas.height, Int(y + reach) + 1)
    for row in rows {
      for column in columns {
        let (dx, dy) = (Double(column) + 0.5 - x, Double(row) + 0.5 - y)
        // Coordinates relative to the sprite, whose mean radius is 1.
        let u = (cosine * dx + sine * dy) / size
        let v = (-sine * dx + cosine * dy) / size
        let direction = atan2(v, u)
        let edge = waves.reduce(1) { $0 + $1.amplitude * cos($1.count * direction + $1.phase) }
        // The edge is half transparent over half a pixel.
        let cover = min(max((edge - (u * u + v * v).squareRoot()) * size + 0.5, 0), 1)
        guard cover > 0 else { continue }
        let scale = Double(texture.width) / 3.8
        let color = texture.sample(
          x: u * scale + Double(texture.width) / 2, y: v * scale + Double(texture.height) / 2)
        canvas.blend(color, at: column, row, cover: Float(cover))
      }
    }
  }
}

private func wrapped(_ value: Double, _ period: Double) -> Double {
  value - (value / period).rounded(.down) * period
}

/// A frame in progress.
struct SpriteCanvas {
  let width: Int
  let height: Int
  private var colors: [SIMD3<Float>]

  /// The part of `ground` whose top left corner is at (`x`, `y`), which may be between pixels.
  init(width: Int, height: Int, ground: Picture, x: Double, y: Double) {
    (self.width, self.height) = (width, height)
    colors = []
    colors.reserveCapacity(width * height)
    for row in 0..<height {
      for column in 0..<width {
        colors.append(ground.sample(x: Double(column) + 0.5 + x, y: Double(row) + 0.5 + y))
      }
    }
  }

  mutating func blend(_ color: SIMD3<Float>, at column: Int, _ row: Int, cover: Float) {
    let place = row * width + column
    colors[place] += (color - colors[place]) * cover
  }

  var picture: Picture {
    Picture(
      width: width, height: height,
      pixels: colors.flatMap { color in
        (0..<3).map { UInt8(min(max(color[$0], 0), 255).rounded()) }
      })
  }
}

extension Picture {
  /// The color at a position, bilinear between the centers of pixels and constant beyond the border.
  fileprivate func sample(x: Double, y: Double) -> SIMD3<Float> {
    let (x, y) = (min(max(x - 0.5, 0), Double(width - 1)), min(max(y - 0.5, 0), Double(height - 1)))
    let (left, top) = (Int(x), Int(y))
    let (right, bottom) = (min(left + 1, width - 1), min(top + 1, height - 1))
    let (across, down) = (Float(x - Double(left)), Float(y - Double(top)))
    func color(_ column: Int, _ row: Int) -> SIMD3<Float> {
      let place = (row * width + column) * 3
      return SIMD3(Float(pixels[place]), Float(pixels[place + 1]), Float(pixels[place + 2]))
    }
    let upper = color(left, top) * (1 - across) + color(right, top) * across
    let lower = color(left, bottom) * (1 - across) + color(right, bottom) * across
    return upper * (1 - down) + lower * down
  }
}
