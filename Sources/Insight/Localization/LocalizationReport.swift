import VideoModels

/// The result of `mosi localize`: localization.json.
public struct LocalizationReport: AnalysisResult, Equatable, Sendable {
  /// The run's folder or the file of the weights.
  public let weights: String
  /// How the heat maps were computed.
  public let maps: HeatMethod
  /// The label that the maps of masked clips explain.
  public let label: HeatLabel
  /// The result for masked clips; nil if there were none.
  public let regions: RegionLocalization?
  /// The result for videos; nil if there were none.
  public let videos: FlowAgreement?
  /// The file name of the contact sheet of masked clips; nil if there is none.
  public let sheet: String?

  /// The file name of the JSON file.
  public static let fileName = "localization.json"
  /// The command that writes it.
  public static let command = "localize"

  /// The name of the contact sheet.
  public var fileNames: [String] { [sheet].compactMap { $0 } }

  /// A report with these results.
  public init(
    weights: String, maps: HeatMethod, label: HeatLabel, regions: RegionLocalization?,
    videos: FlowAgreement?, sheet: String?
  ) {
    self.weights = weights
    self.maps = maps
    self.label = label
    self.regions = regions
    self.videos = videos
    self.sheet = sheet
  }
}
