import Foundation
import KeyedRandom
import Media
import TestSupport
import Testing

/// Compares pictures by their times with a full decode and with the content of the videos.
@Suite struct VideoPicturesTests {
  /// Spans with random positions and steps: each picture is the last one of the full decode that is not after its time.
  static func checkSpans(_ path: String, spans: Int) throws {
    let all = try VideoTests.decodeAll(path)
    try #require(!all.isEmpty)
    let video = try Video(contentsOf: path)
    let leeway = max(
      0.001 / video.averageFrameRate,
      video.timeBase * video.averageFrameRate < 0.1 ? video.timeBase / 2 : 0)
    #expect(abs(video.lastFrameTime - all[all.count - 1].time) < 1e-4, "\(path)")
    for span in 0..<spans {
      var random = KeyedGenerator(5, UInt64(span))
      let start = (video.lastFrameTime + 0.2) * random.uniform() - 0.1
      let step = 0.4 * random.uniform()
      let times = (0..<1 + random.integer(below: 12)).map { start + Double($0) * step }
      let pictures = try video.pictures(shownAt: times, shortSide: 32)
      let expected = times.map { time in
        all.last { $0.time <= time + leeway }?.picture ?? all[0].picture
      }
      #expect(pictures.elementsEqual(expected), "\(path), \(start) by \(step)")
    }
    let whole = try #require(try video.allPictures(shortSide: 32, bytes: 1 << 30))
    #expect(whole.times == all.map(\.time), "\(path)")
    #expect(whole.pictures.elementsEqual(all.map(\.picture)), "\(path)")
    let times = (0..<50).map { Double($0) / 49 * (video.lastFrameTime + 1) }
    let pictures = try video.pictures(shownAt: times, shortSide: 32)
    #expect(whole.pictures(shownAt: times).elementsEqual(pictures), "\(path)")
    #expect(try video.allPictures(shortSide: 32, bytes: 5000) == nil)
  }

  @Test(arguments: [
    "open.mp4", "late.mkv", "transport.ts", "mpeg4.avi", "editlist.mp4", "variable.mp4",
    "variable.mkv", "longsound.mp4", "longsound.mkv",
  ])
  func spansEqualAFullDecode(name: String) throws {
    try Self.checkSpans(fixture(name), spans: 40)
  }

  @Test(arguments: VideoTests.numbered)
  func spansOfNumberedFramesEqualAFullDecode(name: String) throws {
    try Self.checkSpans(fixture(name), spans: 12)
  }

  @Test(.enabled(if: shared("data") != nil, "needs the videos of ../shared/data"))
  func spansEqualAFullDecodeOfRealVideos() throws {
    let videos =
      realFiles("samples", .video)
      + realFiles("videos", .video).enumerated().filter { $0.offset % 30 == 0 }.map(\.element)
    #expect(videos.count >= 10)
    for path in videos { try Self.checkSpans(path, spans: 6) }
  }

  /// The number of a fixture's frame, from the brightness of its right half.
  private func number(_ picture: Picture) -> Int {
    Int(((Double(picture.pixel(picture.width - 4, 4)[0]) - 20) / 6).rounded())
  }

  /// Frame n from 0.1 n + 0.037 (n mod 3) s, with B-frames, and a gap of 15 s that is skipped by seeking.
  @Test(arguments: ["variable.mp4", "variable.mkv"])
  func picksFramesOfVariableRateByTheirTimes(name: String) throws {
    let milliseconds = (0..<30).map { n in 100 * n + 37 * (n % 3) + (n >= 20 ? 15_000 : 0) }
    let starts = milliseconds.map { Double($0) / 1000 }
    let video = try Video(contentsOf: fixture(name))
    #expect(abs(video.lastFrameTime - starts[29]) < 1e-3)
    for start in [-0.5, 0, 0.05, 0.28, 1.3, 1.93, 2.5, 16.9, 17.5] {
      let times = (0..<16).map { start + 0.0671 * Double($0) } + [17.12, 17.45, 18.5, 60]
      let found = try video.pictures(shownAt: times.sorted(), shortSide: nil).map(number)
      let expected = times.sorted().map { time in starts.lastIndex { $0 <= time + 5e-4 } ?? 0 }
      #expect(found == expected)
    }
  }

  /// A clock in milliseconds rounds the times of a third of the frames up; clips at such rates must not show the previous
  /// frame. (10 frames per second, computed slightly early.)
  @Test func aTimeJustBeforeAFrameShowsIt() throws {
    let video = try Video(contentsOf: fixture("open.mp4"))
    let times = (1..<30).map { Double($0) / 10 - 9e-5 }
    #expect(try video.pictures(shownAt: times, shortSide: nil).map(number) == Array(1..<30))
    let early = (1..<30).map { Double($0) / 10 - 1e-3 }
    #expect(try video.pictures(shownAt: early, shortSide: nil).map(number) == Array(0..<29))
  }

