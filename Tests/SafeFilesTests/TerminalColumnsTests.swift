import Foundation
import SafeFiles
import Testing

#if canImport(Glibc)
  /// Swift's module of the C library does not contain it.
  @_silgen_name("wcwidth") private func wcwidth(_ character: Int32) -> Int32
#endif

@Suite struct TerminalColumnsTests {
  @Test(arguments: [
    ("", 0), ("Basketball", 10), ("é", 1), ("e\u{301}", 1), ("打篮球", 6), ("バスケ", 6), ("ﾊﾞ", 2),
    ("농구", 4), ("\u{1102}\u{1169}\u{11BC}", 2), ("رقص", 3), ("שלום", 4), ("🏀", 2), ("👩‍🚀", 2),
    ("🇩🇪", 2), ("❤\u{FE0F}", 2), ("Ａ", 2), ("a打", 3), ("zero\u{200B}", 4),
  ])
  func namesTakeTheirColumns(text: String, columns: Int) {
    #expect(text.terminalColumns == columns)
  }

  #if canImport(Glibc)
    /// Letters that the C library counts; it may know fewer of them.
    @Test func lettersAreCountedAsTheCLibraryDoes() throws {
      let locale = try #require(newlocale(Int32(1 << LC_CTYPE), "C.UTF-8", nil))
      let former = uselocale(locale)
      defer {
        uselocale(former)
        freelocale(locale)
      }
      var compared = 0
      for value in UInt32(0x20)...0x3_134F {
        guard let scalar = Unicode.Scalar(value),
          [.lowercaseLetter, .uppercaseLetter, .otherLetter, .decimalNumber, .otherPunctuation]
            .contains(scalar.properties.generalCategory)
        else { continue }
        let expected = wcwidth(Int32(value))
        guard expected >= 0 else { continue }
        compared += 1
        #expect(
          String(scalar).terminalColumns == expected,
          "U+\(String(value, radix: 16)): not \(expected)")
      }
      #expect(compared > 50_000)
    }
  #endif
}
