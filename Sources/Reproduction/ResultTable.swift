import Foundation
import Insight
import SafeFiles
import SyntheticData
import Training
import VideoData

/// The results of an experiment: for each row and series, ours over the seeds next to the paper's.
public struct ResultTable: Codable, Sendable, Equatable {
  /// The name on the command line, such as `table1`.
  public let experiment: String
  /// The name of its files without extension, such as `table1-hmdb51-paper`; it differs between datasets.
  public let fileName: String
  /// The title.
  public let title: String
  /// The question, and what the paper found.
  public let question: String
  /// The title of a chart's axis; empty for no chart.
  public let axis: String
  /// The name of the dataset.
  public let dataset: String
  /// The size of networks and trainings.
  public let scale: Scale
  /// The number of seeds that were requested.
  public let seeds: Int
  /// The number of unfinished runs.
  public let openRuns: Int
  /// The measures, in order.
  public let measures: [Measure]
  /// The datasets whose published results are shown next to ours.
  public let paperDatasets: [PaperDataset]
  /// The lines, by row and, within a row, by series.
  public let lines: [Line]
  /// The rows that were not trained, in sentences.
  public let omissions: [String]
  /// The row with which the others are compared; nil for none.
  public let reference: String?
  /// The differences between our trainings and the paper's, in words.
  public let conditions: [String]
  /// What the numbers do not include, in sentences.
  public let notes: [String]

  /// The results of a row in a series.
  public struct Line: Codable, Sendable, Equatable {
    /// The name of the row.
    public let row: String
    /// The name of the series; empty if there is only one.
    public let series: String
    /// The position of the row on the axis of a chart.
    public let position: Double?
    /// Our results as fractions. Missing ones are not available yet or do not exist, such as the pre-training of a
    /// network that is trained from random weights.
    public let ours: [Measure: SampleStatistics]
    /// Our results minus those of ``ResultTable/reference`` in the same series and with the same seed, over the seeds for
    /// which both exist; nil without a reference.
    public let differences: [Measure: SampleStatistics]?
    /// The paper's results as fractions.
    public let paper: [PaperDataset: [Measure: Double]]
    /// The folders of its runs: the fine-tunings if there are any, else the pre-trainings.
    public let runs: [String]
  }

  /// Collects the available results.
  ///
  /// - Throws: `FileError` if a file of a finished run cannot be read.
  public init(_ experiment: Experiment, of plan: Plan) throws {
    self.experiment = experiment.name
    fileName = plan.fileName(of: experiment)
    title = experiment.title
    question = experiment.question
    axis = experiment.axis
    reference = experiment.reference
    dataset = plan.data.title
    scale = plan.scale
    seeds = plan.seeds
    openRuns = plan.runs(of: experiment).count { !plan.isFinished($0) }
    measures = experiment.measures.filter { $0.exists(for: plan.data.sprites) }
    let datasets = plan.data.paperDatasets.filter { dataset in
      experiment.rows.contains { $0.paper[dataset] != nil }
    }
    paperDatasets = datasets
    /// The values of a cell by seed.
    func values(of measure: Measure, row: Int, series: Int) throws -> [Int: Double] {
      var values: [Int: Double] = [:]
      for cell in plan.cells
      where cell.experiment == experiment.name && cell.row == row && cell.series == series {
        values[cell.seed] = try plan.value(of: measure, in: cell)
      }
      return values
    }
    let referenceRow = experiment.rows.firstIndex { $0.name == experiment.reference }
    var lines: [Line] = []
    for (rowIndex, row) in experiment.rows.enumerated() {
      for (seriesIndex, series) in experiment.series.enumerated() {
        let cells = plan.cells.filter {
          $0.experiment == experiment.name && $0.row == rowIndex && $0.series == seriesIndex
        }
        var ours: [Measure: SampleStatistics] = [:]
        var differences: [Measure: SampleStatistics] = [:]
        for measure in measures {
          let own = try values(of: measure, row: rowIndex, series: seriesIndex)
          ours[measure] = .bySeed(own)
          guard let referenceRow, rowIndex != referenceRow, measure.isCompared else { continue }
          let others = try values(of: measure, row: referenceRow, series: seriesIndex)
          var paired: [Int: Double] = [:]
          for (seed, value) in own { paired[seed] = others[seed].map { value - $0 } }
          differences[measure] = .bySeed(paired)
        }
        var paper: [PaperDataset: [Measure: Double]] = [:]
        for dataset in datasets {
          paper[dataset] = row.paper[dataset]?.compactMapValues { $0[seriesIndex].map { $0 / 100 } }
        }
        lines.append(
          Line(
            row: row.name, series: series.name, position: row.position, ours: ours,
            differences: referenceRow == nil ? nil : differences, paper: paper,
            runs: cells.compactMap { $0.finetuning ?? $0.pretraining }))
      }
    }
    self.lines = lines
    omissions = plan.omissions.filter { $0.experiment == experiment.name }
      .map { "\($0.row) \($0.reason)" }
    conditions = plan.conditions(of: experiment)
    notes = try plan.incompleteTrainings(of: experiment) + plan.skippedVideos(of: experiment)
  }

  /// True if all runs are finished.
  public var isWhole: Bool { openRuns == 0 }
}

extension SampleStatistics {
  /// The statistics of values by seed, in the order of the seeds; nil for none.
  fileprivate static func bySeed(_ values: [Int: Double]) -> SampleStatistics? {
    values.isEmpty ? nil : SampleStatistics(values.sorted { $0.key < $1.key }.map(\.value))
  }
}
