import Foundation
import KeyedRandom
import Media
import TestSupport
import Testing

@Suite struct VideoTests {
  /// 64x48 pixels, frame n with brightness 16 + 3 n, with B-frames if libx264 is available.
  static func writeRamp(to path: String, frames: Int = 70, framesPerSecond: Double = 25) throws {
    let pictures = (0..<frames).map { index in
      let level = UInt8(16 + 3 * index)
      return Picture(width: 64, height: 48, red: level, green: level, blue: level)
    }
    try MP4Writer.write(
      pictures, to: path, framesPerSecond: framesPerSecond, keyframeInterval: 12)
  }

  /// All frames, in order.
  static func decodeAll(_ path: String) throws -> [(time: Double, picture: Picture)] {
    let video = try Video(contentsOf: path)
    var frames = try video.frames()
    var all: [(Double, Picture)] = []
    while let frame = try frames.next() {
      all.append((frame.time, try frame.picture(shortSide: 32)))
    }
    return all
  }

  /// Compares frames found by seeking, in random order, with the full decode.
  static func checkSeeking(_ path: String, tries: Int) throws {
    let all = try decodeAll(path)
    try #require(!all.isEmpty)
    for (left, right) in zip(all, all.dropFirst()) { #expect(left.time < right.time) }
    let video = try Video(contentsOf: path)
    for attempt in 0..<tries {
      var random = KeyedGenerator(3, UInt64(attempt))
      let index = random.integer(below: all.count)
      let gap = index + 1 < all.count ? all[index + 1].time - all[index].time : 0.01
      let frame = try video.frame(at: all[index].time + gap * random.uniform() * 0.98)
      #expect(frame.time == all[index].time, "\(path), frame \(index)")
      #expect(try frame.picture(shortSide: 32) == all[index].picture, "\(path), frame \(index)")
    }
  }

  @Test func findsEachFrameByItsTime() throws {
    let folder = try ScratchFolder()
    let path = folder.file("ramp.mp4")
    try Self.writeRamp(to: path)
    let video = try Video(contentsOf: path)
    #expect(video.width == 64 && video.height == 48)
    #expect(abs(video.duration - 2.8) < 0.01)
    #expect(abs(video.averageFrameRate - 25) < 0.01)
    for index in (0..<70).reversed() {
      let frame = try video.frame(at: (Double(index) + 0.5) / 25)
      #expect(abs(frame.time - Double(index) / 25) < 1e-6)
      #expect(abs(mean(try frame.picture()) - Double(16 + 3 * index)) < 2.5)
    }
    for index in 0..<70 {
      let picture = try video.frame(atFraction: (Double(index) + 0.5) / 70, shortSide: 16)
      #expect(abs(mean(picture) - Double(16 + 3 * index)) < 2.5)
      #expect(picture.width == 21 && picture.height == 16)
    }
  }

  @Test func iteratesFromATimeToTheEnd() throws {
    let folder = try ScratchFolder()
    let path = folder.file("ramp.mp4")
    try Self.writeRamp(to: path)
    let video = try Video(contentsOf: path, threads: 2)
    var frames = try video.frames(from: 1.01)
    var times: [Double] = []
    while let frame = try frames.next() { times.append(frame.time) }
    #expect(times.count == 45)
    #expect(times.first.map { abs($0 - 1) < 1e-6 } == true)
    // Beyond the end, the last frame; before the start, the first.
    #expect(abs(try video.frame(at: 100).time - 69 / 25.0) < 1e-6)
    #expect(try video.frame(at: -3).time == 0)
  }

  @Test(arguments: [
    "open.mp4", "late.mkv", "transport.ts", "mpeg4.avi", "editlist.mp4",
  ])
  func seekingEqualsFullDecoding(name: String) throws {
    try Self.checkSeeking(fixture(name), tries: 30)
  }

  /// The number that Fixtures/make.py writes into a frame as bits.
  static func number(_ picture: Picture) -> Int {
    (0..<7).reduce(0) { $0 | (picture.pixel(14 + 16 * $1, 16)[0] > 125 ? 1 << $1 : 0) }
  }

  static let numbered = [
    // Streams with gradual refresh: flagged packets are not keyframes.
    "numbered-h264refresh.mp4", "numbered-h264refresh.ts",
    // Several pictures per packet with one time, or no times at all.
    "numbered-mpeg1.mpg", "numbered-mpeg2small.vob", "numbered-h264.mpg", "numbered-mpeg2.m2v",
    "numbered-mpeg2by5.ts",
    // Decoding times in place of presentation times.
    "numbered-h264.mxf", "numbered-mpeg2.avi",
    // One tick per frame.
    "numbered-theora.ogv",
  ]

  @Test(arguments: numbered)
  func findsNumberedFramesWhateverTheClock(name: String) throws {
    let path = fixture(name)
    try Self.checkSeeking(path, tries: 40)
    let video = try Video(contentsOf: path)
    #expect(abs(video.averageFrameRate - 25) < 0.01)
    #expect(abs(video.lastFrameTime - 59 / 25.0) < 0.05)
    var frames = try video.frames()
    let first = try #require(try frames.next())
    #expect(Self.number(try first.picture()) == 0)
    for index in 1..<60 {
      let frame = try #require(try frames.next())
      #expect(Self.number(try frame.picture()) == index)
      #expect(abs(frame.time - first.time - Double(index) / 25) < 1e-6)
      #expect(!frame.isDamaged)
    }
    #expect(try frames.next() == nil)
    for index in (0..<60).reversed() {
      let frame = try video.frame(at: first.time + (Double(index) + 0.5) / 25)
      #expect(Self.number(try frame.picture()) == index)
    }
  }

  /// A recording that begins between keyframes: its first frames refer to missing ones.
  @Test func framesWithoutTheirReferencesAreDamaged() throws {
    var bytes = try fixtureBytes("stream.h264")
    let starts = bytes.indices.dropLast(4).filter { bytes[$0..<$0 + 3].elementsEqual([0, 0, 1]) }
    // The first picture is an unusual kind of keyframe.
    let first = try #require(starts.first { bytes[$0 + 3] & 31 == 5 })
    let next = try #require(starts.first { $0 > first })
    bytes.removeSubrange(first..<next)
    let folder = try ScratchFolder()
    let video = try Video(contentsOf: try folder.write(bytes, to: "late.h264"))
    var frames = try video.frames()
    #expect(try frames.next()?.isDamaged == true)
    var last: VideoFrame?
    while let frame = try frames.next() { last = frame }
    #expect(last?.isDamaged == false)
  }

  @Test func readsStreamsWithoutContainerOrDuration() throws {
    let video = try Video(contentsOf: fixture("stream.h264"))
    #expect(video.duration > 0.5)
    #expect(mean(try video.frame(atFraction: 0.9)) > mean(try video.frame(atFraction: 0)))
  }

  @Test func timesStartAtZeroForAllContainers() throws {
    #expect(abs(try Video(contentsOf: fixture("late.mkv")).frame(at: 0).time) < 0.11)
    #expect(abs(try Video(contentsOf: fixture("late.mkv")).duration - 3) < 0.21)
  }

  /// The red quarter is stored at the top left; it is expected where the ffmpeg tool shows it.
  @Test(arguments: [(90, 10, 56), (180, 56, 40), (270, 40, 10)])
  func obeysTheRotation(degrees: Int, x: Int, y: Int) throws {
    let video = try Video(contentsOf: fixture("rotated\(degrees).mp4"))
    #expect(video.width == (degrees == 180 ? 64 : 48))
    let picture = try video.frame(at: 0).picture()
    #expect(picture.width == video.width && picture.height == video.height)
    #expect(picture.pixel(x, y)[0] > 150 && picture.pixel(x, y)[1] < 60)
    #expect(picture.pixel(picture.width - 1 - x, picture.height - 1 - y)[1] < 60)
  }

  @Test func usesTheReadablePartOfATruncatedVideo() throws {
    let folder = try ScratchFolder()
    try Self.writeRamp(to: folder.file("whole.mp4"))
    let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: folder.file("whole.mp4"))))
    let path = try folder.write(Array(bytes.prefix(bytes.count * 7 / 10)), to: "cut.mp4")
    let video = try Video(contentsOf: path)
    let decodable = try Self.decodeAll(path).count
    #expect(decodable > 5 && decodable < 65)
    var brightest = 0.0
    for step in 0..<40 {
      let picture = try video.frame(atFraction: Double(step) / 40)
      #expect(try picture == Video(contentsOf: path).frame(atFraction: Double(step) / 40))
      brightest = max(brightest, mean(picture))
    }
    #expect(brightest < Double(16 + 3 * (decodable + 3)))
  }

  /// Fractions of a wrong duration apply to the existing frames.
  @Test(arguments: [3, 17, 28])
  func believesTheFramesMoreThanTheDuration(index: Int) throws {
    let folder = try ScratchFolder()
    var bytes = try fixtureBytes("late.mkv")
    // The duration in Matroska, a double in milliseconds: 11 days.
    let at = try #require(
      bytes.indices.dropLast(20).first {
        bytes[$0..<$0 + 3].elementsEqual([0x44, 0x89, 0x88])
      })
    let lie = (0..<8).map { UInt8(truncatingIfNeeded: 1e9.bitPattern >> (56 - 8 * $0)) }
    bytes.replaceSubrange(at + 3..<at + 11, with: lie)
    let video = try Video(contentsOf: try folder.write(bytes, to: "liar.mkv"))
    #expect(video.duration > 900_000)
    let found = try video.frame(atFraction: (Double(index) + 0.5) / 30)
    let truth = try Video(contentsOf: fixture("late.mkv"))
    #expect(try found == truth.frame(at: (Double(index) + 0.5) / 10).picture())
  }

  @Test func errorsDescribeBadVideos() throws {
    let folder = try ScratchFolder()
    #expect(throws: MediaError.self) { try Video(contentsOf: folder.file("missing.mp4")) }
    let text = try folder.write(Array("no video".utf8), to: "text.mp4")
    #expect(throws: MediaError.self) { try Video(contentsOf: text) }
    do {
      _ = try Video(contentsOf: fixture("sound.mp4"))
      Issue.record("a sound file opened as a video")
    } catch { #expect(error.problem == "has no video stream") }
    // A playlist must not access other files.
    let playlist = "#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\n\(fixture("transport.ts"))\n"
    let list = try folder.write(Array((playlist + "#EXT-X-ENDLIST\n").utf8), to: "list.mp4")
    #expect(throws: MediaError.self) { try Video(contentsOf: list) }
  }

  @Test func survivesMutatedVideos() throws {
    let folder = try ScratchFolder()
    for (number, name) in ["open.mp4", "mpeg4.avi", "late.mkv", "transport.ts"].enumerated() {
      let bytes = try fixtureBytes(name)
      for round in 0..<25 {
        var random = KeyedGenerator(2, UInt64(number), UInt64(round))
        let path = try folder.write(mutated(bytes, &random), to: name)
        guard let video = try? Video(contentsOf: path) else { continue }
        guard let picture = try? video.frame(atFraction: random.uniform(), shortSide: 16) else {
          continue
        }
        #expect(min(picture.width, picture.height) == 16)
      }
    }
  }

  #if os(Linux)
    /// In a separate process, so that the memory of concurrent tests is not counted.
    @Test func freesWhatItTakes() async {
      await #expect(processExitsWith: .success) {
        func residentPages() throws -> Int {
          let text = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
          return Int(text.split(separator: " ")[1]) ?? 0
        }
        func work(_ rounds: Int) throws {
          for round in 0..<rounds {
            let video = try Video(contentsOf: fixture("open.mp4"))
            _ = try video.frame(atFraction: Double(round % 10) / 10, shortSide: 32)
            _ = try Picture(contentsOf: fixture("large.jpg"), shortSide: 200)
            _ = try? Picture(contentsOf: fixture("expected.json"))
            _ = try? Video(contentsOf: fixture("sound.mp4"))
          }
        }
        try work(50)
        let before = try residentPages()
        try work(300)
        // A leak of one picture of 160 kB per round would be 50 MB.
        let grown = try residentPages() - before
        guard grown < 20 << 20 / 4096 else { fatalError("\(grown) pages more") }
      }
    }
  #endif

  @Test(.enabled(if: shared("data") != nil, "needs the videos of ../shared/data"))
  func seekingEqualsFullDecodingOfRealVideos() throws {
    let videos =
      realFiles("samples", .video)
      + realFiles("videos", .video).enumerated().filter { $0.offset % 30 == 0 }.map(\.element)
    #expect(videos.count >= 10)
    for path in videos { try Self.checkSeeking(path, tries: 8) }
  }

  @Test(.enabled(if: shared("data") != nil, "needs the videos of ../shared/data"))
  func everyRealVideoGivesAFrame() throws {
    for path in realFiles("videos", .video) {
      #expect(try Video(contentsOf: path).frame(atFraction: 0.5, shortSide: 32).height >= 32)
    }
  }
}
