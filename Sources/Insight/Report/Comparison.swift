import Figures
import RunRecords
import SafeFiles
import Training

/// Several runs side by side: results, differing settings, and curves in common charts.
struct Comparison {
  /// A column of the table of results.
  struct Column: Sendable {
    let title: String
    /// Returns nil for a run without such a result.
    let value: @Sendable (RunDescription) -> String?

    init(_ title: String, _ value: @escaping @Sendable (RunDescription) -> String?) {
      self.title = title
      self.value = value
    }
  }

  private let runs: [RunDescription]

  init(of runs: [RunDescription]) { self.runs = runs }

  func section() throws -> HTML {
    .element(
      "section", ["id": "comparison", "aria-labelledby": "comparison-title"],
      .element("h2", ["id": "comparison-title"], text: "Side by side"),
      results, differences, try curves())
  }

  private static let columns: [Column] = [
    .init("training") { $0.recipe.phase.title },
    .init("steps") { $0.lastStep.map(Format.grouped) },
    .init("validation") { $0.metrics.validations.last?.top1.map { Format.percent($0) } },
    .init("best") { $0.metrics.validations.compactMap(\.top1).max().map { Format.percent($0) } },
    .init("test top-1") { $0.evaluation.map { Format.percent($0.top1) } },
    .init("test top-5") { $0.evaluation?.top5.map { Format.percent($0) } },
    .init("class accuracy") { $0.evaluation.map { Format.percent($0.meanClassAccuracy) } },
    .init("chance") { $0.chance.map { Format.percent($0) } },
  ]

  private var results: HTML {
    // Hide columns without any value.
    let columns = Self.columns + LocalizationSection.columns + ClustersSection.columns
    let shown = columns.filter { column in runs.contains { column.value($0) != nil } }
    return .table(
      caption: "Results", header: ["run"] + shown.map(\.title),
      rows: runs.map { run in [run.name] + shown.map { $0.value(run) ?? "–" } })
  }

  private var differences: HTML {
    let keys = Set(runs.flatMap(\.settings.keys)).sorted().filter { key in
      Set(runs.map { $0.settings[key] }).count > 1
    }
    guard !keys.isEmpty else {
      return .element("p", text: "The settings are the same.")
    }
    let table = HTML.table(
      caption: "Settings that differ", header: ["setting"] + runs.map(\.name),
      rows: keys.map { key in [key] + runs.map { $0.settings[key] ?? "–" } })
    return keys.count > 12
      ? .details("The \(keys.count) settings that differ", table)
      : .joined([.element("h3", text: "Settings that differ"), table])
  }

  private func curves() throws -> HTML {
    let drawn = runs.filter { !$0.metrics.steps.isEmpty }
    guard drawn.count > 1 else { return .empty }
    let charts = LearningCurves(
      drawn.map { .init(name: $0.name, metrics: $0.metrics, chance: $0.chance) }
    ).panels
    return .joined([
      .element("h3", text: "Curves"),
      .element(
        "div", ["class": "grid"],
        try charts.map { chart in
          let ends = chart.series.filter { !$0.name.isEmpty }.compactMap { series in
            series.points.last.map { "\(series.name) ends at \(Format.significant($0.y))" }
          }
          return .figure(
            EmbeddedFile(svg: try Figure(panels: [chart]).svg()),
            alternative: "Line chart, \(chart.title.lowercased()) of each run: "
              + ends.joined(separator: "; "))
        }),
    ])
  }
}
