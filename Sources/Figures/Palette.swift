/// The colors of the figures.
///
/// The colors of series are those of Okabe and Ito ("Color Universal Design", 2008), which people
/// with the common forms of color blindness can tell apart.
public enum Palette {
  public static let blue = Color(0x0072B2)
  public static let vermillion = Color(0xD55E00)
  public static let green = Color(0x009E73)
  public static let orange = Color(0xE69F00)
  public static let purple = Color(0xCC79A7)
  public static let sky = Color(0x56B4E9)
  public static let yellow = Color(0xF0E442)

  /// The colors of series in their order: the ones that stand out most on white come first; yellow,
  /// too faint for a line on white, is replaced by black.
  public static let series = [blue, vermillion, green, orange, purple, sky, Color.black]

  /// The color of the series at `index` (0 or more); the colors repeat after seven.
  public static func series(_ index: Int) -> Color { series[index % series.count] }

  /// Titles and labels.
  public static let ink = Color(0x222222)
  /// Secondary text: subtitles, numbers at the ticks.
  public static let faintInk = Color(0x666666)
  /// Axes.
  public static let axis = Color(0x888888)
  /// Grid lines and separators.
  public static let grid = Color(0xE4E4E4)
  /// Where a picture is missing.
  public static let blank = Color(0xF2F2F2)
  /// What marks a region on a picture, over a dark halo.
  public static let mark = yellow
  /// The halo under a mark.
  public static let halo = Color(0x000000, alpha: 0.75)
}
