/// The version of mosi. The tool prints it, and every file of weights contains it.
public enum Version {
  /// The version as major.minor.patch.
  public static let text = "0.2.0"
}
