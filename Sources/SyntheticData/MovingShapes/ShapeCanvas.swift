import Geometry
import Media

/// A frame in progress, painted from front to back: a pixel keeps the first color that it gets.
struct ShapeCanvas {
  private let side: Int
  private var pixels: [UInt8]
  /// `side + 1` links for each row. An open pixel links to itself, a covered one to a pixel on its right such that all in
  /// between are covered, too.
  private var links: [Int32]
  private var openCount: Int

  /// A black square of `side` pixels.
  init(side: Int) {
    self.side = side
    pixels = [UInt8](repeating: 0, count: side * side * 3)
    links = []
    links.reserveCapacity(side * (side + 1))
    for _ in 0..<side { links.append(contentsOf: 0...Int32(side)) }
    openCount = side * side
  }

  var hasOpenPixels: Bool { openCount > 0 }
  var picture: Picture { Picture(width: side, height: side, pixels: pixels) }

  /// Paints the open pixels inside an object's outline with its texture or, without one, its color.
  mutating func paint(_ object: ShapeObject, _ pose: ShapeObject.Pose, _ texture: Picture?) {
    let side = side
    let offset = object.texture?.offset ?? .zero
    var painted = 0
    pose.corners.withUnsafeBufferPointer { corners in
      pixels.withUnsafeMutableBufferPointer { pixels in
        links.withUnsafeMutableBufferPointer { links in
          forEachSpan(within: corners, width: side, height: side) { row, columns in
            let rowLinks = UnsafeMutableBufferPointer(
              rebasing: links[row * (side + 1)..<(row + 1) * (side + 1)])
            var column = Self.open(rowLinks, columns.lowerBound)
            while column < columns.upperBound {
              let color: SIMD3<UInt8>
              if let texture {
                let box =
                  pose.origin + (Double(column) + 0.5) * pose.alongX
                  + (Double(row) + 0.5) * pose.alongY
                color = texture.mirrored(
                  at: SIMD2<Float>(box) * (Float(texture.width) / Float(2 * side)) + offset)
              } else {
                color = object.color
              }
              let place = 3 * (row * side + column)
              (pixels[place], pixels[place + 1], pixels[place + 2]) = (color.x, color.y, color.z)
              rowLinks[column] = Int32(columns.upperBound)
              painted += 1
              column = Self.open(rowLinks, column + 1)
            }
          }
        }
      }
    }
    openCount -= painted
  }

  /// The first open pixel at or to the right of `column`, or the side.
  @inline(__always)
  private static func open(_ links: UnsafeMutableBufferPointer<Int32>, _ column: Int) -> Int {
    var column = column
    while true {
      let next = Int(links[column])
      if next == column { return column }
      links[column] = links[next]
      column = next
    }
  }
}

extension Picture {
  /// The color at a position in pixels from the left and top edge, bilinear; beyond its borders the picture is
  /// mirrored.
  @inline(__always)
  fileprivate func mirrored(at position: SIMD2<Float>) -> SIMD3<UInt8> {
    func place(_ value: Float, _ count: Int) -> (first: Int, second: Int, share: Float) {
      let period = Float(2 * count)
      var folded = value - (value / period).rounded(.down) * period
      if folded >= Float(count) { folded = period - folded }
      let shifted = min(max(folded - 0.5, 0), Float(count - 1))
      let first = Int(shifted)
      return (first, min(first + 1, count - 1), shifted - Float(first))
    }
    let (x, y) = (place(position.x, width), place(position.y, height))
    return pixels.withUnsafeBufferPointer { pixels in
      func color(_ column: Int, _ row: Int) -> SIMD3<Float> {
        let start = 3 * (row * width + column)
        return SIMD3(Float(pixels[start]), Float(pixels[start + 1]), Float(pixels[start + 2]))
      }
      let top = color(x.first, y.first) * (1 - x.share) + color(x.second, y.first) * x.share
      let bottom = color(x.first, y.second) * (1 - x.share) + color(x.second, y.second) * x.share
      return SIMD3<UInt8>(top * (1 - y.share) + bottom * y.share, rounding: .toNearestOrEven)
    }
  }
}
