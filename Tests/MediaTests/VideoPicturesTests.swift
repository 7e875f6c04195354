import Foundation
import KeyedRandom
import Media
import Testing

/// Pictures by their times, against a full decode.
@Suite struct VideoPicturesTests {
  /// Spans of random place and step, each picture the last one of the full decode that is not after its time.
  static func checkSpans(_ path: String, spans: Int) throws {
    let all = try VideoTests.decodeAll(path)
    try #require(!all.isEmpty)
    let video = try Video(contentsOf: path)
    let leeway = max(
      0.001 / video.averageFrameRate,
      video.timeBase * video.averageFrameRate < 0.1 ? video.timeBase / 2 : 0)
    #expect(abs(video.lastFrameTime - all[all.count - 1].time) < 1e-6, "\(path)")
    for span in 0..<spans {
      var random = KeyedGenerator(5, UInt64(span))
      let start = (video.lastFrameTime + 0.2) * random.uniform() - 0.1
      let step = 0.4 * random.uniform()
      let times = (0..<1 + random.integer(below: 12)).map { start + Double($0) * step }
      let pictures = try video.pictures(shownAt: times, shortSide: 32)
      let expected = times.map { time in
        all.last { $0.time <= time + leeway }?.picture ?? all[0].picture
      }
      #expect(pictures == expected, "\(path), \(start) by \(step)")
    }
    let whole = try #require(try video.allPictures(shortSide: 32, bytes: 1 << 30))
    #expect(whole.times == all.map(\.time) && whole.pictures == all.map(\.picture), "\(path)")
    let times = (0..<50).map { Double($0) / 49 * (video.lastFrameTime + 1) }
    #expect(
      try whole.pictures(shownAt: times) == video.pictures(shownAt: times, shortSide: 32),
      "\(path)")
  }

  @Test(arguments: ["open.mp4", "late.mkv", "transport.ts", "mpeg4.avi", "editlist.mp4"])
  func spansEqualAFullDecode(name: String) throws {
    try Self.checkSpans(fixture(name), spans: 40)
  }

  @Test(.enabled(if: realData != nil, "needs the videos of ../shared/data"))
  func spansEqualAFullDecodeOfRealVideos() throws {
    let step = ProcessInfo.processInfo.environment["MOSI_TEST_EVERY_VIDEO"] == nil ? 30 : 1
    let videos =
      realFiles("samples", .video)
      + realFiles("videos", .video).enumerated().filter { $0.offset % step == 0 }.map(\.element)
    #expect(videos.count >= 10)
    for path in videos { try Self.checkSpans(path, spans: 6) }
  }
}
