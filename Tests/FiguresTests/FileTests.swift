import Figures
import Foundation
import Media
import TestSupport
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// Counts the elements of an XML document by name.
private final class ElementCounter: NSObject, XMLParserDelegate {
  var counts: [String: Int] = [:]

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?,
    qualifiedName: String?, attributes: [String: String]
  ) {
    counts[name, default: 0] += 1
  }

  static func elements(ofFile path: String) throws -> [String: Int] {
    let counter = ElementCounter()
    let parser = XMLParser(data: try Data(contentsOf: URL(fileURLWithPath: path)))
    parser.delegate = counter
    #expect(parser.parse(), "\(String(describing: parser.parserError))")
    return counter.counts
  }
}

@Suite struct FileTests {
  private func draw(_ canvas: Canvas) {
    canvas.polyline([Point(1, 1), Point(20, 9), Point(30, 2)], Stroke(Palette.blue))
    canvas.text("abc", at: Point(5, 30), TextStyle(size: 12))
    canvas.picture(
      Picture(width: 2, height: 2, red: 9, green: 9, blue: 9),
      in: Rectangle(x: 40, y: 4, width: 20, height: 20), scaling: .nearest)
  }

  @Test func aPNGFileHasTheSizeAskedFor() throws {
    try withScratchFolder { folder in
      let path = "\(folder)/a.PNG"
      try Canvas.write(to: path, width: 64, height: 40, scale: 2, draw)
      let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
      #expect(bytes.prefix(8) == [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
      #expect(bytes[16..<24] == [0, 0, 0, 128, 0, 0, 0, 80], "width and height in the header")
      #expect(bytes.suffix(8).prefix(4) == [0x49, 0x45, 0x4E, 0x44], "the file is complete")
      #expect(try names(in: folder) == ["a.PNG"])
    }
  }

  @Test func anSVGFileIsWellFormedAndHoldsEverything() throws {
    try withScratchFolder { folder in
      let path = "\(folder)/a.svg"
      try Canvas.write(to: path, width: 64, height: 40, draw)
      let elements = try ElementCounter.elements(ofFile: path)
      #expect(elements["svg"] == 1)
      #expect(elements["image"] == 1)
      #expect(elements["path", default: 0] >= 1)
      // Each letter is a use of its glyph, and the picture may be a use, too.
      #expect(elements["use", default: 0] >= 3)
    }
  }

  @Test func theSameFigureGoesIntoBothFormats() throws {
    let figure = Figure(
      title: "T < U & V",
      panels: [LineChart(series: [.init("<s>", points: [Point(0, 1), Point(1, 2)])])])
    try withScratchFolder { folder in
      try figure.write(to: "\(folder)/f.png")
      try figure.write(to: "\(folder)/f.svg")
      #expect(try ElementCounter.elements(ofFile: "\(folder)/f.svg")["svg"] == 1)
      #expect(try names(in: folder) == ["f.png", "f.svg"])
    }
  }

  @Test(arguments: ["png", "svg"])
  func aMissingFolderIsAClearError(format: String) throws {
    try withScratchFolder { folder in
      let path = "\(folder)/missing/a.\(format)"
      let error = #expect(throws: FigureError.self) {
        try Canvas.write(to: path, width: 5, height: 5) { _ in }
      }
      #expect(error == .cannotWrite(path: path, reason: "No such file or directory"))
      #expect(
        error?.description == "Cannot write the figure \(path): No such file or directory.")
      let left = try names(in: folder)
      #expect(left.isEmpty)
    }
  }

  @Test func noTemporaryFileIsLeftIfTheRenameFails() throws {
    try withScratchFolder { folder in
      let path = "\(folder)/taken.png"
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
      #expect(throws: FigureError.self) {
        try Canvas.write(to: path, width: 5, height: 5) { _ in }
      }
      #expect(try names(in: folder) == ["taken.png"])
    }
  }

  @Test func anOlderFileStaysWhenDrawingFails() throws {
    struct Stop: Error {}
    try withScratchFolder { folder in
      let path = "\(folder)/a.png"
      try Canvas.write(to: path, width: 5, height: 5) { _ in }
      let before = try Data(contentsOf: URL(fileURLWithPath: path))
      #expect(throws: Stop.self) {
        try Canvas.write(to: path, width: 9, height: 9) { _ in throw Stop() }
      }
      #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
    }
  }

  @Test func anUnknownEndingIsAnError() {
    #expect(throws: FigureError.unknownFormat(path: "a.gif")) {
      try Canvas.write(to: "a.gif", width: 5, height: 5) { _ in }
    }
  }
}
