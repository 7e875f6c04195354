import VideoModels

/// The result of `mosi localize`: localization.json.
public struct LocalizationReport: AnalysisResult, Equatable, Sendable {
  /// The run or file whose network was measured.
  public let weights: String
  public let stage: StageName
  public let label: HeatLabel
  /// In masked clips; nil if there were none.
  public let regions: RegionLocalization?
  /// In videos; nil if there were none.
  public let videos: FlowAgreement?
  /// The contact sheet of masked clips, a file beside this one.
  public let sheet: String?

  public static let fileName = "localization.json"
  public static let command = "localize"

  public var fileNames: [String] { [sheet].compactMap { $0 } }

  public init(
    weights: String, stage: StageName, label: HeatLabel, regions: RegionLocalization?,
    videos: FlowAgreement?, sheet: String?
  ) {
    self.weights = weights
    self.stage = stage
    self.label = label
    self.regions = regions
    self.videos = videos
    self.sheet = sheet
  }
}
