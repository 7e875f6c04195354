import CCairo
import Foundation
import Media
import SafeFiles

/// A surface to draw on, which becomes pixels or SVG with the same calls.
///
/// Coordinates are in points, x to the right and y down from the top left corner; a point is `scale` pixels. A canvas is
/// valid only during the closure that receives it: later drawings are lost. Errors of Cairo are thrown at the end of the
/// closure.
public final class Canvas {
  /// The width in points.
  public let width: Double
  /// The height in points.
  public let height: Double

  let context: OpaquePointer
  let backend: Backend
  private let surface: OpaquePointer
  /// Receives the output of Cairo; it must live as long as the surface.
  private let sink = ByteSink()

  /// The whole canvas.
  public var bounds: Rectangle { Rectangle(x: 0, y: 0, width: width, height: height) }

  /// Draws a picture.
  ///
  /// - Parameters:
  ///   - width: The width in points.
  ///   - height: The height in points.
  ///   - scale: The number of pixels per point; the picture has `(width * scale).rounded(.up)` columns.
  ///   - background: The color that fills the canvas first, over white.
  ///   - body: Draws on the canvas.
  /// - Throws: `FigureError`, and errors of `body`.
  public static func picture(
    width: Double, height: Double, scale: Double = 1, background: Color = .white,
    _ body: (Canvas) throws -> Void
  ) throws -> Picture {
    let canvas = try Canvas(.raster, width: width, height: height, scale: scale)
    try canvas.draw(background, body)
    return canvas.pixels()
  }

  /// Draws into a PNG or SVG file, depending on the extension of `path`. The file is written completely or not at all.
  ///
  /// - Parameters:
  ///   - path: The path of the file; its folder must exist.
  ///   - width: The width in points.
  ///   - height: The height in points.
  ///   - scale: The number of pixels per point in a PNG. An SVG is in points.
  ///   - background: The color that fills the canvas first, over white.
  ///   - body: Draws on the canvas.
  /// - Throws: `FigureError`, and errors of `body`.
  public static func write(
    to path: String, width: Double, height: Double, scale: Double = 1, background: Color = .white,
    _ body: (Canvas) throws -> Void
  ) throws {
    let backend: Backend
    switch path.lowercased() {
    case let name where name.hasSuffix(".png"): backend = .raster
    case let name where name.hasSuffix(".svg"): backend = .svg
    default: throw FigureError.unknownFormat(path: path)
    }
    let canvas = try Canvas(backend, width: width, height: height, scale: scale)
    try canvas.draw(background, body)
    let content = Data(try canvas.encoded())
    do {
      try replaceFile(at: path, with: content)
    } catch {
      throw FigureError.cannotWrite(path: error.path, reason: error.reason)
    }
  }

  /// Draws an SVG document.
  ///
  /// - Parameters:
  ///   - width: The width in points.
  ///   - height: The height in points.
  ///   - body: Draws on the canvas.
  /// - Throws: `FigureError`, and errors of `body`.
  public static func svg(width: Double, height: Double, _ body: (Canvas) throws -> Void) throws
    -> String
  {
    let canvas = try Canvas(.svg, width: width, height: height, scale: 1)
    try canvas.draw(.white, body)
    return String(decoding: try canvas.encoded(), as: UTF8.self)
  }

  enum Backend { case raster, svg }

  private init(_ backend: Backend, width: Double, height: Double, scale: Double) throws {
    let scale = backend == .svg ? 1 : scale
    let columns = (width * scale).rounded(.up)
    let rows = (height * scale).rounded(.up)
    guard (1...32767).contains(columns), (1...32767).contains(rows) else {
      throw FigureError.invalidSize(width: columns, height: rows)
    }
    self.width = width
    self.height = height
    self.backend = backend
    switch backend {
    case .raster:
      surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, Int32(columns), Int32(rows))
    case .svg:
      surface = cairo_svg_surface_create_for_stream(
        ByteSink.append, Unmanaged.passUnretained(sink).toOpaque(), width, height)
    }
    context = cairo_create(surface)
    try check(cairo_status(context))
    cairo_scale(context, scale, scale)
  }

  deinit {
    cairo_destroy(context)
    cairo_surface_destroy(surface)
  }

  private func draw(_ background: Color, _ body: (Canvas) throws -> Void) throws {
    // Unlike a filled rectangle, this also fills a last row or column that a point covers only partly.
    for color in [.white, background] {
      setSource(color)
      cairo_paint(context)
    }
    try body(self)
    try check(cairo_status(context))
    cairo_surface_flush(surface)
    try check(cairo_surface_status(surface))
  }

  /// The bytes of a PNG or SVG file.
  private func encoded() throws -> [UInt8] {
    switch backend {
    case .raster:
      try check(
        cairo_surface_write_to_png_stream(
          surface, ByteSink.append, Unmanaged.passUnretained(sink).toOpaque()))
    case .svg:
      cairo_surface_finish(surface)
      try check(cairo_surface_status(surface))
    }
    return sink.bytes
  }

  private func pixels() -> Picture {
    let columns = Int(cairo_image_surface_get_width(surface))
    let rows = Int(cairo_image_surface_get_height(surface))
    let stride = Int(cairo_image_surface_get_stride(surface))
    let data = UnsafeRawPointer(cairo_image_surface_get_data(surface)!)
    var pixels: [UInt8] = []
    pixels.reserveCapacity(columns * rows * 3)
    for row in 0..<rows {
      for column in 0..<columns {
        let value = data.load(fromByteOffset: row * stride + column * 4, as: UInt32.self)
        pixels.append(UInt8(value >> 16 & 0xFF))
        pixels.append(UInt8(value >> 8 & 0xFF))
        pixels.append(UInt8(value & 0xFF))
      }
    }
    return Picture(width: columns, height: rows, pixels: pixels)
  }
}

/// Collects the output of Cairo.
private final class ByteSink {
  var bytes: [UInt8] = []

  static let append: cairo_write_func_t = { sink, data, count in
    let bytes = UnsafeBufferPointer(start: data, count: Int(count))
    Unmanaged<ByteSink>.fromOpaque(sink!).takeUnretainedValue().bytes.append(contentsOf: bytes)
    return CAIRO_STATUS_SUCCESS
  }
}

/// Throws `FigureError.cannotDraw` unless `status` is success.
private func check(_ status: cairo_status_t) throws {
  if status != CAIRO_STATUS_SUCCESS {
    throw FigureError.cannotDraw(reason: String(cString: cairo_status_to_string(status)))
  }
}
