import Foundation
import Media
import TestSupport
import Testing

@Suite struct WritingTests {
  @Test func pngIsLossless() throws {
    let folder = try ScratchFolder()
    for (width, height) in [(8, 8), (33, 17), (9, 100)] {
      let picture = Picture.pattern(width: width, height: height)
      try picture.writePNG(to: folder.file("a.png"))
      #expect(try Picture(contentsOf: folder.file("a.png")) == picture)
    }
    #expect(folder.names() == ["a.png"])
  }

  @Test func mp4KeepsColorsAndOddSizes() throws {
    let folder = try ScratchFolder()
    for (width, height) in [(63, 47), (1280, 720)] {
      let path = folder.file("\(width).mp4")
      let frames = (0..<3).map { _ in
        Picture(width: width, height: height, red: 200, green: 60, blue: 90)
      }
      try MP4Writer.write(frames, to: path, framesPerSecond: 29.97)
      let video = try Video(contentsOf: path)
      #expect(video.width == width + width % 2 && video.height == height + height % 2)
      #expect(abs(video.averageFrameRate - 29.97) < 0.01)
      let found = try video.frame(at: 0.05).picture().pixel(video.width - 1, video.height - 1)
      #expect(zip(found, [200, 60, 90]).allSatisfy { abs($0 - $1) <= 3 }, "\(found)")
    }
    let pattern = Picture.pattern(width: 96, height: 64)
    try MP4Writer.write([pattern, pattern], to: folder.file("p.mp4"), framesPerSecond: 5)
    let found = try Video(contentsOf: folder.file("p.mp4")).frame(at: 0).picture()
    #expect(meanDifference(found, pattern) < 5)
  }

  /// An encoder that reads uninitialized memory would write different files if that memory has different content.
  @Test func equalFramesGiveEqualFiles() throws {
    let folder = try ScratchFolder()
    let frames = (0..<60).map { index in
      Picture.pattern(width: 72, height: 72, phase: Double(index * index) / 300)
    }
    // glibc can fill memory with a given byte: mallopt, which Swift does not import, with M_PERTURB.
    let option = try #require(dlsym(nil, "mallopt"))
    let mallopt = unsafeBitCast(option, to: (@convention(c) (Int32, Int32) -> Int32).self)
    let files = try [Int32(0), 85, 170].map { fill in
      _ = mallopt(-6, fill)
      defer { _ = mallopt(-6, 0) }
      try MP4Writer.write(frames, to: folder.file("\(fill).mp4"), framesPerSecond: 25)
      return try Data(contentsOf: URL(fileURLWithPath: folder.file("\(fill).mp4")))
    }
    #expect(files[0] == files[1] && files[1] == files[2])
  }

  @Test func anUnfinishedVideoLeavesNothing() throws {
    let folder = try ScratchFolder()
    do {
      let writer = try MP4Writer(
        path: folder.file("a.mp4"), width: 32, height: 32, framesPerSecond: 5)
      try writer.append(.pattern(width: 32, height: 32))
    }
    #expect(folder.names() == [])
  }

  @Test func gifKeepsFewColorsExactly() throws {
    let folder = try ScratchFolder()
    let frames = (0..<4).map { index in
      Picture(width: 20, height: 10, red: UInt8(60 * index), green: 7, blue: UInt8(255 - index))
    }
    try GIF.write(frames, to: folder.file("a.gif"), framesPerSecond: 10)
    let video = try Video(contentsOf: folder.file("a.gif"))
    var decoded = try video.frames()
    for (index, picture) in frames.enumerated() {
      let frame = try #require(try decoded.next())
      #expect(abs(frame.time - Double(index) / 10) < 1e-6)
      #expect(try frame.picture() == picture)
    }
    #expect(try decoded.next() == nil)
    #expect(try Picture(contentsOf: folder.file("a.gif")) == frames[0])
  }

  @Test func gifStaysCloseToManyColors() throws {
    let folder = try ScratchFolder()
    let frames = (0..<5).map { Picture.pattern(width: 120, height: 80, phase: Double($0) / 3) }
    try GIF.write(frames, to: folder.file("a.gif"), framesPerSecond: 8)
    var decoded = try Video(contentsOf: folder.file("a.gif")).frames()
    for picture in frames {
      let found = try #require(try decoded.next()).picture()
      // 256 colors for these 3 million cannot come nearer: Pillow's median cut with the same diffusion has an error of
      // 8.5, and 6.5 without diffusion. Diffusion improves the mean of a spot (Pillow: 2.5).
      #expect(meanDifference(found, picture) < 9.5)
      let (spots, wanted) = (spotMeans(found), spotMeans(picture))
      let off = zip(spots, wanted).reduce(0) { $0 + abs($1.0 - $1.1) } / Double(spots.count)
      #expect(off < 3, "\(off)")
      #expect(abs(mean(found) - mean(picture)) < 1)
    }
  }

  @Test func errorsSayWhyWritingFails() throws {
    let folder = try ScratchFolder()
    let path = folder.path + "/missing/a"
    let picture = Picture.pattern(width: 16, height: 16)
    for write in [
      { try picture.writePNG(to: path) },
      { try GIF.write([picture], to: path, framesPerSecond: 5) },
      { try MP4Writer.write([picture], to: path, framesPerSecond: 5) },
    ] {
      do {
        try write()
        Issue.record("wrote into a missing folder")
      } catch let error as MediaError {
        #expect(error.description == "\(path) cannot be written: No such file or directory")
      }
    }
    // There is a folder at the path of the file.
    try FileManager.default.createDirectory(
      atPath: folder.file("b/c"), withIntermediateDirectories: true)
    #expect(throws: MediaError.self) { try picture.writePNG(to: folder.file("b")) }
    #expect(throws: MediaError.self) {
      try MP4Writer.write([picture], to: folder.file("b"), framesPerSecond: 5)
    }
    #expect(folder.names() == ["b"])
  }
}

/// The means of squares of 4x4 pixels, by channel.
private func spotMeans(_ picture: Picture) -> [Double] {
  var means = [Double](repeating: 0, count: picture.pixels.count / 16)
  for y in 0..<picture.height {
    for x in 0..<picture.width {
      for (channel, level) in picture.pixel(x, y).enumerated() {
        means[(y / 4 * (picture.width / 4) + x / 4) * 3 + channel] += Double(level) / 16
      }
    }
  }
  return means
}
