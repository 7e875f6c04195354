import Pretext

extension ColorJitter: Settings {
  /// The defaults.
  public init() { self.init(brightness: 0.5) }

  /// The keys, in the order of files.
  public static let settings: [Setting<Self>] = [
    .value("brightness", \.brightness, "Factors are uniform in [1 - b, 1 + b].", .from(0, to: 10)),
    .value("contrast", \.contrast, "Likewise.", .from(0, to: 10)),
    .value("saturation", \.saturation, "Likewise.", .from(0, to: 10)),
    .value(
      "hue", \.hue, "Shifts are uniform in [-h, h], in turns of the color circle.",
      .from(0, to: 0.5)),
    .value(
      "grayscale_probability", \.grayscaleProbability,
      "The probability that a whole clip becomes gray.", .from(0, to: 1), formerly: "greyscale"),
  ]
}

extension Normalization: Settings {
  /// The default, which is the authors' normalization for videos.
  public init() { self = .video }

  /// The keys, in the order of files.
  public static let settings: [Setting<Self>] = [
    .value(
      "mean", \.mean, "The means of the channels.", Rule("must be three numbers") { $0.count == 3 }),
    .value(
      "std", \.std, "The standard deviations of the channels.",
      Rule("must be three positive numbers") { $0.count == 3 && $0.allSatisfy { $0 > 0 } },
      formerly: "deviation"),
  ]
}
