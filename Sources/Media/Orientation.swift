import CFFmpeg

/// The orientation of a stored picture: one of the eight of EXIF's tag 0x0112, which are also those that a container's
/// display matrix can represent.
///
/// The displayed picture is the stored one, transposed if `swapsAxes`, and then mirrored.
struct Orientation: Equatable {
  var swapsAxes = false
  var mirrorsX = false
  var mirrorsY = false

  static let upright = Orientation()

  /// The EXIF orientation; nil unless `value` is in 1...8.
  init?(exif value: Int) {
    guard (1...8).contains(value) else { return nil }
    swapsAxes = value >= 5
    mirrorsX = [2, 3, 6, 7].contains(value)
    mirrorsY = [3, 4, 7, 8].contains(value)
  }

  init() {}

  /// This orientation, rotated counterclockwise by another quarter turn.
  var turnedLeft: Orientation {
    var result = self
    result.swapsAxes.toggle()
    result.mirrorsX = mirrorsY
    result.mirrorsY = !mirrorsX
    return result
  }

  /// The orientation nearest to a container's matrix (9 numbers, row vectors times the matrix).
  init(displayMatrix m: UnsafePointer<Int32>) {
    let (a, b, c, d) = (Int(m[0]), Int(m[1]), Int(m[3]), Int(m[4]))
    if abs(a) + abs(d) >= abs(b) + abs(c) {
      mirrorsX = a < 0
      mirrorsY = d < 0
    } else {
      swapsAxes = true
      mirrorsX = c < 0
      mirrorsY = b < 0
    }
  }
}

extension Picture {
  /// The picture in its display orientation.
  func turned(_ orientation: Orientation) -> Picture {
    guard orientation != .upright else { return self }
    let newWidth = orientation.swapsAxes ? height : width
    let newHeight = orientation.swapsAxes ? width : height
    // The offset of a stored pixel is an affine function of its displayed column and row.
    let columnStep = (orientation.swapsAxes ? width : 1) * 3 * (orientation.mirrorsX ? -1 : 1)
    let rowStep = (orientation.swapsAxes ? 1 : width) * 3 * (orientation.mirrorsY ? -1 : 1)
    let first =
      (orientation.mirrorsX ? -columnStep * (newWidth - 1) : 0)
      + (orientation.mirrorsY ? -rowStep * (newHeight - 1) : 0)
    let turned = [UInt8](unsafeUninitializedCapacity: pixels.count) { out, count in
      pixels.withUnsafeBufferPointer { stored in
        var target = 0
        for row in 0..<newHeight {
          var source = first + row * rowStep
          for _ in 0..<newWidth {
            out.initializeElement(at: target, to: stored[source])
            out.initializeElement(at: target + 1, to: stored[source + 1])
            out.initializeElement(at: target + 2, to: stored[source + 2])
            target += 3
            source += columnStep
          }
        }
      }
      count = pixels.count
    }
    return Picture(width: newWidth, height: newHeight, pixels: turned)
  }
}
