import CCairo

/// The style of text. The typeface is DejaVu Sans or the system's substitute; missing letters come from other typefaces.
public struct TextStyle: Sendable {
  /// The size of the type in points.
  public var size: Double
  /// True for bold type.
  public var bold: Bool
  /// The color.
  public var color: Color

  /// A style with this size in points, weight and color.
  public init(size: Double, bold: Bool = false, color: Color = Palette.ink) {
    self.size = size
    self.bold = bold
    self.color = color
  }

  /// The height of capitals and digits in points.
  public var capHeight: Double { size * 0.73 }

  /// The width of `text` in points; 0 if no typeface is installed.
  public func width(of text: String) -> Double { TextLine(text, self).width }
}

/// The part of a line of text that is placed at the given point.
public struct TextAnchor: Hashable, Sendable {
  /// The horizontal part.
  public enum Horizontal: Sendable { case left, center, right }
  /// The vertical part; `top` and `middle` are those of capitals.
  public enum Vertical: Sendable { case top, middle, baseline }

  /// The horizontal part.
  public var horizontal: Horizontal
  /// The vertical part.
  public var vertical: Vertical

  /// An anchor with these parts.
  public init(_ horizontal: Horizontal, _ vertical: Vertical = .baseline) {
    self.horizontal = horizontal
    self.vertical = vertical
  }

  /// The left end of the baseline.
  public static let left = TextAnchor(.left)
  /// The center of the baseline.
  public static let center = TextAnchor(.center)
  /// The right end of the baseline.
  public static let right = TextAnchor(.right)
}

extension Canvas {
  /// Draws a line of text.
  ///
  /// - Parameters:
  ///   - text: The text, one line.
  ///   - point: The position of the anchor, in points.
  ///   - style: The size, weight and color of the letters.
  ///   - anchor: The place of the text that lies at `point`.
  ///   - degrees: The rotation about `point`, clockwise; -90 reads upward.
  ///   - halo: A border that separates the letters from the background.
  public func text(
    _ text: String, at point: Point, _ style: TextStyle, anchor: TextAnchor = .left,
    degrees: Double = 0, halo: Stroke? = nil
  ) {
    let line = TextLine(text, style)
    let left =
      switch anchor.horizontal {
      case .left: 0.0
      case .center: -line.width / 2
      case .right: -line.width
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
    if let halo {
      cairo_move_to(context, left, baseline)
      line.addOutlines(on: context)
      setSource(halo.color)
      cairo_set_line_width(context, halo.width)
      cairo_set_line_join(context, CAIRO_LINE_JOIN_ROUND)
      cairo_set_dash(context, nil, 0, 0)
      cairo_stroke(context)
    }
    cairo_move_to(context, left, baseline)
    setSource(style.color)
    line.show(on: context)
    cairo_new_path(context)
  }
}
