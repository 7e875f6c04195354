import Foundation
import Media
import SafeFiles
import TestSupport
import Testing

@Suite struct FilesTests {
  @Test func kindsDependOnTheExtension() {
    for name in ["a.jpg", "/x.y/B.JPEG", "c.PnG", "d.e.webp"] {
      #expect(MediaKind(path: name) == .picture)
    }
    for name in ["a.mp4", "v_Biking_g05_c02.AVI", "../x.webm"] {
      #expect(MediaKind(path: name) == .video)
    }
    for name in ["", "jpg", ".jpg", "a.jpg/b", "a.txt", "a.", "a.jpg.part"] {
      #expect(MediaKind(path: name) == nil)
    }
  }

  @Test func numbersSortAsNumbers() {
    let sorted = ["img_10.png", "img_2.png", "a", "img_002b", "img_1.png", "img_", "img_2"]
      .sorted(by: naturallyPrecedes)
    #expect(
      sorted == ["a", "img_", "img_1.png", "img_2", "img_2.png", "img_002b", "img_10.png"])
  }

  @Test func aFolderOfPicturesIsAVideo() throws {
    let folder = try ScratchFolder()
    for index in 1...11 {
      let level = UInt8(index * 20)
      try Picture(width: 12, height: 10, red: level, green: level, blue: level)
        .writePNG(to: folder.file("img_\(index).png"))
    }
    _ = try folder.write([1], to: ".hidden")
    let frames = try #require(try FrameFolder(contentsOf: folder.path))
    #expect(frames.count == 11)
    for index in 0..<11 {
      let picture = try frames.frame(atFraction: (Double(index) + 0.5) / 11, shortSide: 10)
      #expect(picture.pixel(0, 0)[0] == (index + 1) * 20)
    }
    _ = try folder.write([1], to: "notes.txt")
    #expect(try FrameFolder(contentsOf: folder.path) == nil)
    #expect(throws: MediaError.self) { try FrameFolder(contentsOf: folder.file("missing")) }
    try FileManager.default.createDirectory(
      atPath: folder.file("sub/x.jpg"), withIntermediateDirectories: true)
    #expect(try FrameFolder(contentsOf: folder.file("sub")) == nil)
  }

  /// denseflow writes both to the same folder.
  @Test func picturesOfFlowNextToFramesAreNotFrames() throws {
    let folder = try ScratchFolder()
    for name in ["flow_x_1", "flow_y_1", "img_1", "img_2"] {
      _ = try folder.write([1], to: "both/\(name).jpg")
    }
    let frames = try #require(try FrameFolder(contentsOf: folder.path + "/both"))
    #expect(frames.names == ["img_1.jpg", "img_2.jpg"])
    // On their own, they are what the user wants.
    _ = try folder.write([1], to: "flow/flow_x_1.jpg")
    #expect(try FrameFolder(contentsOf: folder.path + "/flow")?.count == 1)
  }

  #if os(Linux)
    /// File names are bytes: a Latin-1 name in a folder with a Latin-1 name.
    @Test func filesAreReadAndWrittenByNamesThatAreNotText() throws {
      let folder = try ScratchFolder()
      let odd = String(path: Array(folder.path.utf8) + [0x2F, 0xE9])
      try makeFolder(at: odd)
      func copy(_ name: String, to ending: String) throws -> String {
        let path = String(path: Array("caf".utf8) + [0xE9] + Array(ending.utf8))
        let place = odd + "/" + path
        try replaceFile(at: place, with: readFile(at: fixture(name)))
        return place
      }
      let picture = try copy("rgb.png", to: ".png")
      #expect(try Picture(contentsOf: picture) == Picture(contentsOf: fixture("rgb.png")))
      let frames = try #require(try FrameFolder(contentsOf: odd))
      #expect(frames.path(ofFrame: 0) == picture)
      #expect(try frames.frame(atFraction: 0) == Picture(contentsOf: picture))
      let video = try copy("open.mp4", to: ".mp4")
      #expect(try Video(contentsOf: video).frame(at: 1).time > 0.5)
      let palette = try copy("palette.gif", to: ".gif")
      #expect(try Picture(contentsOf: palette).width == 60)
      #expect(picture.printable.hasSuffix("/\\xE9/caf\\xE9.png"))
      let frame = try Picture(contentsOf: picture)
      let (copied, film) = (odd + "/copy.png", odd + "/film.mp4")
      try frame.writePNG(to: copied)
      #expect(try Picture(contentsOf: copied) == frame)
      try MP4Writer.write([frame, frame], to: film, framesPerSecond: 25)
      #expect(try Video(contentsOf: film).frame(at: 0).time == 0)
    }
  #endif

  @Test func listsFFmpegsCapabilities() {
    #expect(!MediaCapabilities.ffmpegVersion.isEmpty)
    #expect(MediaCapabilities.decoders.contains { $0.name == "mjpeg" && $0.isAvailable })
    #expect(MediaCapabilities.encoders.contains { $0.name == "png" && $0.isAvailable })
  }
}
