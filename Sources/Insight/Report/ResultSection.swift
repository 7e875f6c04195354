import Figures

/// A table of results, which precedes the runs that they come from.
public struct ResultSection: Sendable {
  public var title: String
  /// What the table answers, in a sentence or two.
  public var introduction: String
  /// What the numbers are.
  public var caption: String
  public var header: [String]
  public var rows: [[String]]
  /// The same as charts, each with what it shows in words.
  public var charts: [(chart: LineChart, words: String)]
  /// What else is to be known, a paragraph each.
  public var notes: [String]

  public init(
    title: String, introduction: String, caption: String, header: [String], rows: [[String]],
    charts: [(chart: LineChart, words: String)] = [], notes: [String] = []
  ) {
    (self.title, self.introduction, self.caption) = (title, introduction, caption)
    (self.header, self.rows, self.charts, self.notes) = (header, rows, charts, notes)
  }

  func section(id: String) throws -> HTML {
    .element(
      "section", ["id": id, "aria-labelledby": "\(id)-title"],
      [
        .element("h2", ["id": "\(id)-title"], text: title),
        .element("p", text: introduction),
        .table(caption: caption, header: header, rows: rows),
        try .element(
          "div", ["class": "grid"],
          charts.map { chart, words in
            .figure(EmbeddedFile(svg: try Figure(panels: [chart]).svg()), alternative: words)
          }),
      ] + notes.map { .element("p", text: $0) })
  }
}
