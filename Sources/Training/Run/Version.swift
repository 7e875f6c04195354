/// The version of mosi, said by the tool and in every file of weights.
public enum Version {
  public static let text = "0.2.0"
}
