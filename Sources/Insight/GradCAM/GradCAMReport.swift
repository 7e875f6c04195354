import Foundation
import SafeFiles

/// What `mosi gradcam` found, as its gradcam.json holds it.
public struct GradCAMReport: Codable, Equatable, Sendable {
  /// A clip with the heat of its label.
  public struct Clip: Codable, Equatable, Sendable {
    /// The video's name.
    public let video: String
    /// When the clip begins, in seconds.
    public let start: Double
    /// From one frame to the next, in seconds.
    public let step: Double
    public let frames: Int
    /// The label that is explained, as the network counts it and by name.
    public let label: Int
    public let labelName: String
    /// What the network gives the label, 0...1.
    public let probability: Double
    /// Spearman's rank correlation of the heat and the optical flow's magnitude over the clip, -1...1; nil where one of
    /// them is the same everywhere.
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

  /// A video that gave no clips.
  public struct Failure: Codable, Equatable, Sendable {
    public let video: String
    /// The predicate of a sentence whose subject is the video.
    public let reason: String
  }

  /// Where the weights come from, as it was named.
  public let weights: String
  /// Such as "r2d3d-18".
  public let architecture: String
  /// The stage whose output is weighed, such as "conv5".
  public let layer: String
  /// The side of the clips in pixels.
  public let side: Int
  /// True where the clips stand by how little heat and flow agree, the least first and those without an order last; else
  /// they stand as their videos were given.
  public let isRanked: Bool
  public internal(set) var clips: [Clip]
  public let failures: [Failure]

  /// The mean agreement of the clips that have one; nil where none has.
  public var meanAgreement: Double? {
    let values = clips.compactMap(\.agreement)
    return values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
  }

  /// The report's name in its folder.
  public static let fileName = "gradcam.json"

  /// - Throws: `FileError`.
  public func write(to folder: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try replaceFile(at: "\(folder)/\(Self.fileName)", with: encoder.encode(self))
  }
}

extension GradCAMReport {
  /// - Throws: `FileError` where there is none, `DecodingError` for what is no such report.
  public init(inFolder folder: String) throws {
    self = try JSONDecoder().decode(
      Self.self, from: readFile(at: "\(folder)/\(Self.fileName)"))
  }
}
