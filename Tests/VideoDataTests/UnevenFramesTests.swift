import Foundation
import KeyedRandom
import Media
import TestSupport
import Testing
import VideoData
import VideoSamples

/// Frames that are requested by their number, in videos whose rate varies.
@Suite struct UnevenFramesTests {
  let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  /// 51 frames at 20 per second, a pause of 3 s, 31 frames at 60 per second, another pause, and 19 frames at 20 per second.
  static let starts: [Int] = {
    var starts = [0]
    func add(_ count: Int, step: (Int) -> Int) {
      for index in 0..<count { starts.append(starts[starts.count - 1] + step(index)) }
    }
    add(50) { _ in 50 }
    add(1) { _ in 3000 }
    add(30) { $0 % 3 == 2 ? 16 : 17 }
    add(1) { _ in 3000 }
    add(18) { _ in 50 }
    return starts
  }()

  /// A Matroska file of uncompressed frames of 32x24 pixels. Frame n has the luma 16 + 2 n and is shown from `starts[n]`
  /// milliseconds on, whatever constant rate the header claims.
  private func write(_ starts: [Int], claimedRate: Int, to name: String = "video.mkv") throws
    -> VideoSource
  {
    func bytes(_ value: Int) -> [UInt8] { (0..<8).map { UInt8(value >> (56 - 8 * $0) & 255) } }
    func element(_ id: Int, _ content: [[UInt8]]) -> [UInt8] {
      let content = Array(content.joined())
      return Array(bytes(id).drop { $0 == 0 }) + bytes(content.count | 1 << 56) + content
    }
    func element(_ id: Int, _ value: Int) -> [UInt8] { element(id, [bytes(value)]) }
    func element(_ id: Int, _ text: String) -> [UInt8] { element(id, [Array(text.utf8)]) }

    let header = element(
      0x1A45_DFA3,
      [
        element(0x4286, 1), element(0x42F7, 1), element(0x42F2, 4), element(0x42F3, 8),
        element(0x4282, "matroska"), element(0x4287, 4), element(0x4285, 2),
      ])
    let size = element(0xE0, [element(0xB0, 32), element(0xBA, 24), element(0x2EB524, "I420")])
    let track = element(
      0xAE,
      [
        element(0xD7, 1), element(0x73C5, 1), element(0x83, 1), element(0x86, "V_UNCOMPRESSED"),
        element(0x23E383, 1_000_000_000 / claimedRate), size,
      ])
    let clusters = starts.enumerated().map { number, start in
      let luma = [UInt8](repeating: UInt8(16 + 2 * number), count: 32 * 24)
      let chroma = [UInt8](repeating: 128, count: 32 * 24 / 2)
      return element(
        0x1F43_B675, [element(0xE7, start), element(0xA3, [[0x81, 0, 0, 0x80], luma, chroma])])
    }
    let information = element(0x1549_A966, [element(0x2AD7B1, 1_000_000)])
    let segment = element(0x1853_8067, [information, element(0x1654_AE6B, [track])] + clusters)
    return .video(path: try folder.write(header + segment, to: name))
  }

  /// The number of each frame of a clip.
  private func numbers(_ clip: ClipPixels) -> [Int] {
    (0..<clip.frames).map { frame in
      let level = Double(clip.pixels[frame * clip.height * clip.width * 3])
      return Int((level * 219 / 255 / 2).rounded())
    }
  }

  /// Clips of eight frames that begin with these.
  private func rule(_ firsts: [Int], interval: Int = 1, span: Int = 8) -> SampleRule {
    SampleRule(readsClips: true, span: span) { source, _ in
      SampleRequest(
        .clips(firsts.map { source.times(ofFrames: $0, count: 8, interval: interval) }),
        crop: .centerWindow(height: 16, width: 16))
    }
  }

  private func clips(_ source: VideoSource, _ rule: SampleRule) throws -> [ClipPixels] {
    var generator = KeyedGenerator()
    return try source.clips(rule, using: &generator)
  }

  @Test(arguments: [1, 3])
  func aClipHasConsecutiveFramesInPausesAndBursts(interval: Int) throws {
    let source = try write(Self.starts, claimedRate: 20)
    let firsts = Array(-3...100)
    let expected = firsts.map { first in
      (0..<8).map { min(max(first + $0 * interval, 0), 100) }
    }
    #expect(try clips(source, rule(firsts, interval: interval)).map(numbers) == expected)
    // Each clip is also found by seeking.
    for first in stride(from: 0, through: 98, by: 7) {
      let clip = try clips(source, rule([first], interval: interval))[0]
      #expect(numbers(clip) == expected[first + 3])
    }
  }

