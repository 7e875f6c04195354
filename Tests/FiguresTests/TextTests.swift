import Figures
import Media
import SafeFiles
import Testing

@Suite struct TextTests {
  private let style = TextStyle(size: 20)

  /// `text` to the right of column 5, or to the left of column 195.
  private func picture(_ text: String, onTheRight: Bool = false) throws -> Picture {
    try Canvas.picture(width: 200, height: 40) { canvas in
      canvas.text(
        text, at: Point(onTheRight ? 195 : 5, 30), style, anchor: onTheRight ? .right : .left)
    }
  }

  /// The columns of `picture` that `count` points at its right end cover.
  private func end(_ picture: Picture, _ count: Int) -> [[UInt8]] {
    (195 - count..<195).flatMap { column in (0..<40).map { picture[column, $0] } }
  }

  @Test(arguments: [("ש", "ממם"), ("אב", " 123 ")])
  func whatIsReadFromTheRightIsWrittenFromTheRight(first: String, rest: String) throws {
    let alone = try picture(first, onTheRight: true)
    let columns = Int(style.width(of: first))
    #expect(end(alone, columns) == end(try picture(first + rest, onTheRight: true), columns))
    #expect(end(alone, columns) != end(try picture(rest + first, onTheRight: true), columns))
  }

  /// Single Arabic letters are wider than joined ones.
  @Test func lettersOfArabicAreJoined() {
    let word = "كتبت"
    let apart = word.reduce(0) { $0 + style.width(of: String($1)) }
    #expect(style.width(of: word) < 0.9 * apart)
  }

  /// The typefaces that scripts/setup.sh installs.
  @Test(arguments: Script.allCases.filter { $0 != .thai && $0 != .devanagari })
  func scriptsHaveTypefaces(script: Script) {
    #expect(script.isCovered)
  }

  @Test func charactersWithoutATypefaceAreNamed() throws {
    #expect(MissingGlyphs.characters(of: "a\u{E123}b打") == ["\u{E123}"])
    _ = try picture("c\u{E124}")
    #expect(MissingGlyphs.all.contains("\u{E124}") && !MissingGlyphs.all.contains("c"))
  }

  /// An ideograph is a square, a mark has no width, and joined emoji count as one.
  @Test func widthsAreThoseOfTheScript() {
    #expect(abs(style.width(of: "打篮球") - 60) < 1)
    #expect(abs(style.width(of: "e\u{301}") - style.width(of: "é")) < 0.1)
    #expect(abs(style.width(of: "👩‍🚀") - style.width(of: "👩")) < 1)
  }

  /// Control sequences, line breaks, and bytes of names that are not UTF-8.
  @Test func unprintableCharactersAreReplaced() throws {
    #expect(try picture("a\nb\u{1B}") == picture("a?b?"))
    #expect(try picture(String(path: [0x61, 0xE9])) == picture("a\\xE9"))
  }

  @Test func svgHasTheLettersOfEveryScript() throws {
    func marks(_ text: String) throws -> Int {
      let svg = try Canvas.svg(width: 200, height: 40) { $0.text(text, at: Point(5, 30), style) }
      return svg.split(separator: "<use").count - 1
    }
    #expect(try marks("打篮球") == 3 && marks("رقص") > 1 && marks("abc") == 3)
  }

  @Test func haloesSurroundLettersOfEveryScript() throws {
    for text in ["abc", "打篮球", "رقص"] {
      let picture = try Canvas.picture(width: 100, height: 40, background: CanvasTests.red) {
        $0.text(text, at: Point(5, 30), style, halo: Stroke(.white, width: 4))
      }
      #expect(picture.extent(of: .white) != nil && picture.extent(of: Palette.ink) != nil)
    }
  }
}
