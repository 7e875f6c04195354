import CCairo
import Media

/// How a picture is brought to another size.
public enum PictureScaling: Sendable {
  /// Each pixel stays a sharp square.
  case nearest
  /// Neighbouring pixels are blended.
  case smooth
}

extension Canvas {
  /// A picture over the whole of `rectangle`.
  public func picture(
    _ picture: Picture, in rectangle: Rectangle, scaling: PictureScaling = .smooth
  ) {
    guard rectangle.width > 0, rectangle.height > 0,
      let image = cairo_image_surface_create(
        CAIRO_FORMAT_RGB24, Int32(clamping: picture.width), Int32(clamping: picture.height))
    else { return }
    defer { cairo_surface_destroy(image) }
    // A picture beyond Cairo's size leaves the surface in error, which the context takes over and
    // reports at the end.
    if cairo_surface_status(image) == CAIRO_STATUS_SUCCESS { copy(picture, to: image) }
    clipped(to: rectangle) {
      cairo_translate(context, rectangle.x, rectangle.y)
      cairo_scale(
        context, rectangle.width / Double(picture.width), rectangle.height / Double(picture.height))
      cairo_set_source_surface(context, image, 0, 0)
      let pattern = cairo_get_source(context)
      cairo_pattern_set_filter(
        pattern, scaling == .nearest ? CAIRO_FILTER_NEAREST : CAIRO_FILTER_GOOD)
      // Without it the borders would fade.
      cairo_pattern_set_extend(pattern, CAIRO_EXTEND_PAD)
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
