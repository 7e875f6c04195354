extension StringProtocol {
  /// The number of columns that the text occupies in a terminal: two for an ideograph, a Hangul syllable or an emoji,
  /// none for a combining mark.
  public var terminalColumns: Int {
    utf8.allSatisfy { $0 < 0x80 } ? utf8.count : reduce(0) { $0 + $1.terminalColumns }
  }
}

extension Character {
  fileprivate var terminalColumns: Int {
    let first = unicodeScalars.first!
    // Any number of joined emoji count as one.
    if first.properties.isEmojiPresentation || unicodeScalars.contains("\u{FE0F}") { return 2 }
    return unicodeScalars.reduce(0) { $0 + $1.terminalColumns }
  }
}

extension Unicode.Scalar {
  /// Like the C library's `wcwidth` in a UTF-8 locale.
  fileprivate var terminalColumns: Int {
    switch properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .control: return 0
    case .format: return value == 0xAD ? 1 : 0
    default: break
    }
    // The vowels and finals of Hangul join the preceding letter.
    if (0x1160...0x11FF).contains(value) || (0xD7B0...0xD7FF).contains(value) { return 0 }
    return Self.wide.contains { $0.contains(value) } ? 2 : 1
  }

  /// The ranges that Unicode's EastAsianWidth classifies as W or F, without emoji.
  private static let wide: [ClosedRange<UInt32>] = [
    0x1100...0x115F, 0x2329...0x232A, 0x2E80...0x303E, 0x3041...0x3247, 0x3250...0x4DBF,
    0x4E00...0xA4CF, 0xA960...0xA97C, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE10...0xFE19,
    0xFE30...0xFE6B, 0xFF01...0xFF60, 0xFFE0...0xFFE6, 0x16FE0...0x18DFF, 0x1AFF0...0x1B2FF,
    0x1F200...0x1F320, 0x20000...0x3FFFD,
  ]
}
