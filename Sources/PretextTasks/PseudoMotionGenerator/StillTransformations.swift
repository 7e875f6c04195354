// The transformations of PMG: Ishikawa, Kondo and Aoki, "Data Collection-free Masked Video Modeling" (ECCV 2024)

/// The transformations that a still undergoes frame after frame, and how strong they become.
///
/// The paper gives no ranges. These are stated where a video ends: a drawn strength is that between the first frame and the last,
/// whatever the number of frames, and each frame takes its root or its part of it.
public struct StillTransformations: Hashable, Sendable {
  /// A transformation.
  public enum Kind: String, CaseIterable, Sendable {
    /// The frame becomes a smaller or larger part of the still.
    case zoom
    /// The frame turns, moves and leans over the still.
    case affine
    /// The corners of the frame move, each its own way.
    case perspective
    /// The frame moves in one direction at a constant speed. The nearest to MoSI.
    case slidingWindow = "sliding_window"
    /// The frame becomes darker or, from dark, brighter.
    case fade
    /// The colors change.
    case colorJitter = "color_jitter"
    /// A rectangle of another still moves over the frame.
    case cutMix = "cutmix"
  }

  /// Which of the kinds a video has.
  public enum Combination: String, CaseIterable, Sendable {
    /// One, drawn for each video.
    case one
    /// All together.
    case all
  }

  /// For how long a strength is drawn.
  public enum Strength: String, CaseIterable, Sendable {
    /// For the video: each frame follows from the one before it in the same way.
    case video
    /// For each frame anew.
    case frame
  }

  /// The kinds, at least one.
  public var kinds: [Kind] = [.zoom, .affine]
  /// Which of them a video has.
  public var combination = Combination.one
  /// For how long a strength is drawn.
  public var strength = Strength.video
  /// The factor of a zoom, at least 1, evenly in its logarithm; as often in as out.
  public var zoom = 1.0...2.0
  /// The angle of an affine transformation is at most this, in degrees.
  public var rotation = 30.0
  /// The way of an affine transformation along each axis is at most this share of the side.
  public var shift = 0.25
  /// The angle by which an affine transformation leans is at most this, in degrees.
  public var shear = 10.0
  /// The way of each corner of a perspective along each axis is at most this share of the side.
  public var distortion = 0.15
  /// The way of a sliding window, in shares of the side.
  public var slide = 0.1...0.5
  /// The brightness at the dark end of a fade, as a share of the still's.
  public var fade = 0.2...0.7
  /// The factors of brightness, contrast and saturation differ from 1 by at most this, below 1.
  public var color = 0.4
  /// The hue shifts by at most this share of the color circle.
  public var hue = 0.1
  /// The side of CutMix's rectangle, as a share of the frame's.
  public var patch = 0.25...0.5

  /// The set that the paper chose, zoom and affine, with our ranges.
  public init() {}
}
