extension StringProtocol {
  /// The text with "?" for what would steer a terminal: control characters, line breaks, and what turns the direction of
  /// writing around.
  public var printable: String {
    var result = String.UnicodeScalarView()
    for scalar in unicodeScalars {
      switch scalar.properties.generalCategory {
      case .control, .lineSeparator, .paragraphSeparator: result.append("?")
      // Joiners belong to words of many languages, and to emoji.
      case .format: result.append(["\u{200C}", "\u{200D}"].contains(scalar) ? scalar : "?")
      default: result.append(scalar)
      }
    }
    return String(result)
  }
}
