import Figures
import Insight
import SafeFiles

extension ResultTable {
  /// The table for a page, with charts if its rows have positions.
  public var section: ResultSection {
    let (header, rows) = cells
    return ResultSection(
      title: title, introduction: question, caption: legend,
      header: header.enumerated().map { $1.isEmpty ? ($0 == 0 ? "row" : "series") : $1 },
      rows: rows, charts: charts,
      notes: omissions.map { "Not trained: \($0)." } + notes.map { "\($0)." })
  }

  private var charts: [(chart: LineChart, words: String)] {
    guard !axis.isEmpty else { return [] }
    return measures.compactMap { measure in
      let names = lines.map(\.series).reduce(into: [String]()) { names, name in
        if !names.contains(name) { names.append(name) }
      }
      var series: [LineChart.Series] = []
      for name in names {
        let own = lines.filter { $0.series == name }
        let points = own.compactMap { line in
          point(line, line.ours[measure]?.mean, measure)
        }
        if points.count > 1 {
          series.append(
            LineChart.Series(name.isEmpty ? "ours" : name, points: points, hasMarkers: true))
        }
        // Show the paper's numbers only for a single series: with several, they would be confusing.
        for dataset in paperDatasets where names.count == 1 {
          let points = own.compactMap { line in
            point(line, line.paper[dataset]?[measure], measure)
          }
          if points.count > 2 {
            series.append(
              LineChart.Series(
                "paper, \(dataset.title)", points: points, hasMarkers: true, dash: [4, 4]))
          }
        }
      }
      guard series.contains(where: { $0.dash.isEmpty }) else { return nil }
      let words = series.compactMap { series -> String? in
        guard let first = series.points.first, let last = series.points.last else { return nil }
        return
          "\(series.name) from \(Format.number(first.y, 1)) to \(Format.number(last.y, 1))"
      }
      let highest = series.flatMap(\.points).map(\.y).max() ?? 0
      return (
        LineChart(
          title: measure.title, xLabel: axis, yLabel: measure.isShare ? "%" : "", series: series,
          yRange: measure.isShare && highest > 0 ? 0...min(highest * 1.1, 100) : nil),
        "Line chart, \(measure.title) over \(axis): \(words.joined(separator: "; "))"
      )
    }
  }

  /// Nil without a position or a value.
  private func point(_ line: Line, _ value: Double?, _ measure: Measure) -> Point? {
    guard let position = line.position, let value else { return nil }
    return Point(position, percents(value, measure))
  }

  private func percents(_ value: Double, _ measure: Measure) -> Double {
    measure.isShare ? 100 * value : value
  }

}
