import Figures

/// A table of results, placed before the runs on which it is based.
public struct ResultSection: Sendable {
  /// The heading.
  public var title: String
  /// The question that the table answers, in one or two sentences.
  public var introduction: String
  /// A description of the numbers.
  public var caption: String
  /// The titles of the columns.
  public var header: [String]
  /// The rows.
  public var rows: [[String]]
  /// The results as charts, each with a description.
  public var charts: [(chart: LineChart, words: String)]
  /// Further remarks, one paragraph each.
  public var notes: [String]

  /// A section with this content.
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
