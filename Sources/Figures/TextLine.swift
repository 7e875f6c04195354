import CPango
import SafeFiles
import Synchronization

/// A laid out line of text: letters are joined and ordered as their script requires, and missing ones come from other
/// installed typefaces.
final class TextLine {
  private let layout: OpaquePointer

  /// `text`, without line breaks and markup, in the typeface of `style`.
  convenience init(_ text: String, _ style: TextStyle) {
    let text = text.printable
    self.init(printable: text, style)
    if missingCount > 0 { MissingGlyphs.note(in: text) }
  }

  fileprivate init(printable text: String, _ style: TextStyle) {
    // A context is cheap compared with the layout. Like Pango's font map, it belongs to this thread.
    let context = pango_font_map_create_context(pango_cairo_font_map_get_default())
    defer { g_object_unref(UnsafeMutableRawPointer(context)) }
    // Without hinting, text has the same width in pixels and in SVG.
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

  /// The width of the text in points.
  var width: Double {
    var extents = PangoRectangle()
    pango_layout_line_get_extents(line, nil, &extents)
    return Double(extents.width) / Double(PANGO_SCALE)
  }

  /// Draws the letters, starting at the current point of `context`, which is on the baseline.
  func show(on context: OpaquePointer) { pango_cairo_show_layout_line(context, line) }

  /// Adds the outlines of the letters to the path of `context`, starting at the current point.
  func addOutlines(on context: OpaquePointer) { pango_cairo_layout_line_path(context, line) }

  /// The number of characters without a glyph in any typeface.
  fileprivate var missingCount: Int { Int(pango_layout_get_unknown_glyphs_count(layout)) }
}

/// The characters that no installed typeface contains. They are drawn as boxes.
public enum MissingGlyphs {
  private static let found = Mutex<Set<Character>>([])

  /// The missing characters in all text drawn or measured so far, sorted by code point.
  public static var all: [Character] { found.withLock { $0.sorted() } }

  /// The missing characters in `text`, without drawing it.
  public static func characters(of text: String) -> [Character] {
    Array(text).filter { TextLine(printable: String($0), TextStyle(size: 12)).missingCount > 0 }
  }

  /// Records the missing characters of `text`; a few suffice to identify the script.
  fileprivate static func note(in text: String) {
    let unknown = found.withLock { found in
      found.count < 100 ? text.filter { !found.contains($0) } : ""
    }
    guard !unknown.isEmpty else { return }
    let missing = characters(of: unknown)
    found.withLock { $0.formUnion(missing) }
  }
}

/// A script, for messages about typefaces.
public enum Script: String, CaseIterable, Sendable {
  /// Latin letters.
  case latin = "Latin"
  /// Greek letters.
  case greek = "Greek"
  /// Cyrillic letters.
  case cyrillic = "Cyrillic"
  /// Arabic letters.
  case arabic = "Arabic"
  /// Hebrew letters.
  case hebrew = "Hebrew"
  /// Devanagari letters.
  case devanagari = "Devanagari"
  /// Thai letters.
  case thai = "Thai"
  /// Chinese characters.
  case chinese = "Chinese"
  /// Japanese kana.
  case japanese = "Japanese"
  /// Korean letters.
  case korean = "Korean"
  /// Emoji.
  case emoji = "emoji"

  /// True if the installed typefaces contain its letters.
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
