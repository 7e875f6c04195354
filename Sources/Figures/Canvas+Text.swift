import CCairo

/// How text is set. The typeface is DejaVu Sans, or what the system has in its place; letters that it lacks come from
/// another one.
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

  /// How far `text` advances in points; 0 if no typeface is installed.
  public func width(of text: String) -> Double { TextLine(text, self).width }
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
