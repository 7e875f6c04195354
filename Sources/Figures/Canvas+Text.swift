import CCairo

/// How text is set. The typeface is DejaVu Sans, or what the system has in its place.
public struct TextStyle: Sendable {
  /// The size of the type in points.
  public var size: Double
  public var bold: Bool
  public var color: Color

  public init(size: Double, bold: Bool = false, color: Color = Palette.ink) {
    self.size = size
    self.bold = bold
    self.color = color
  }

  /// The height of capitals and digits in points.
  public var capHeight: Double { size * 0.73 }

  /// How far `text` advances in points; 0 where no typeface is installed.
  public func width(of text: String) -> Double {
    withFont { font in
      var extents = cairo_text_extents_t()
      cairo_scaled_font_text_extents(font, text, &extents)
      return extents.x_advance
    } ?? 0
  }

  /// Gives `body` the typeface, made apart from any canvas: one that is missing spoils no drawing.
  /// Hinting is off, so text is as wide on pixels as in SVG.
  func withFont<Result>(_ body: (OpaquePointer) -> Result) -> Result? {
    let face = cairo_toy_font_face_create(
      "DejaVu Sans", CAIRO_FONT_SLANT_NORMAL,
      bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL)
    defer { cairo_font_face_destroy(face) }
    var scale = cairo_matrix_t()
    cairo_matrix_init_scale(&scale, size, size)
    var identity = cairo_matrix_t()
    cairo_matrix_init_identity(&identity)
    let options = cairo_font_options_create()
    defer { cairo_font_options_destroy(options) }
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF)
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE)
    cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY)
    guard let font = cairo_scaled_font_create(face, &scale, &identity, options) else { return nil }
    defer { cairo_scaled_font_destroy(font) }
    guard cairo_scaled_font_status(font) == CAIRO_STATUS_SUCCESS else { return nil }
    return body(font)
  }
}

/// Which place of a line of text lies at the point it is drawn at.
public struct TextAnchor: Hashable, Sendable {
  public enum Horizontal: Sendable { case left, center, right }
  /// `top` and `middle` are those of capitals.
  public enum Vertical: Sendable { case top, middle, baseline }

  public var horizontal: Horizontal
  public var vertical: Vertical

  public init(_ horizontal: Horizontal, _ vertical: Vertical = .baseline) {
    self.horizontal = horizontal
    self.vertical = vertical
  }

  public static let left = TextAnchor(.left)
  public static let center = TextAnchor(.center)
  public static let right = TextAnchor(.right)
}

extension Canvas {
  /// A line of text.
  ///
  /// - Parameters:
  ///   - point: Where the anchor of the text lies, in points.
  ///   - degrees: The turn about `point`, clockwise; -90 reads upwards.
  ///   - halo: A border around the letters that sets them off from what is beneath.
  public func text(
    _ text: String, at point: Point, _ style: TextStyle, anchor: TextAnchor = .left,
    degrees: Double = 0, halo: Stroke? = nil
  ) {
    let left =
      switch anchor.horizontal {
      case .left: 0.0
      case .center: -style.width(of: text) / 2
      case .right: -style.width(of: text)
      }
    let baseline =
      switch anchor.vertical {
      case .top: style.capHeight
      case .middle: style.capHeight / 2
      case .baseline: 0.0
      }
    cairo_save(context)
    defer { cairo_restore(context) }
    cairo_translate(context, point.x, point.y)
    cairo_rotate(context, degrees * .pi / 180)
    _ = style.withFont { font in
      cairo_set_font_face(context, cairo_scaled_font_get_font_face(font))
      cairo_set_font_size(context, style.size)
      let options = cairo_font_options_create()
      defer { cairo_font_options_destroy(options) }
      cairo_scaled_font_get_font_options(font, options)
      cairo_set_font_options(context, options)
      if let halo {
        cairo_move_to(context, left, baseline)
        cairo_text_path(context, text)
        setSource(halo.color)
        cairo_set_line_width(context, halo.width)
        cairo_set_line_join(context, CAIRO_LINE_JOIN_ROUND)
        cairo_set_dash(context, nil, 0, 0)
        cairo_stroke(context)
      }
      cairo_move_to(context, left, baseline)
      setSource(style.color)
      cairo_show_text(context, text)
      cairo_new_path(context)
    }
  }
}
