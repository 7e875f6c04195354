import Configuration
import Training

/// A table or figure of the paper, as the networks that have to be trained for it: a cell for each of its rows and
/// each of its series.
public struct Experiment: Sendable {
  /// What a person types, `table1`.
  public let name: String
  /// "Table 1: …".
  public let title: String
  /// What it asks, and what the paper found.
  public let question: String
  /// What is reported for each cell, in this order.
  public let measures: [Measure]
  /// What the rows' positions are, the title of a chart's axis; empty for no chart.
  public let axis: String
  /// What holds for all cells.
  public let settings: Settings
  /// At least one; a single one needs no name.
  public let series: [Variant]
  public let rows: [Row]
  /// Published results of others, shown below ours; they are not trained here.
  public let others: [Other]

  /// One of the things that are compared.
  public struct Variant: Sendable {
    public let name: String
    public let settings: Settings
  }

  public struct Row: Sendable {
    public let name: String
    /// The number in which the rows differ, if they do: the horizontal axis of a chart.
    public let position: Double?
    public let settings: Settings
    /// The paper's numbers in percent, by dataset and measure, one for each series; nil if the paper has none.
    public let paper: [PaperDataset: [Measure: [Double?]]]
  }

  /// A row of the paper about another method.
  public struct Other: Sendable, Equatable {
    public let name: String
    /// Top-1 in percent.
    public let paper: [PaperDataset: Double]
  }

  /// Changes to what trains a cell; those of a series come after those of the experiment, those of a row after both.
  public struct Settings: Sendable {
    public var pretraining: [ConfigurationLayer] = []
    public var finetuning: [ConfigurationLayer] = []
    /// The initial weights of the fine-tuning; nil keeps them.
    public var start: Start?
    /// The sources of the pre-training; nil keeps them.
    public var sources: SourceKind?
    /// How long is trained.
    public var length = Length()
    /// The changes for the tiny scale only; they follow these.
    public var tiny: Box?
    /// The changes for random weights only, ``Start/scratch``; they follow these.
    public var scratch: Box?

    /// A structure cannot hold itself.
    public final class Box: Sendable {
      public let settings: Settings
      init(_ settings: Settings) { self.settings = settings }
    }

    public init() {}
  }

  /// The length of the trainings; nil keeps it.
  public struct Length: Sendable, Equatable {
    /// Its samples are pictures, with each one the clips of all labels.
    public var pretraining: Duration?
    /// Its samples are clips.
    public var finetuning: Duration?

    public init() {}
  }

  public enum Duration: Sendable, Equatable {
    /// So many in all: the epochs follow from the number of sources.
    case samples(Int)
    /// As many epochs as the configuration has.
    case epochs
  }
}

/// The initial weights of a fine-tuning.
public enum Start: String, Sendable, CaseIterable {
  case pretrained
  /// Random weights; nothing is pre-trained.
  case scratch
}

/// What a network is pre-trained on.
public enum SourceKind: String, Sendable, CaseIterable {
  /// The frames of the dataset's own training videos.
  case own
  /// A folder of pictures: ImageNet, in the paper.
  case pictures
  /// The videos of Kinetics-400.
  case kinetics
}

/// The datasets for which the paper gives accuracies.
public enum PaperDataset: String, Sendable, CaseIterable, Codable, CodingKeyRepresentable {
  case hmdb51
  case ucf101

  public var title: String { self == .hmdb51 ? "HMDB51" : "UCF101" }
}
