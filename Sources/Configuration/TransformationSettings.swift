import PretextTasks

/// PMG's transformations of a still (Ishikawa et al., ECCV 2024), whose ranges the paper does not give.
public struct TransformationSettings: Settings {
  /// The transformations.
  public var kinds = StillTransformations().kinds
  /// Whether a video has one of them or all.
  public var combination = StillTransformations().combination
  /// For how long a strength is drawn.
  public var strength = StillTransformations().strength
  /// How frames are sampled.
  public var sampling = PseudoMotionGenerator.Sampling.composed
  /// The factor of a zoom.
  public var zoom = StillTransformations().zoom
  /// The most that an affine transformation rotates, in degrees.
  public var rotationDegrees = StillTransformations().rotation
  /// The most that an affine transformation shifts, as a share of the side.
  public var shift = StillTransformations().shift
  /// The most that an affine transformation leans, in degrees.
  public var shearDegrees = StillTransformations().shear
  /// The most that a corner of a perspective moves, as a share of the side.
  public var distortion = StillTransformations().distortion
  /// The way of a sliding window, in shares of the side.
  public var slide = StillTransformations().slide
  /// The brightness at the dark end of a fade.
  public var fade = StillTransformations().fade
  /// How far the factors of brightness, contrast and saturation are from 1.
  public var color = StillTransformations().color
  /// The most that the hue shifts.
  public var hue = StillTransformations().hue
  /// The side of CutMix's rectangle, as a share of the frame's.
  public var patch = StillTransformations().patch
  /// The parameter of the beta distribution with which finished videos are mixed; nil for no mixing.
  public var mixupAlpha: Double?

  /// The defaults.
  public init() {}

  /// The keys, in the order of files.
  public static let settings: [Setting<Self>] = [
    .value(
      "kinds", \.kinds, "The transformations from which videos get theirs.",
      Rule("must be different kinds, at least one") {
        !$0.isEmpty && Set($0).count == $0.count
      }, isNew: true),
    .value(
      "combination", \.combination,
      "Whether a video has one of the kinds, drawn for it, or all (the paper's is unconfirmed).",
      isNew: true),
    .value(
      "strength", \.strength,
      "Whether strengths are drawn once for a video or for each frame (the paper's is unconfirmed).",
      isNew: true),
    .value(
      "sampling", \.sampling,
      "Whether frames are sampled from the still, sharp, or from the frame before, as in the paper.",
      isNew: true),
    .value(
      "zoom", \.zoom,
      "The range of a zoom's factor from the first frame to the last (as all ranges: unconfirmed).",
      Rule("must be two numbers [lower, upper] with 1 <= lower <= upper <= 8") {
        1 <= $0.lowerBound && $0.upperBound <= 8
      }, isNew: true),
    .value(
      "rotation_degrees", \.rotationDegrees,
      "The largest angle by which affine rotates from the first frame to the last.",
      .from(0, to: 180), isNew: true),
    .value(
      "shift", \.shift,
      "The largest way of affine along each axis, in shares of the clip's side.", .from(0, to: 1),
      isNew: true),
    .value(
      "shear_degrees", \.shearDegrees,
      "The largest angle by which affine leans from the first frame to the last.",
      .from(0, to: 45), isNew: true),
    .value(
      "distortion", \.distortion,
      "The largest way of each corner in perspective along each axis, in shares of the side.",
      .from(0, to: 0.25), isNew: true),
    .value(
      "slide", \.slide, "The range of sliding_window's way, in shares of the clip's side.",
      .share, isNew: true),
    .value(
      "fade", \.fade,
      "The range of the brightness at the dark end of fade, as a share of the still's.", .share,
      isNew: true),
    .value(
      "color", \.color,
      "How far color_jitter takes the factors of brightness, contrast and saturation from 1.",
      .from(0, below: 1), isNew: true),
    .value(
      "hue", \.hue, "How far color_jitter shifts the hue, as a share of the color circle.",
      .from(0, to: 0.5), isNew: true),
    .value(
      "patch", \.patch, "The range of the sides of cutmix's rectangle, in shares of the clip's.",
      .share, isNew: true),
    .value(
      "mixup_alpha", \.mixupAlpha,
      "Mixes each video with the next of its batch, by shares of Beta(alpha, alpha); null for none.",
      .from(0.001, to: 100), isNew: true),
  ]

  /// The transformations.
  public var transformations: StillTransformations {
    var result = StillTransformations()
    (result.kinds, result.combination, result.strength) = (kinds, combination, strength)
    (result.zoom, result.rotation, result.shift) = (zoom, rotationDegrees, shift)
    (result.shear, result.distortion, result.slide) = (shearDegrees, distortion, slide)
    (result.fade, result.color, result.hue, result.patch) = (fade, color, hue, patch)
    return result
  }

  /// The generator of clips of `frames` x `side` x `side` from stills of `sourceSide` pixels.
  public func generator(frames: Int, side: Int, sourceSide: Int) -> PseudoMotionGenerator {
    PseudoMotionGenerator(
      transformations: transformations, frames: frames, side: side, sourceSide: sourceSide,
      sampling: sampling, mixup: mixupAlpha)
  }
}

extension Rule<ClosedRange<Double>> {
  fileprivate static var share: Self {
    Self("must be two numbers [lower, upper] with 0 < lower <= upper <= 1") {
      0 < $0.lowerBound && $0.upperBound <= 1
    }
  }
}

extension StillTransformations.Kind: SettingValue {}
extension StillTransformations.Combination: SettingValue {}
extension StillTransformations.Strength: SettingValue {}
extension PseudoMotionGenerator.Sampling: SettingValue {}
