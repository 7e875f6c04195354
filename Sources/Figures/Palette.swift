/// The colors of the figures.
///
/// The colors of series are those of Okabe and Ito ("Color Universal Design", 2008), which people with common forms of
/// color blindness can distinguish.
public enum Palette {
  /// Blue of Okabe and Ito.
  public static let blue = Color(0x0072B2)
  /// Vermillion of Okabe and Ito.
  public static let vermillion = Color(0xD55E00)
  /// Bluish green of Okabe and Ito.
  public static let green = Color(0x009E73)
  /// Orange of Okabe and Ito.
  public static let orange = Color(0xE69F00)
  /// Reddish purple of Okabe and Ito.
  public static let purple = Color(0xCC79A7)
  /// Sky blue of Okabe and Ito.
  public static let sky = Color(0x56B4E9)
  /// Yellow of Okabe and Ito.
  public static let yellow = Color(0xF0E442)

  /// The colors of series in order, the most conspicuous on white first. Black replaces yellow, which is too faint for
  /// lines on white.
  public static let series = [blue, vermillion, green, orange, purple, sky, Color.black]

  /// The color of the series at `index` (0 or more). Colors repeat after seven.
  public static func series(_ index: Int) -> Color { series[index % series.count] }

  /// Titles and labels.
  public static let ink = Color(0x222222)
  /// Secondary text: subtitles, numbers at the ticks.
  public static let faintInk = Color(0x666666)
  /// Axes.
  public static let axis = Color(0x888888)
  /// Grid lines and separators.
  public static let grid = Color(0xE4E4E4)
  /// The place of a missing picture.
  public static let blank = Color(0xF2F2F2)
  /// The outline of a region on a picture, over a dark halo.
  public static let mark = yellow
  /// The halo under a mark.
  public static let halo = Color(0x000000, alpha: 0.75)
}
