import CCairo
import Media

/// How a picture is scaled.
public enum PictureScaling: Sendable {
  /// Pixels stay sharp squares.
  case nearest
  /// Neighboring pixels are blended.
  case smooth
}

extension Canvas {
  /// Draws a picture that fills `rectangle`.
  public func picture(
    _ picture: Picture, in rectangle: Rectangle, scaling: PictureScaling = .smooth
  ) {
    guard rectangle.width > 0, rectangle.height > 0 else { return }
    var picture = picture
    if backend == .svg, scaling == .nearest {
      // Viewers of SVG blend pixels, so enlarge them here.
      picture = picture.enlarged(by: Int(rectangle.width / Double(picture.width)))
    }
    guard
      let image = cairo_image_surface_create(
        CAIRO_FORMAT_RGB24, Int32(clamping: picture.width), Int32(clamping: picture.height))
    else { return }
    defer { cairo_surface_destroy(image) }
    // If the picture is too large for Cairo, the surface is in an error state, which the context adopts and reports at
    // the end.
    if cairo_surface_status(image) == CAIRO_STATUS_SUCCESS { copy(picture, to: image) }
    clipped(to: rectangle) {
      cairo_translate(context, rectangle.x, rectangle.y)
      cairo_scale(
        context, rectangle.width / Double(picture.width), rectangle.height / Double(picture.height))
      cairo_set_source_surface(context, image, 0, 0)
      let pattern = cairo_get_source(context)
      cairo_pattern_set_filter(
        pattern, scaling == .nearest ? CAIRO_FILTER_NEAREST : CAIRO_FILTER_GOOD)
      // Without padding, the borders would fade to transparent on pixels. Cairo's SVG would tile the picture.
      if backend == .raster { cairo_pattern_set_extend(pattern, CAIRO_EXTEND_PAD) }
      cairo_paint(context)
    }
  }

  private func copy(_ picture: Picture, to image: OpaquePointer) {
    cairo_surface_flush(image)
    let stride = Int(cairo_image_surface_get_stride(image))
    let data = UnsafeMutableRawPointer(cairo_image_surface_get_data(image)!)
    picture.pixels.withUnsafeBufferPointer { samples in
      for row in 0..<picture.height {
        for column in 0..<picture.width {
          let index = (row * picture.width + column) * 3
          let value =
            UInt32(samples[index]) << 16 | UInt32(samples[index + 1]) << 8
            | UInt32(samples[index + 2])
          data.storeBytes(of: value, toByteOffset: row * stride + column * 4, as: UInt32.self)
        }
      }
    }
    cairo_surface_mark_dirty(image)
  }
}

extension Picture {
  /// The picture with each pixel repeated `factor` times in both directions, up to 4096 pixels per side; unchanged for a
  /// factor below 2.
  fileprivate func enlarged(by factor: Int) -> Picture {
    let factor = min(factor, 4096 / max(width, height))
    guard factor > 1 else { return self }
    var result: [UInt8] = []
    result.reserveCapacity(pixels.count * factor * factor)
    for row in 0..<height {
      var line: [UInt8] = []
      for column in 0..<width {
        let start = (row * width + column) * 3
        for _ in 0..<factor { line += pixels[start..<start + 3] }
      }
      for _ in 0..<factor { result += line }
    }
    return Picture(width: width * factor, height: height * factor, pixels: result)
  }
}
