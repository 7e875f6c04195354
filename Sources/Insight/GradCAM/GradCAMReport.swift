/// What `mosi gradcam` found, as its gradcam.json holds it.
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
    /// The label that is explained, as the network counts it and by name. Labels of a pre-training are motions of the
    /// window: their names say how the content moves too.
    public let label: Int
    public let labelName: String
    /// What the network gives the label, 0...1.
    public let probability: Double
    /// Whether anything is hot: false where nothing in the clip speaks for the label.
    public let hasHeat: Bool
    /// Spearman's rank correlation of the heat and the optical flow's magnitude over the clip, -1...1; 0 where the heat
    /// is the same everywhere, nil where nothing moves.
    public let agreement: Double?
    /// The names of the files beside the report; nil where the clip was not drawn.
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

  /// Where the weights come from, as it was named.
  public let weights: String
  /// Such as "r2d3d-18".
  public let architecture: String
  /// The stage whose output is weighed, such as "conv5".
  public let stage: String
  /// The side of the clips in pixels.
  public let side: Int
  /// True where the clips stand by how little heat and flow agree: the least agreement first, then those
  /// without heat, last those in which nothing moves; else they stand as their videos were given.
  public let isRanked: Bool
  public internal(set) var clips: [Clip]
  /// Videos that gave no clips.
  public let skipped: [SkippedVideo]

  public static let fileName = "gradcam.json"
  public static let command = "gradcam"

  public var fileNames: [String] { clips.compactMap(\.files).flatMap { [$0.png, $0.mp4, $0.gif] } }

  /// The mean agreement of the clips that have one; nil where none has.
  public var meanAgreement: Double? {
    let values = clips.compactMap(\.agreement)
    return values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
  }
}
