import Media

/// What knows its size and draws itself.
public protocol Drawing {
  /// The width in points.
  var width: Double { get }
  /// The height in points.
  var height: Double { get }

  /// Draws on a canvas of that size.
  func draw(on canvas: Canvas)
}

extension Drawing {
  /// Writes a PNG or SVG file, after the ending of `path`; `scale` is the pixels a point of a PNG.
  ///
  /// Throws `FigureError`; the file is written whole or not at all.
  public func write(to path: String, scale: Double = 1) throws {
    try Canvas.write(to: path, width: width, height: height, scale: scale, draw)
  }

  /// The drawing as an SVG document. Throws `FigureError`.
  public func svg() throws -> String { try Canvas.svg(width: width, height: height, draw) }

  /// The drawing as pixels, `scale` pixels a point. Throws `FigureError`.
  public func picture(scale: Double = 1) throws -> Picture {
    try Canvas.picture(width: width, height: height, scale: scale, draw)
  }
}
