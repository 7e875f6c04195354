import VideoModels

/// The result of `mosi gradcam`: gradcam.json.
public struct GradCAMReport: AnalysisResult, Equatable, Sendable {
  /// A clip with the heat of its label.
  public struct Clip: Codable, Equatable, Sendable {
    /// The video's name.
    public let video: String
    /// The start of the clip in seconds.
    public let start: Double
    /// The time between consecutive frames in seconds.
    public let step: Double
    /// The number of frames.
    public let frames: Int
    /// The index of the explained label.
    public let label: Int
    /// The name of the explained label. Labels of a pre-training are motions of the window; their names include the
    /// motion of the content.
    public let labelName: String
    /// The probability of the label, 0...1.
    public let probability: Double
    /// False if nothing in the clip supports the label.
    public let hasHeat: Bool
    /// Spearman's rank correlation between the heat and the magnitude of the optical flow over the clip, -1...1; 0 if the
    /// heat is the same everywhere, nil if nothing moves.
    public let agreement: Double?
    /// The names of the clip's files; nil if it was not drawn.
    public var files: Files?
  }

  /// The files of a clip, in the report's folder.
  public struct Files: Codable, Equatable, Sendable {
    /// The strip of frames.
    public let png: String
    /// The animation as MP4.
    public let mp4: String
    /// The animation as GIF.
    public let gif: String

    init(_ stem: String) { (png, mp4, gif) = ("\(stem).png", "\(stem).mp4", "\(stem).gif") }
  }

  /// The run's folder or the file of the weights.
  public let weights: String
  /// The architecture, such as "r2d3d-18".
  public let architecture: String
  /// How the heat maps were computed.
  public let maps: HeatMethod
  /// The side of the clips in pixels.
  public let side: Int
  /// True if clips are sorted by the agreement of heat and flow in ascending order, followed by those without heat and
  /// those in which nothing moves; false if they are in the order of the videos.
  public let isRanked: Bool
  /// The clips.
  public internal(set) var clips: [Clip]
  /// The videos that cannot be read or are shorter than a clip.
  public let skipped: [SkippedVideo]

  /// The file name of the JSON file.
  public static let fileName = "gradcam.json"
  /// The command that writes it.
  public static let command = "gradcam"

  /// The names of the pictures and animations.
  public var fileNames: [String] { clips.compactMap(\.files).flatMap { [$0.png, $0.mp4, $0.gif] } }

  /// The mean agreement of the clips that have one; nil if there are none.
  public var meanAgreement: Double? {
    let values = clips.compactMap(\.agreement)
    return values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
  }
}