  @Test(arguments: ["longsound.mp4", "longsound.mkv"])
  func soundThatGoesOnIsNoBreak(name: String) throws {
    let video = try Video(contentsOf: fixture(name))
    #expect(abs(video.lastFrameTime - 2.9) < 0.02)
    let numbers = try video.pictures(shownAt: [2.85, 2.95, 5, 30], shortSide: nil).map(number)
    #expect(numbers == [28, 29, 29, 29])
  }

  @Test func anAbsurdDurationIsNotATruncation() throws {
    let folder = try ScratchFolder()
    var bytes = try fixtureBytes("late.mkv")
    let at = try #require(
      bytes.indices.dropLast(20).first { bytes[$0..<$0 + 3].elementsEqual([0x44, 0x89, 0x88]) })
    let lie = (0..<8).map { UInt8(truncatingIfNeeded: 1e9.bitPattern >> (56 - 8 * $0)) }
    bytes.replaceSubrange(at + 3..<at + 11, with: lie)
    let video = try Video(contentsOf: try folder.write(bytes, to: "liar.mkv"))
    #expect(abs(video.lastFrameTime - 2.9) < 0.02)
    #expect(try video.pictures(shownAt: [1, 9], shortSide: nil).map(number) == [10, 29])
  }

  /// Files that were truncated in copying: correct before the truncation, an error after it.
  @Test(arguments: ["ramp.mp4", "mpeg4.avi", "late.mkv"])
  func aFileCutOffBreaksOff(name: String) throws {
    let folder = try ScratchFolder()
    if name == "ramp.mp4" { try VideoTests.writeRamp(to: folder.file("whole")) }
    let source = name == "ramp.mp4" ? folder.file("whole") : fixture(name)
    let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: source)))
    let path = try folder.write(Array(bytes.prefix(bytes.count * 7 / 10)), to: name)
    let (whole, video) = (try Video(contentsOf: source), try Video(contentsOf: path))
    #expect(video.lastFrameTime >= whole.lastFrameTime - 0.11)
    let start = [0, 0.1, 0.2, 0.3]
    #expect(
      try video.pictures(shownAt: start, shortSide: nil)
        == whole.pictures(shownAt: start, shortSide: nil))
    for times in [[0, whole.lastFrameTime], [whole.lastFrameTime], [0, 0.2, 900]] {
      do {
        _ = try video.pictures(shownAt: times, shortSide: nil)
        Issue.record("\(name) gives frames at \(times)")
      } catch {
        #expect(error.reason == .damaged)
        #expect(error.description.hasPrefix(path + " "))
      }
    }
    #expect(throws: MediaError.self) { try video.allPictures(shortSide: nil, bytes: 1 << 30) }
  }

  @Test func errorsSayWhereAVideoEnds() throws {
    let folder = try ScratchFolder()
    try VideoTests.writeRamp(to: folder.file("whole.mp4"))
    let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: folder.file("whole.mp4"))))
    let path = try folder.write(Array(bytes.prefix(bytes.count * 7 / 10)), to: "cut.mp4")
    do {
      _ = try Video(contentsOf: path).pictures(shownAt: [0, 2.7], shortSide: 16)
      Issue.record("no error")
    } catch {
      #expect(error.problem.wholeMatch(of: /(breaks off|is damaged) at [0-9.]+ s.*/) != nil)
    }
  }

  /// Noise in the middle of the file, which the decoders conceal as well as they can.
  private func checkDamage(_ source: String) throws {
    let folder = try ScratchFolder()
    var bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: source)))
    var random = KeyedGenerator(8)
    for at in bytes.count / 2..<bytes.count / 2 + 300 {
      bytes[at] = UInt8(truncatingIfNeeded: random.next())
    }
    let video = try Video(contentsOf: try folder.write(bytes, to: "noise"))
    let whole = try Video(contentsOf: source)
    let start = [0, 0.1, 0.2, 0.3]
    #expect(
      try video.pictures(shownAt: start, shortSide: 32)
        == whole.pictures(shownAt: start, shortSide: 32))
    let times = stride(from: 0, to: whole.lastFrameTime, by: 0.01)
    #expect(throws: MediaError.self, "\(source)") {
      try video.pictures(shownAt: Array(times), shortSide: 32)
    }
    #expect(throws: MediaError.self) { try video.allPictures(shortSide: 32, bytes: 1 << 30) }
  }

  @Test func damageIsAnErrorOnlyInItsPart() throws { try checkDamage(fixture("open.mp4")) }

  /// Decoders that do not mark frames but report errors.
  @Test func decoderErrorsAreDetected() throws { try checkDamage(fixture("numbered-mjpeg.avi")) }

  @Test(.enabled(if: shared("data") != nil, "needs the videos of ../shared/data"))
  func damageOfRealVideosIsAnErrorOnlyWhereItIs() throws {
    for path in realFiles("samples", .video) { try checkDamage(path) }
  }

  @Test func rejectsSourcesThatAreNotVideos() throws {
    do {
      let video = try Video(contentsOf: fixture("norate.mkv"))
      #expect(video.averageFrameRate == 0)
      _ = try video.pictures(shownAt: [0], shortSide: nil)
      Issue.record("a clip without a rate")
    } catch { #expect(error.problem.hasPrefix("has no frame rate")) }
    do {
      let video = try Video(contentsOf: fixture("sizes.h264"))
      _ = try video.pictures(shownAt: (0..<33).map { Double($0) / 10 }, shortSide: 32)
      Issue.record("a clip of two sizes")
    } catch { #expect(error.reason == .unsuitableSize) }
    // Headers without frames.
    let folder = try ScratchFolder()
    for name in ["late.mkv", "mpeg4.avi"] {
      for length in [300, 500, 560, 700, 1000, 2048] {
        let path = try folder.write(Array(try fixtureBytes(name).prefix(length)), to: name)
        #expect(throws: MediaError.self) {
          try Video(contentsOf: path).pictures(shownAt: [0, 2.5], shortSide: nil)
        }
      }
    }
  }

  @Test func survivesMutatedVideos() throws {
    let folder = try ScratchFolder()
    let names = ["open.mp4", "mpeg4.avi", "late.mkv", "transport.ts", "variable.mp4"]
    for (number, name) in names.enumerated() {
      let bytes = try fixtureBytes(name)
      for round in 0..<25 {
        var random = KeyedGenerator(4, UInt64(number), UInt64(round))
        let path = try folder.write(mutated(bytes, &random), to: name)
        guard let video = try? Video(contentsOf: path) else { continue }
        let listed = video.unevenFrameTimes ?? [0]
        #expect(!listed.isEmpty && zip(listed, listed.dropFirst()).allSatisfy { $0 < $1 })
        let times = (0..<8).map { Double($0) * video.lastFrameTime / 7 }
        guard let pictures = try? video.pictures(shownAt: times, shortSide: 16) else { continue }
        #expect(pictures.count == 8)
        #expect(pictures.allSatisfy { $0.width == pictures[0].width })
        _ = try? video.allPictures(shortSide: 16, bytes: 1 << 20)
      }
    }
  }

  @Test func framesOfAFolderAreShownAtTheirRate() throws {
    let folder = try ScratchFolder()
    for index in 0..<6 {
      let level = UInt8(index * 40)
      try Picture(width: 12, height: 10, red: level, green: level, blue: level)
        .writePNG(to: folder.file("img_\(index + 1).png"))
    }
    let frames = try FrameFolder.ofVideo(folder.path)
    let times = [-1, 0, 0.19, 0.2 - 1e-9, 0.39, 0.4, 0.61, 1, 9]
    let pictures = try frames.pictures(shownAt: times, rate: 5, shortSide: 10)
    #expect(pictures.map { $0.pixel(3, 3)[0] / 40 } == [0, 0, 0, 1, 1, 2, 3, 5, 5])
    let all = try #require(try frames.allPictures(rate: 5, shortSide: 10, bytes: 1 << 20))
    #expect(all.pictures(shownAt: times) == pictures)
    #expect(abs(all.lastFrameTime - 1) < 1e-9)
    #expect(try frames.allPictures(rate: 5, shortSide: 10, bytes: 1000) == nil)
    try Picture(width: 12, height: 12, red: 1, green: 1, blue: 1)
      .writePNG(to: folder.file("img_3.png"))
    #expect(throws: MediaError.self) {
      try frames.pictures(shownAt: [0, 0.4], rate: 5, shortSide: 10)
    }
    _ = try folder.write([1], to: "notes.txt")
    #expect(throws: MediaError.self) { try FrameFolder.ofVideo(folder.path) }
  }

  @Test func resizesPartsOfPictures() throws {
    let picture = try Picture(contentsOf: fixture("texture.jpg"))
    let reference = try Picture(contentsOf: fixture("texture30.png"))
    let small = Picture.resized(
      [picture, picture], left: 0, top: 0, partWidth: 120, partHeight: 90, width: 40, height: 30)
    #expect(small.count == 2 && small[0] == small[1])
    #expect(meanDifference(small[0], reference) < 1)
    // A part is scaled as if it were the whole picture, and not at all if it already has the size.
    let part = Picture.resized(
      [picture], left: 17, top: 5, partWidth: 50, partHeight: 60, width: 25, height: 20)[0]
    let cut = picture.cropped(left: 17, top: 5, width: 50, height: 60)
    #expect(
      part
        == Picture.resized(
          [cut], left: 0, top: 0, partWidth: 50, partHeight: 60, width: 25, height: 20)[0])
    #expect(
      Picture.resized(
        [picture], left: 17, top: 5, partWidth: 50, partHeight: 60, width: 50, height: 60)[0] == cut
    )
    let flat = Picture(width: 500, height: 9, red: 9, green: 80, blue: 200)
    let narrow = Picture.resized(
      [flat], left: 0, top: 0, partWidth: 500, partHeight: 9, width: 3, height: 40)[0]
    #expect(Set(narrow.pixels) == [9, 80, 200])
  }
}
