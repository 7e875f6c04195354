import Foundation
import Media

/// A map of values, drawn over a picture in the colors of ``Palette/heat(_:)``.
public struct HeatMap: Sendable {
  /// The width in values.
  public let width: Int
  /// The height in values.
  public let height: Int
  /// The values, [height, width]. Values outside 0...1 are drawn like the nearest of these.
  public let values: [Float]

  /// A map of `values` [height, width].
  public init(width: Int, height: Int, values: [Float]) {
    precondition(
      width > 0 && height > 0 && values.count == width * height,
      "a heat map of \(width)x\(height) needs \(width * height) values, not \(values.count)")
    (self.width, self.height, self.values) = (width, height, values)
  }

  /// The values as colors, one pixel each.
  public var picture: Picture {
    Picture(
      width: width, height: height,
      pixels: values.flatMap { Self.colors[Palette.heatLevel(Double($0))] })
  }

  /// The map over a frame, enlarged to its size. The frame is drawn in dim grays, which are covered more the higher the
  /// value: all hues come from the map, and hot places are brighter than cold ones in any frame.
  public func picture(over frame: Picture) -> Picture {
    let heat = resized(width: frame.width, height: frame.height)
    var pixels = frame.pixels
    for index in heat.values.indices {
      let first = index * 3
      // The luma of BT.601.
      let gray =
        0.299 * Double(pixels[first]) + 0.587 * Double(pixels[first + 1])
        + 0.114 * Double(pixels[first + 2])
      let level = Palette.heatLevel(Double(heat.values[index]))
      let opacity = 0.35 + 0.55 * pow(Double(level) / 255, 1.5)
      for channel in 0..<3 {
        let mixed = (1 - opacity) * 0.4 * gray + opacity * Double(Self.colors[level][channel])
        pixels[first + channel] = UInt8(min(max(mixed.rounded(), 0), 255))
      }
    }
    return Picture(width: frame.width, height: frame.height, pixels: pixels)
  }

  /// The map at another size, by linear interpolation; constant beyond the outermost values.
  public func resized(width: Int, height: Int) -> HeatMap {
    if (width, height) == (self.width, self.height) { return self }
    /// For each position, the two neighboring values and the share of the second.
    func places(_ count: Int, of total: Int) -> [(first: Int, second: Int, share: Float)] {
      (0..<count).map { index in
        let place = (Double(index) + 0.5) * Double(total) / Double(count) - 0.5
        let within = min(max(place, 0), Double(total - 1))
        let first = Int(within)
        return (first, min(first + 1, total - 1), Float(within - Double(first)))
      }
    }
    let columns = places(width, of: self.width)
    var result: [Float] = []
    result.reserveCapacity(width * height)
    for row in places(height, of: self.height) {
      for column in columns {
        func across(_ row: Int) -> Float {
          let line = row * self.width
          return values[line + column.first] * (1 - column.share)
            + values[line + column.second] * column.share
        }
        result.append(across(row.first) * (1 - row.share) + across(row.second) * row.share)
      }
    }
    return HeatMap(width: width, height: height, values: result)
  }

  /// The colors of the levels as 8-bit R, G, B.
  private static let colors: [[UInt8]] = Palette.heats.map { color in
    [color.red, color.green, color.blue].map { UInt8(($0 * 255).rounded()) }
  }
}
