import SafeFiles

/// A part of a page, valid by construction: text is escaped, and elements are closed.
struct HTML: Sendable {
  let source: String

  private init(source: String) { self.source = source }

  static let empty = HTML(source: "")

  /// `text`, escaped.
  static func text(_ text: some StringProtocol) -> HTML { HTML(source: escaped(text)) }

  /// A style sheet or script of this package, unescaped.
  static func code(_ element: String, _ code: String) -> HTML {
    HTML(source: "<\(element)>\n\(code)\n</\(element)>\n")
  }

  /// Elements without content.
  private static let void: Set = ["img", "meta", "br"]
  /// Elements without a line of their own in the source.
  private static let inline: Set = ["a", "code", "strong", "span", "td", "th", "em"]

  /// An element with its attributes in order and its content.
  static func element(
    _ name: String, _ attributes: KeyValuePairs<String, String> = [:], _ content: HTML...
  ) -> HTML { element(name, attributes, content) }

  static func element(
    _ name: String, _ attributes: KeyValuePairs<String, String> = [:], _ content: [HTML]
  ) -> HTML {
    var source = "<\(name)"
    for (key, value) in attributes { source += " \(key)=\"\(escaped(value))\"" }
    source += ">"
    if !void.contains(name) { source += content.map(\.source).joined() + "</\(name)>" }
    return HTML(source: source + (inline.contains(name) ? "" : "\n"))
  }

  /// An element that contains only text.
  static func element(
    _ name: String, _ attributes: KeyValuePairs<String, String> = [:], text: some StringProtocol
  ) -> HTML { element(name, attributes, .text(text)) }

  static func joined(_ parts: [HTML]) -> HTML { HTML(source: parts.map(\.source).joined()) }

  private static func escaped(_ text: some StringProtocol) -> String {
    var result = ""
    result.reserveCapacity(text.utf8.count)
    for character in text.unicodeScalars {
      switch character {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "\n", "\t": result.unicodeScalars.append(character)
      // Not allowed on a page in any form.
      case _ where character.properties.generalCategory == .control: result += "\u{FFFD}"
      default:
        if let escape = character.pathEscape {
          result += escape
        } else {
          result.unicodeScalars.append(character)
        }
      }
    }
    return result
  }
}

extension HTML {
  /// A table that scrolls separately on a narrow page; the first column names its rows.
  ///
  /// - Parameter caption: a description of the table, which screen readers read first.
  static func table(caption: String, header: [String], rows: [[String]]) -> HTML {
    table(caption: caption, header: header, rows: rows.map { $0.map { .text($0) } })
  }

  static func table(caption: String, header: [String], rows: [[HTML]]) -> HTML {
    .element(
      "figure", ["class": "table"],
      .element("figcaption", text: caption),
      .element(
        "div", ["class": "scroll", "tabindex": "0", "role": "group", "aria-label": caption],
        .element(
          "table", ["aria-label": caption],
          .element(
            "thead", [:],
            .element("tr", [:], header.map { .element("th", ["scope": "col"], text: $0) })),
          .element(
            "tbody", [:],
            rows.map { row in
              .element(
                "tr", [:],
                row.enumerated().map { column, cell in
                  column == 0
                    ? .element("th", ["scope": "row"], cell) : .element("td", [:], cell)
                })
            }))))
  }

  /// A bar whose length is `share` of the column, with the same value as text.
  static func bar(_ share: Double, _ text: String) -> HTML {
    let width = Int((min(max(share, 0), 1) * 100).rounded())
    return .joined([
      .element(
        "span", ["class": "bar", "aria-hidden": "true"],
        .element("span", ["style": "width:\(width)%"])),
      .element("span", ["class": "value"], text: text),
    ])
  }

  /// A figure; `alternative` describes it to people who cannot see it. A wide figure scrolls on a narrow page.
  static func figure(
    _ picture: EmbeddedFile, alternative: String, caption: String? = nil, isWide: Bool = false
  ) -> HTML {
    let image = HTML.element(
      "img", ["src": picture.dataURI, "alt": alternative, "loading": "lazy"])
    return .element(
      "figure", [:],
      isWide
        ? .element(
          "div",
          [
            "class": "scroll wide", "tabindex": "0", "role": "group",
            "aria-label": caption ?? alternative,
          ],
          image) : image,
      caption.map { .element("figcaption", text: $0) } ?? .empty)
  }

  /// The content, shown when it is opened.
  static func details(_ summary: String, _ content: HTML...) -> HTML {
    .element("details", [:], [.element("summary", text: summary)] + content)
  }
}
