import Foundation
import Media
import TestSupport
import Testing

/// The times of frames that are not evenly spaced.
@Suite struct VideoTimesTests {
  /// Each time is that of a frame, and the middle between two shows the first of them.
  private func check(_ path: String, count: Int) throws {
    let all = try VideoTests.decodeAll(path)
    let video = try Video(contentsOf: path)
    let times = try #require(video.unevenFrameTimes)
    #expect(times.count == count)
    #expect(times == all.map(\.time))
    let middles = zip(times, times.dropFirst()).map { ($0 + $1) / 2 }
    let pictures = try video.pictures(shownAt: middles, shortSide: 32)
    #expect(pictures.elementsEqual(all.dropLast().map(\.picture)))
  }

  @Test(arguments: ["variable.mp4", "variable.mkv"])
  func unevenFramesAreListed(name: String) throws { try check(fixture(name), count: 30) }

  @Test(
    arguments: [
      "open.mp4", "late.mkv", "transport.ts", "mpeg4.avi", "editlist.mp4", "longsound.mp4",
      "longsound.mkv", "stream.h264", "norate.mkv", "rotated90.mp4", "numbered-mjpeg.avi",
    ] + VideoTests.numbered)
  func evenFramesAreNotListed(name: String) throws {
    #expect(try Video(contentsOf: fixture(name)).unevenFrameTimes == nil)
  }

  @Test(.enabled(if: shared("data") != nil, "needs the videos of ../shared/data"))
  func framesOfRealVideosAreNotListed() throws {
    for path in realFiles("samples", .video) + realFiles("videos", .video) {
      let video = try Video(contentsOf: path)
      #expect(video.unevenFrameTimes == nil, "\(path)")
      #expect(video.evenFrameCount > 1, "\(path)")
    }
  }

  /// The packets of frames to which others refer have times of their own.
  @Test func framesThatAreNeverShownDoNotCount() throws {
    let path = fixture("hidden.webm")
    let video = try Video(contentsOf: path)
    #expect(video.unevenFrameTimes == nil)
    #expect(video.evenFrameCount == 60)
    #expect(try VideoTests.decodeAll(path).count == 60)
  }

  /// An AVI whose frames 20 to 34 and 50 are empty: the one before is shown on.
  @Test func emptyPacketsAreNotFrames() throws {
    var bytes = try fixtureBytes("numbered-mjpeg.avi")
    func find(_ name: String) throws -> Int {
      try #require(
        bytes.indices.dropLast(4).first { bytes[$0..<$0 + 4].elementsEqual(name.utf8) })
    }
    func number(at place: Int) -> Int {
      (0..<4).reduce(0) { $0 | Int(bytes[place + $1]) << (8 * $1) }
    }
    func set(_ number: Int, at place: Int) {
      for index in 0..<4 { bytes[place + index] = UInt8(number >> (8 * index) & 255) }
    }
    let (movie, index) = (try find("movi"), try find("idx1") + 8)
    let empty = Array(20...34) + [50]
    for frame in empty {
      // An entry has a name, flags, the place from `movi` on, and a length.
      let entry = index + 16 * frame
      let chunk = movie + number(at: entry + 8)
      let length = number(at: chunk + 4)
      try #require(length == number(at: entry + 12) && length > 8)
      set(0, at: entry + 12)
      set(0, at: chunk + 4)
      bytes.replaceSubrange(chunk + 8..<chunk + 12, with: Array("JUNK".utf8))
      set(length - 8, at: chunk + 12)
    }
    let folder = try ScratchFolder()
    let path = try folder.write(bytes, to: "paused.avi")
    try check(path, count: 44)
    let times = try #require(try Video(contentsOf: path).unevenFrameTimes)
    let numbers = (0..<60).filter { !empty.contains($0) }
    #expect(zip(times, numbers).allSatisfy { abs($0 * 25 - Double($1)) < 1e-3 })
  }

  /// A recording whose first keyframe is missing: what is left of the first 7 frames refers to it.
  @Test func framesBeforeTheFirstKeyframeDoNotCount() throws {
    var bytes = try fixtureBytes("variable.mkv")
    let cluster = try #require(
      bytes.indices.dropLast(4).first {
        bytes[$0..<$0 + 4].elementsEqual([0x1F, 0x43, 0xB6, 0x75])
      })
    // The first block becomes a void element.
    let block = try #require(bytes[(cluster + 5)...].firstIndex(of: 0xA3))
    bytes[block] = 0xEC
    let folder = try ScratchFolder()
    let video = try Video(contentsOf: try folder.write(bytes, to: "late.mkv"))
    let times = try #require(video.unevenFrameTimes)
    #expect(times.count == 23)
    let middles = zip(times, times.dropFirst()).map { ($0 + $1) / 2 }
    let whole = try Video(contentsOf: fixture("variable.mkv"))
    #expect(
      try video.pictures(shownAt: middles, shortSide: 32)
        == whole.pictures(
          shownAt: middles.map { $0 - times[0] + 0.737 }, shortSide: 32))
  }

  /// The part that is left is not a whole video of fewer frames.
  @Test func aFileCutOffIsNotListed() throws {
    let bytes = try fixtureBytes("variable.mkv")
    let folder = try ScratchFolder()
    let path = try folder.write(Array(bytes.prefix(bytes.count * 7 / 10)), to: "cut.mkv")
    let video = try Video(contentsOf: path)
    #expect(try VideoTests.decodeAll(path).count > 5)
    #expect(video.unevenFrameTimes == nil)
    #expect(video.evenFrameCount > 100)
  }
}
