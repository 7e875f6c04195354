import Foundation
import SafeFiles
import Testing

@Suite struct JSONTests {
  private struct Result: Codable, Equatable {
    var meanSpeed = 1.5
    var embeddingPNG = "a/b.png"
    var top1PerLabel = ["window left_1": 0.5, "meanSpeed": 1]
    var hoursOnH100: Int? = 3
    var parts = [["innerValue": 2]]
  }

  /// The keys of dictionaries are data: names of classes must not change.
  @Test func keysAreInSnakeCaseButForThoseOfDictionaries() throws {
    let text = try JSON.text(Result())
    for part in [
      "\"mean_speed\" : 1.5", "\"embedding_png\" : \"a/b.png\"", "\"top1_per_label\"",
      "\"window left_1\"", "\"meanSpeed\" : 1", "\"hours_on_h100\" : 3", "\"innerValue\" : 2",
    ] { #expect(text.contains(part), "\(part) in \(text)") }
    #expect(try JSON.decode(Result.self, from: Data(text.utf8)) == Result())
  }

  @Test func keysOfEarlierVersionsAreRead() throws {
    let old = #"""
      {"averageSpeed": 2, "embeddingPNG": "c.png", "top1PerLabel": {"averageSpeed": 4}, "parts": []}
      """#
    let result = try JSON.decode(
      Result.self, from: Data(old.utf8), renamedKeys: ["averageSpeed": "meanSpeed"])
    #expect(
      result
        == Result(
          meanSpeed: 2, embeddingPNG: "c.png", top1PerLabel: ["averageSpeed": 4], hoursOnH100: nil,
          parts: []))
  }
}

@Suite struct FormatTests {
  @Test func numbersAreReadable() {
    #expect(Format.number(-0.001, 2) == "0.00" && Format.number(-1.005, 1) == "-1.0")
    #expect(Format.percent(0.9214) == "92.1%" && Format.percent(1, digits: 0) == "100%")
    #expect(Format.grouped(1_234_567) == "1,234,567" && Format.grouped(-1000) == "-1,000")
    #expect(Format.grouped(999) == "999")
    #expect(Format.count(1, "clip") == "1 clip" && Format.count(2000, "clip") == "2,000 clips")
    #expect(Format.mean(0.5, nil) == "0.500" && Format.mean(0.5, 0.25) == "0.500 ± 0.250")
    #expect(Format.rate(1.26) == "1.3" && Format.rate(240.4) == "240")
  }

  @Test(arguments: [
    (0.4, "0 s"), (59.6, "1 min 00 s"), (200, "3 min 20 s"), (7500, "2 h 05 min"),
    (172_800, "48 h 00 min"), (1_641_600, "19 days"), (.infinity, "?"), (-1, "?"),
  ])
  func durationsAreReadable(seconds: Double, text: String) {
    #expect(Format.duration(seconds) == text)
  }

  @Test(arguments: [
    (0.0123, "0.012 s"), (0.34, "0.3 s"), (4.96, "5.0 s"), (12.4, "12 s"), (90, "2 min"),
    (7_200, "2 h"), (172_800, "2 days"),
  ])
  func roughDurationsAreReadable(seconds: Double, text: String) {
    #expect(Format.roughDuration(seconds) == text)
  }
}
