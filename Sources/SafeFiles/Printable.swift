extension StringProtocol {
  /// The text with "?" in place of characters that control a terminal: control characters, line breaks and characters
  /// that reverse the direction of writing. Bytes of names that are not UTF-8 become `\xE9`.
  public var printable: String {
    var result = String.UnicodeScalarView()
    for scalar in unicodeScalars {
      if let escape = scalar.pathEscape {
        result.append(contentsOf: escape.unicodeScalars)
        continue
      }
      switch scalar.properties.generalCategory {
      case .control, .lineSeparator, .paragraphSeparator: result.append("?")
      // Joiners belong to words in many languages, and to emoji.
      case .format: result.append(["\u{200C}", "\u{200D}"].contains(scalar) ? scalar : "?")
      default: result.append(scalar)
      }
    }
    return String(result)
  }

  /// True if the text contains control characters, line breaks, or characters that reverse the direction of writing for
  /// all following text: no name needs them. Marks within a word, as in some languages, do not count.
  public var hasControlCharacters: Bool {
    unicodeScalars.contains { scalar in
      switch scalar.properties.generalCategory {
      case .control, .lineSeparator, .paragraphSeparator: true
      default: (0x202A...0x202E).contains(scalar.value) || (0x2066...0x2069).contains(scalar.value)
      }
    }
  }
}
