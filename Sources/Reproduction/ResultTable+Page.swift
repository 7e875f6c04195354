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
        let own = lines.filter { $0.series == name && $0.position != nil }
        let points = own.compactMap { line in
          line.ours[measure].map { Point(line.position!, percents($0.mean, measure)) }
        }
        if points.count > 1 {
          series.append(
            LineChart.Series(name.isEmpty ? "ours" : name, points: points, hasMarkers: true))
        }
        // The paper's, if we have only one series: beside several it would be confusing.
        for dataset in paperDatasets where names.count == 1 {
          let points = own.compactMap { line in
            line.paper[dataset]?[measure].map { Point(line.position!, percents($0, measure)) }
          }
          if points.count > 2 {
            series.append(
              LineChart.Series(
                "paper, \(dataset.title)", points: points, hasMarkers: true, dash: [4, 4]))
          }
        }
      }
      guard series.contains(where: { $0.dash.isEmpty }) else { return nil }
      let words = series.map { series in
        "\(series.name) from \(Format.number(series.points.first!.y, 1)) to \(Format.number(series.points.last!.y, 1))"
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

  private func percents(_ value: Double, _ measure: Measure) -> Double {
    measure.isShare ? 100 * value : value
  }

}
