/// The result of `mosi gradcam`: gradcam.json.
public struct GradCAMReport: AnalysisResult, Equatable, Sendable {
  /// A clip with the heat of its label.
  public struct Clip: Codable, Equatable, Sendable {
    /// The video's name.
    public let video: String
    /// When the clip begins, in seconds.
    public let start: Double
    /// From one frame to the next, in seconds.
    public let step: Double
    public let frames: Int
    /// The number and the name of the label that is explained. Labels of a pre-training are motions of the window; their
    /// names include the motion of the content.
    public let label: Int
    public let labelName: String
    /// The probability of the label, 0...1.
    public let probability: Double
    /// False if nothing in the clip speaks for the label.
    public let hasHeat: Bool
    /// Spearman's rank correlation of the heat and the optical flow's magnitude over the clip, -1...1; 0 if the heat
    /// is the same everywhere, nil if nothing moves.
    public let agreement: Double?
    /// The names of the files beside the report; nil if the clip was not drawn.
    public var files: Files?
  }

  /// A clip's pictures, by names in the report's folder.
  public struct Files: Codable, Equatable, Sendable {
    /// The strip of frames.
    public let png: String
    public let mp4: String
    public let gif: String

    init(_ stem: String) { (png, mp4, gif) = ("\(stem).png", "\(stem).mp4", "\(stem).gif") }
  }

  /// The run or file of the weights.
  public let weights: String
  /// Such as "r2d3d-18".
  public let architecture: String
  /// The stage whose output is weighed, such as "conv5".
  public let stage: String
  /// The side of the clips in pixels.
  public let side: Int
  /// True if the clips are ordered by the agreement of heat and flow, the least first, then those without heat, then those
  /// in which nothing moves; false if they are in the order of the videos.
  public let isRanked: Bool
  public internal(set) var clips: [Clip]
  /// Videos that cannot be read or are shorter than a clip.
  public let skipped: [SkippedVideo]

  public static let fileName = "gradcam.json"
  public static let command = "gradcam"

  public var fileNames: [String] { clips.compactMap(\.files).flatMap { [$0.png, $0.mp4, $0.gif] } }

  /// The mean agreement of the clips that have one; nil if none has.
  public var meanAgreement: Double? {
    let values = clips.compactMap(\.agreement)
    return values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
  }
}