  @Test func aSpanCountsTheFramesThatTheVideoHas() throws {
    // At the claimed rate there would be 199.
    let source = try write(Self.starts, claimedRate: 20)
    #expect(try source.info().frameCount == 101)
    #expect(try numbers(clips(source, rule([93], span: 101))[0]) == Array(93...100))
    do {
      _ = try clips(source, rule([0], span: 102))
      Issue.record("a sample of more frames than the video has")
    } catch let error as MediaError {
      #expect(error.problem.hasSuffix("it has 101 of the 102 frames of a sample"))
    }
  }

  @Test func theCacheChoosesTheSameFrames() throws {
    let source = try write(Self.starts, claimedRate: 20)
    let rule = SampleRule(readsClips: true, span: 8) { source, generator in
      let first = source.firstFrame(ofSpan: 8, using: &generator, atRandom: true)
      return SampleRequest(
        .clips([source.times(ofFrames: first, count: 8)]),
        crop: .centerWindow(height: 16, width: 16))
    }
    func clip(_ loader: SampleLoader, _ item: Int) throws -> ClipPixels {
      try loader.sample(.training(seed: 1, epoch: 0, source: item), of: 0).clips[0]
    }
    let plain = SampleLoader([source], rule: rule)
    let read = try (0..<120).map { try clip(plain, $0) }
    let keeping = SampleLoader([source], rule: rule, cacheBytes: 1 << 24)
    #expect(try clip(keeping, 0) == read[0])
    // What follows comes from memory.
    try FileManager.default.removeItem(atPath: source.path)
    for item in 0..<120 { #expect(try clip(keeping, item) == read[item]) }
    let firsts = read.map { numbers($0)[0] }
    for (clip, first) in zip(read, firsts) { #expect(numbers(clip) == Array(first..<first + 8)) }
    // In the burst, and over both pauses.
    for place in [51...74, 44...50, 75...81] { #expect(firsts.contains(where: place.contains)) }
  }

  @Test func evenFramesKeepTheirGrid() throws {
    let thirds = (0..<90).map { ($0 * 1000 + 15) / 30 }
    let pictures = (0..<60).map { n in
      Picture(width: 32, height: 24, red: UInt8(4 * n), green: 0, blue: 0)
    }
    let sources: [(VideoSource, count: Int)] = [
      (try write(thirds, claimedRate: 30), 90),
      (.video(path: try folder.write(pictures, to: "even.mp4", framesPerSecond: 29.97)), 60),
    ]
    for (source, count) in sources {
      let last = try Video(contentsOf: source.path).lastFrameTime
      let info = try source.info()
      #expect(info == SourceInfo(lastFrameTime: last, frameCount: count))
      let step = last / Double(count - 1)
      let expected: [Double] = (0..<9).map { index in (Double(2 * index - 1) + 0.5) * step }
      #expect(info.times(ofFrames: -1, count: 9, interval: 2) == expected)
    }
  }

  /// At the claimed rate there would be 20 thousand million frames.
  @Test func anAbsurdPauseIsNotFullOfFrames() throws {
    let source = try write(Self.starts + [1_000_000_000_000], claimedRate: 20)
    let info = try source.info()
    #expect(info.frameCount == 102 && abs(info.lastFrameTime - 1e9) < 1)
    let found = try clips(source, rule([97])).map(numbers)
    #expect(found == [[97, 98, 99, 100, 101, 101, 101, 101]])
  }

  /// Times do not order the frames of two recordings that were joined.
  @Test func aClockThatIsSetBackCountsNoFrames() throws {
    let source = try write((0..<100).map { 50 * ($0 % 50) + $0 / 50 * 20 }, claimedRate: 20)
    #expect(try source.info().frameTimes == nil)
  }

  @Test func timesLieBetweenAFrameAndTheNext() {
    let source = SourceInfo(lastFrameTime: 9, frameTimes: [0, 1, 1.5, 9])
    #expect(source.frameCount == 4)
    // Before and after the video, frames have the average distance.
    #expect(
      source.times(ofFrames: -2, count: 8) == [-4.5, -1.5, 0.5, 1.25, 5.25, 10.5, 13.5, 16.5])
    #expect(source.times(ofFrames: 1, count: 2, interval: 2) == [1.25, 10.5])
    #expect(SourceInfo(lastFrameTime: 5, frameTimes: [5]).times(ofFrames: 0, count: 2) == [5, 5])
  }
}
