import VideoModels

/// What `mosi localize` has found: localization.json.
public struct Localization: InsightReport, Equatable, Sendable {
  /// The run or file that was measured.
  public let weights: String
  public let layer: StageName
  public let label: HeatLabel
  /// On masked clips of pictures; nil where there were none.
  public let squares: SquareLocalization?
  /// On real videos; nil where there were none.
  public let videos: FlowAgreement?
  /// The contact sheet of masked clips, a file beside this one.
  public let sheet: String?

  public static let fileName = "localization.json"
  public static let command = "localize"

  public var fileNames: [String] { [sheet].compactMap { $0 } }

  public init(
    weights: String, layer: StageName, label: HeatLabel, squares: SquareLocalization?,
    videos: FlowAgreement?, sheet: String?
  ) {
    self.weights = weights
    self.layer = layer
    self.label = label
    self.squares = squares
    self.videos = videos
    self.sheet = sheet
  }
}
