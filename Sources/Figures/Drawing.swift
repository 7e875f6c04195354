import Media

/// A drawing of known size.
public protocol Drawing {
  /// The width in points.
  var width: Double { get }
  /// The height in points.
  var height: Double { get }

  /// Draws on a canvas of this size.
  func draw(on canvas: Canvas)
}

extension Drawing {
  /// Writes a PNG or SVG file, depending on the extension of `path`, completely or not at all. `scale` is the number of
  /// pixels per point in a PNG.
  ///
  /// - Throws: `FigureError`.
  public func write(to path: String, scale: Double = 1) throws {
    try Canvas.write(to: path, width: width, height: height, scale: scale, draw)
  }

  /// The drawing as an SVG document.
  ///
  /// - Throws: `FigureError`.
  public func svg() throws -> String { try Canvas.svg(width: width, height: height, draw) }

  /// The drawing as a picture with `scale` pixels per point.
  ///
  /// - Throws: `FigureError`.
  public func picture(scale: Double = 1) throws -> Picture {
    try Canvas.picture(width: width, height: height, scale: scale, draw)
  }
}
