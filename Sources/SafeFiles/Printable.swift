extension StringProtocol {
  /// The text with "?" for what would steer a terminal: control characters, line breaks, and what turns the direction of
  /// writing around; bytes of names that are not UTF-8 as `\xE9`.
  public var printable: String {
    var result = String.UnicodeScalarView()
    for scalar in unicodeScalars {
      if let escape = scalar.pathEscape {
        result.append(contentsOf: escape.unicodeScalars)
        continue
      }
      switch scalar.properties.generalCategory {
      case .control, .lineSeparator, .paragraphSeparator: result.append("?")
      // Joiners belong to words of many languages, and to emoji.
      case .format: result.append(["\u{200C}", "\u{200D}"].contains(scalar) ? scalar : "?")
      default: result.append(scalar)
      }
    }
    return String(result)
  }

  /// Whether it holds control characters, line breaks, or what turns the direction of writing around for all that follows:
  /// no name needs them. Marks within a word, as some languages have, are none of these.
  public var hasControlCharacters: Bool {
    unicodeScalars.contains { scalar in
      switch scalar.properties.generalCategory {
      case .control, .lineSeparator, .paragraphSeparator: true
      default: (0x202A...0x202E).contains(scalar.value) || (0x2066...0x2069).contains(scalar.value)
      }
    }
  }
}
