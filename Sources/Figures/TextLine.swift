import CPango
import SafeFiles
import Synchronization

/// A line of text, laid out: letters joined and ordered as their script wants it, and those that the typeface lacks taken
/// from another one that is installed.
final class TextLine {
  private let layout: OpaquePointer

  /// `text` without line breaks and commands, in the typeface of `style`.
  convenience init(_ text: String, _ style: TextStyle) {
    let text = text.printable
    self.init(printable: text, style)
    if missingCount > 0 { MissingGlyphs.note(in: text) }
  }

  fileprivate init(printable text: String, _ style: TextStyle) {
    // A context costs nothing beside the layout; it belongs to this thread, as does Pango's map of typefaces.
    let context = pango_font_map_create_context(pango_cairo_font_map_get_default())
    defer { g_object_unref(UnsafeMutableRawPointer(context)) }
    // Without hinting text is as wide on pixels as in SVG.
    let options = cairo_font_options_create()
    defer { cairo_font_options_destroy(options) }
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF)
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE)
    cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY)
    pango_cairo_context_set_font_options(context, options)
    pango_context_set_round_glyph_positions(context, 0)

    let font = pango_font_description_new()
    defer { pango_font_description_free(font) }
    pango_font_description_set_family_static(font, "DejaVu Sans")
    pango_font_description_set_absolute_size(font, style.size * Double(PANGO_SCALE))
    if style.bold { pango_font_description_set_weight(font, PANGO_WEIGHT_BOLD) }

    layout = pango_layout_new(context)
    pango_layout_set_font_description(layout, font)
    pango_layout_set_text(layout, text, Int32(text.utf8.count))
  }

  deinit { g_object_unref(UnsafeMutableRawPointer(layout)) }

  private var line: UnsafeMutablePointer<PangoLayoutLine> {
    pango_layout_get_line_readonly(layout, 0)
  }

  /// How far the text advances, in points.
  var width: Double {
    var extents = PangoRectangle()
    pango_layout_line_get_extents(line, nil, &extents)
    return Double(extents.width) / Double(PANGO_SCALE)
  }

  /// Draws the letters from the current point of `context` on, which is on the baseline.
  func show(on context: OpaquePointer) { pango_cairo_show_layout_line(context, line) }

  /// Adds the outlines of the letters to the path of `context`, from the current point on.
  func addOutlines(on context: OpaquePointer) { pango_cairo_layout_line_path(context, line) }

  /// The number of characters for which no typeface has a glyph.
  fileprivate var missingCount: Int { Int(pango_layout_get_unknown_glyphs_count(layout)) }
}

/// The characters that no installed typeface has: they are drawn as boxes.
public enum MissingGlyphs {
  private static let found = Mutex<Set<Character>>([])

  /// Those that this program has drawn or measured so far, in the order of their numbers.
  public static var all: [Character] { found.withLock { $0.sorted() } }

  /// Those of `text`, without drawing it.
  public static func characters(of text: String) -> [Character] {
    Array(text).filter { TextLine(printable: String($0), TextStyle(size: 12)).missingCount > 0 }
  }

  /// Keeps those of `text`; a few are enough to say which script it is.
  fileprivate static func note(in text: String) {
    let unknown = found.withLock { found in
      found.count < 100 ? text.filter { !found.contains($0) } : ""
    }
    guard !unknown.isEmpty else { return }
    let missing = characters(of: unknown)
    found.withLock { $0.formUnion(missing) }
  }
}

/// A script of names, for what is said about typefaces.
public enum Script: String, CaseIterable, Sendable {
  case latin = "Latin"
  case greek = "Greek"
  case cyrillic = "Cyrillic"
  case arabic = "Arabic"
  case hebrew = "Hebrew"
  case devanagari = "Devanagari"
  case thai = "Thai"
  case chinese = "Chinese"
  case japanese = "Japanese"
  case korean = "Korean"
  case emoji = "emoji"

  /// Whether the installed typefaces have its letters.
  public var isCovered: Bool { MissingGlyphs.characters(of: sample).isEmpty }

  private var sample: String {
    switch self {
    case .latin: "aé"
    case .greek: "αλ"
    case .cyrillic: "бя"
    case .arabic: "رقص"
    case .hebrew: "שלום"
    case .devanagari: "कख"
    case .thai: "กข"
    case .chinese: "打篮球"
    case .japanese: "走るバス"
    case .korean: "농구"
    case .emoji: "🏀🤸"
    }
  }
}
