import Configuration
import Training
import VideoModels

/// A table or figure of the paper, described by the networks to train: a cell for each row and series.
public struct Experiment: Sendable {
  /// The name on the command line, such as `table1`.
  public let name: String
  /// The title, such as "Table 1: …".
  public let title: String
  /// The question, and what the paper found.
  public let question: String
  /// The results that are reported for each cell, in order.
  public let measures: [Measure]
  /// What comes first in a plan: the seeds or the series.
  public let order: Order
  /// The name of the row with which the other rows are compared, seed by seed; nil for none.
  public let reference: String?
  /// The title of a chart's axis, along which rows have positions; empty for no chart.
  public let axis: String
  /// The settings of all cells.
  public let settings: Settings
  /// The series, at least one; a single one needs no name.
  public let series: [Variant]
  /// The rows.
  public let rows: [Row]

  /// The order in which the cells of an experiment are carried out.
  public enum Order: String, Sendable, CaseIterable {
    /// Everything for the first seed, then everything for the second: a complete table exists early.
    case seeds
    /// The first series with all seeds, then the second: the first series is complete early.
    case series
  }

  /// A series.
  public struct Variant: Sendable {
    /// The name.
    public let name: String
    /// The settings in which it differs.
    public let settings: Settings
  }

  /// A row.
  public struct Row: Sendable {
    /// The name.
    public let name: String
    /// The position on the horizontal axis of a chart; nil for no chart.
    public let position: Double?
    /// The settings in which it differs.
    public let settings: Settings
    /// The settings of another pre-training, with whose weights that of the row begins; nil for random weights.
    public let before: Settings?
    /// The paper's results in percent, by dataset and measure, one for each series; nil if the paper has none.
    public let paper: [PaperDataset: [Measure: [Double?]]]
  }

  /// Changes to the trainings of a cell. Those of a series override those of the experiment, and those of a row override
  /// both.
  public struct Settings: Sendable {
    /// The preset from which the pre-training starts; it replaces an earlier one. Nil for no change.
    public var preset: Preset?
    /// The settings of the pre-training.
    public var pretraining: [ConfigurationLayer] = []
    /// The settings of the fine-tuning.
    public var finetuning: [ConfigurationLayer] = []
    /// The initial weights of the fine-tuning; nil for no change.
    public var start: Start?
    /// The sources of the pre-training; nil for no change.
    public var sources: SourceKind?
    /// The length of the trainings.
    public var length = Length()
    /// Changes for the tiny scale only, which are applied afterwards.
    public var tiny: Box?
    /// Changes for random weights only (``Start/scratch``), which are applied afterwards.
    public var scratch: Box?

    /// A reference to settings, because a structure cannot contain itself.
    public final class Box: Sendable {
      /// The settings.
      public let settings: Settings
      init(_ settings: Settings) { self.settings = settings }
    }

    /// No changes.
    public init() {}
  }

  /// The length of the trainings; nil for no change.
  public struct Length: Sendable, Equatable {
    /// The length of the pre-training; samples are pictures, each with the clips of all labels.
    public var pretraining: Duration?
    /// The length of the fine-tuning; samples are clips.
    public var finetuning: Duration?

    /// No changes.
    public init() {}
  }

  /// The length of a training.
  public enum Duration: Sendable, Equatable {
    /// This number of samples in total: the number of epochs follows from the number of sources.
    case samples(Int)
    /// As many operations of the backbone's forward passes as this number of the fine-tuning's clips takes in a network of
    /// the scale's width, nil for the trained network itself; only for a pre-training. All tasks with one backbone then cost
    /// the same, with a network also those with different backbones.
    case budget(clips: Int, of: Architecture?)
    /// The epochs of the configuration.
    case epochs
  }
}

/// The initial weights of a fine-tuning.
public enum Start: String, Sendable, CaseIterable {
  /// The weights of the pre-training.
  case pretrained
  /// Random weights; nothing is pre-trained.
  case scratch
}

/// The kinds of sources for pre-training.
public enum SourceKind: String, Sendable, CaseIterable {
  /// The frames of the dataset's own training videos.
  case own
  /// A folder of pictures; ImageNet in the paper.
  case pictures
  /// The videos of Kinetics-400.
  case kinetics
}

/// The datasets for which the paper reports accuracies.
public enum PaperDataset: String, Sendable, CaseIterable, Codable, CodingKeyRepresentable {
  /// HMDB51.
  case hmdb51
  /// UCF101.
  case ucf101

  /// The name for display.
  public var title: String { self == .hmdb51 ? "HMDB51" : "UCF101" }
}
