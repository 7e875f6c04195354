import Foundation
import Insight
import SafeFiles

extension ResultTable {
  /// The header and the lines as text, for a terminal, Markdown and pages.
  public var cells: (header: [String], rows: [[String]]) {
    let hasSeries = lines.contains { !$0.series.isEmpty }
    let names = hasSeries ? ["", ""] : [""]
    // One column of the paper's results for each measure that it reports.
    let paperColumns = paperDatasets.flatMap { dataset in
      measures.filter { measure in
        lines.contains { $0.paper[dataset]?[measure] != nil }
      }.map { (dataset, $0) }
    }
    let compared = reference == nil ? [] : measures.filter(\.isCompared)
    let header =
      names + measures.map(\.title) + compared.map { "\($0.title) − \(reference!)" }
      + paperColumns.map { dataset, measure in
        "paper, \(dataset.title)" + (measure == .finetuning ? "" : ", \(measure.title)")
      }
    let rows = lines.map { line in
      (hasSeries ? [line.row, line.series] : [line.row])
        + measures.map { measure in line.ours[measure].map { text($0, measure) } ?? "–" }
        + compared.map { measure in
          line.differences?[measure].map { signed($0, measure) } ?? "–"
        }
        + paperColumns.map { dataset, measure in
          line.paper[dataset]?[measure].map { Self.text($0, measure) } ?? "–"
        }
    }
    return (header, rows)
  }

  /// An explanation of the numbers, one sentence.
  public var legend: String {
    let deviation =
      seeds > 1 ? "; mean ± standard deviation over \(seeds) seeds" : "; one seed"
    let open =
      isWhole ? "" : "; unfinished: \(openRuns) \(openRuns == 1 ? "run is" : "runs are") missing"
    let trained = (["scale \(scale.rawValue)"] + conditions).joined(separator: ", ")
    let paired =
      reference.map { "; differences to \($0) are taken seed by seed, ± their standard deviation" }
      ?? ""
    return "\(dataset), \(trained); top-1 and shares in %\(deviation)\(paired)\(open)"
  }

  /// The table as Markdown.
  public var markdown: String {
    let (header, rows) = cells
    func line(_ cells: [String]) -> String {
      "| " + cells.map { $0.replacingOccurrences(of: "|", with: "\\|") }.joined(separator: " | ")
        + " |\n"
    }
    let rule = "|" + header.indices.map { $0 == 0 ? " --- |" : " ---: |" }.joined() + "\n"
    return "## \(title)\n\n\(question)\n\n" + line(header) + rule + rows.map(line).joined()
      + "\n\(legend).\n"
      + (omissions.map { "Not trained: \($0).\n" } + notes.map { "\n\($0).\n" }).joined()
  }

  /// The statistics, with the number of seeds if some are missing.
  private func text(_ spread: SampleStatistics, _ measure: Measure) -> String {
    Self.text(spread.mean, measure)
      + (spread.deviation.map { " ± \(Self.text($0, measure))" } ?? "")
      + (spread.values.count < seeds ? " (\(spread.values.count) of \(seeds))" : "")
  }

  /// A difference with its sign.
  private func signed(_ spread: SampleStatistics, _ measure: Measure) -> String {
    (spread.mean > 0 ? "+" : "") + text(spread, measure)
  }

  private static func text(_ value: Double, _ measure: Measure) -> String {
    if measure.isCount { return Format.grouped(Int(value.rounded())) }
    return measure.isShare ? Format.number(100 * value, 1) : Format.number(value, 2)
  }
}
