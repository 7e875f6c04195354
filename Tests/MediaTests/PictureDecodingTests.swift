import Foundation
import KeyedRandom
import Media
import TestSupport
import Testing

struct ExpectedPicture: Decodable {
  var width: Int
  var height: Int
  var tolerance: Int
  var points: [[Int]]
}

@Suite struct PictureDecodingTests {
  static let expected: [String: ExpectedPicture] = {
    guard let data = try? Data(contentsOf: URL(fileURLWithPath: fixture("expected.json"))) else {
      return [:]
    }
    return (try? JSONDecoder().decode([String: ExpectedPicture].self, from: data)) ?? [:]
  }()

  @Test func allFixturesAreListed() {
    #expect(Self.expected.count >= 30)
  }

  @Test(arguments: expected.keys.sorted())
  func decodesLikePillow(name: String) throws {
    let expected = try #require(Self.expected[name])
    let picture = try Picture(contentsOf: fixture(name))
    try #require(picture.width == expected.width && picture.height == expected.height)
    for point in expected.points {
      let found = picture.pixel(point[0], point[1])
      let error = zip(found, point[2...]).map { abs($0 - $1) }.max() ?? 0
      #expect(error <= expected.tolerance, "\(name) at \(point.prefix(2)): \(found), not \(point)")
    }
  }

  @Test(arguments: [30, 60, 120])
  func scalesLikePillowsAntialiasedBilinear(side: Int) throws {
    let scaled = try Picture(contentsOf: fixture("texture.jpg"), shortSide: side)
    let reference = try Picture(contentsOf: fixture("texture\(side).png"))
    #expect(scaled.height == side && scaled.width == side * 4 / 3)
    #expect(meanDifference(scaled, reference) < 1)
  }

  @Test func decodesLargePicturesAtReducedScale() throws {
    let scaled = try Picture(contentsOf: fixture("large.jpg"), shortSide: 24)
    #expect(meanDifference(scaled, try Picture(contentsOf: fixture("large24.png"))) < 1)
  }

  /// At 1/2, 1/4 and 1/8 of the size, also of sizes that these do not divide, and with the colors at half or full resolution.
  @Test(arguments: [4, 5, 8, 11, 16]) func reducedPicturesAreThoseOfAFullDecode(factor: Int) throws
  {
    let folder = try ScratchFolder()
    let texture = try Picture(contentsOf: fixture("large.jpg"))
    let odd = texture.cropped(left: 3, top: 1, width: 471, height: 355)
    for path in [
      fixture("large.jpg"), try folder.write(odd.jpegData(quality: 2), to: "odd.jpg"),
    ] {
      let full = try Picture(contentsOf: path)
      let side = full.height / factor
      let reduced = try Picture(contentsOf: path, shortSide: side)
      let expected = Picture.resized(
        [full], left: 0, top: 0, partWidth: full.width, partHeight: full.height,
        width: (full.width * side * 2 + full.height) / (2 * full.height), height: side)[0]
      #expect(reduced.width == expected.width && reduced.height == side)
      #expect(meanDifference(reduced, expected) < 1, "\(path)")
    }
  }

  @Test func reducedPicturesMustBeComplete() throws {
    let folder = try ScratchFolder()
    let bytes = try [UInt8](Data(contentsOf: URL(filePath: fixture("large.jpg"))))
    // The end of the picture's marker, but not of its samples.
    let path = try folder.write(
      Array(bytes.prefix(bytes.count / 2)) + [0xFF, 0xD9], to: "cut.jpg")
    #expect(throws: MediaError.self) { try Picture(contentsOf: path, shortSide: 24) }
  }

  @Test func keepsTheAspectAndRoundsTheLongSide() throws {
    let folder = try ScratchFolder()
    let path = folder.file("a.png")
    try Picture(width: 101, height: 37, red: 9, green: 80, blue: 200).writePNG(to: path)
    let scaled = try Picture(contentsOf: path, shortSide: 16)
    #expect(scaled.width == 44 && scaled.height == 16)
    #expect(Set(scaled.pixels) == [9, 80, 200])
    #expect(try Picture(contentsOf: path, shortSide: 100).width == 273)
  }

  @Test func scalesByMoreThanSwscalesFiltersHold() throws {
    let folder = try ScratchFolder()
    let path = folder.file("a.png")
    try Picture.pattern(width: 3000, height: 3000).writePNG(to: path)
    let scaled = try Picture(contentsOf: path, shortSide: 10)
    #expect(scaled.width == 10 && scaled.height == 10)
    #expect(abs(scaled.pixel(5, 5)[0] - 135) < 6)
  }

  @Test(arguments: [
    "420.jpg", "progressive.jpg", "rgb.png", "rgb.webp", "rgb.tiff", "rgb.bmp", "tiff-rgb-jpeg.tif",
    "tiff-oldjpeg-444.tif", "tiff-tiles.tif", "tiff-greyalpha-zstd.tif", "heic-rgb.heic",
    "heic-grid-turned.heic", "avif-rgba.avif", "webp-animated-rgb.webp", "tga-rgb.tga",
    "tga-rle.tga",
    "pnm-p6.pnm", "jpeg-ls-grey.jls",
  ])
  func refusesWhatIsCutOff(name: String) throws {
    let bytes = try fixtureBytes(name)
    let folder = try ScratchFolder()
    for share in stride(from: 0.05, to: 1, by: 0.1) {
      let path = try folder.write(Array(bytes.prefix(Int(Double(bytes.count) * share))), to: name)
      let error = errorOfReading(path)
      #expect(error != nil, "\(name) read up to \(share)")
      #expect(error.map { $0.description.hasPrefix(path + " ") } ?? true)
    }
  }

  @Test func refusesAJPEGWithoutItsLastScan() throws {
    // A progressive JPEG can be shown long before it is complete.
    let bytes = try fixtureBytes("progressive.jpg")
    let scans = bytes.indices.filter {
      $0 + 1 < bytes.count && bytes[$0] == 0xFF && bytes[$0 + 1] == 0xDA
    }
    let folder = try ScratchFolder()
    let path = try folder.write(Array(bytes.prefix(try #require(scans.last))), to: "a.jpg")
    #expect(errorOfReading(path)?.problem.contains("truncated or damaged") == true)
  }

  @Test func errorsDescribeBadFiles() throws {
    let folder = try ScratchFolder()
    let text = try folder.write(Array("This is not a picture at all.\n".utf8), to: "text.jpg")
    #expect(errorOfReading(text)?.reason == .unrecognized)
    let empty = try folder.write([], to: "empty.jpg")
    #expect(errorOfReading(empty)?.description == "\(empty) is empty")
    for name in ["pointer.jpg", "pointer.mp4"] {
      let pointer = try folder.write(
        "version https://git-lfs.github.com/spec/v1\noid sha256:0f\nsize 12\n", to: name)
      let error = #expect(throws: MediaError.self) {
        _ =
          name.hasSuffix("jpg")
          ? try Picture(contentsOf: pointer) : try Video(contentsOf: pointer).frame(at: 0).picture()
      }
      #expect(error?.problem.hasPrefix("is a Git LFS pointer, not the file itself") == true)
    }
    let missing = folder.file("missing.jpg")
    #expect(errorOfReading(missing)?.reason == .unreadable)
    #expect(errorOfReading(folder.path)?.description == "\(folder.path) is not a file")
    let tiny = folder.file("tiny.png")
    try Picture(width: 1, height: 1, red: 1, green: 2, blue: 3).writePNG(to: tiny)
    #expect(errorOfReading(tiny)?.problem.hasPrefix("is 1x1 pixels") == true)
    let strip = folder.file("strip.png")
    try Picture(width: 10, height: 4000, red: 1, green: 2, blue: 3).writePNG(to: strip)
    #expect(errorOfReading(strip, shortSide: 320)?.reason == .unsuitableSize)
  }

  /// Intact files of unsupported kinds: the error does not call them damaged, and it says what to do.
  @Test(arguments: [
    ("jpeg-arithmetic.jpg", "it uses arithmetic coding"),
    ("jpeg-ls.jls", "lacks it"),
    ("tiff-float.tif", "32-bit samples"),
    ("tiff-signed.tif", "its samples are signed numbers"),
    ("tiff-greyalphaplanes.tif", "alpha of its own plane"),
    ("avif-grid-unknown.avif", "it has the property 'iscl'"),
  ])
  func saysWhatThisBuildCannotRead(name: String, problem: String) throws {
    let error = try #require(errorOfReading(fixture(name)))
    #expect(error.reason == .unrecognized)
    #expect(error.problem.contains("that this build cannot read"))
    #expect(error.problem.contains(problem), "\(error)")
    #expect(error.problem.hasSuffix("convert it to PNG or plain JPEG"))
  }

  /// The box with the size and the layout of a grid may contain any numbers.
  @Test func refusesAbsurdSizesOfHEIFAndTIFF() throws {
    let folder = try ScratchFolder()
    for name in ["heic-rgb.heic", "avif-grid-cut.avif"] {
      let bytes = try fixtureBytes(name)
      let sizes = bytes.indices.dropLast(20).filter {
        bytes[$0..<$0 + 4].elementsEqual(Array("ispe".utf8))
      }
      for place in sizes {
        var bomb = bytes
        bomb.replaceSubrange(
          place + 8..<place + 16, with: [0x7F, 0xFF, 0xFF, 0xFF, 0, 0, 0xFF, 0xFF])
        #expect(errorOfReading(try folder.write(bomb, to: name))?.reason == .unsuitableSize)
      }
    }
    // Width and height (tags 256 and 257) of a TIFF that libtiff reads.
    for name in ["tiff-rgb-jpeg.tif", "tiff-tiles.tif"] {
      var bytes = try fixtureBytes(name)
      for tag: UInt8 in [0, 1] {
        let place = try #require(
          bytes.indices.dropLast(12).last {
            bytes[$0] == tag && bytes[$0 + 1] == 1 && [3, 4].contains(bytes[$0 + 2])
              && bytes[$0 + 3] == 0 && bytes[$0 + 4] == 1
          })
        bytes.replaceSubrange(place + 2..<place + 4, with: [4, 0])
        bytes.replaceSubrange(place + 8..<place + 12, with: [0xFF, 0xFF, 0xFF, 0x7F])
      }
      #expect(errorOfReading(try folder.write(bytes, to: name))?.reason == .unsuitableSize)
    }
  }

  /// The frame of an animation is fitted into the checked size, regardless of later chunks.
  @Test func refusesAWebPThatChangesItsSize() throws {
    let folder = try ScratchFolder()
    let bytes = try fixtureBytes("webp-animated-offset.webp")
    let size = 18
    let chunk = Array(bytes[12..<12 + size])
    #expect(chunk.starts(with: Array("VP8X".utf8)))
    let huge = chunk.prefix(12) + [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]
    let bomb = Array(bytes[..<12]) + huge + Array(bytes[(12 + size)...]) + chunk
    #expect(
      errorOfReading(try folder.write(withLength(bomb), to: "bomb.webp"))?.reason
        == .unsuitableSize)
    // A second chunk with the same size is harmless.
    #expect(errorOfReading(try folder.write(withLength(bytes + chunk), to: "twice.webp")) == nil)

    func withLength(_ file: [UInt8]) -> [UInt8] {
      let length = file.count - 8
      return file[..<4] + (0..<4).map { UInt8(length >> (8 * $0) & 255) } + file[8...]
    }
  }

  /// A file of another kind with a picture's name is not a TGA, which has no signature.
  @Test func recognizesOnlyTGAFilesAsTGA() throws {
    let folder = try ScratchFolder()
    let text = try folder.write(
      Array("This is not a picture at all, by far.\n".utf8), to: "text.tga")
    #expect(errorOfReading(text)?.reason == .unrecognized)
    let other = try folder.write(try fixtureBytes("rgb.png"), to: "png.tga")
    #expect(errorOfReading(other) == nil)
  }

  @Test func refusesAbsurdSizesBeforeTakingMemory() throws {
    let folder = try ScratchFolder()
    var png = try fixtureBytes("rgb.png")
    png.replaceSubrange(16..<24, with: [0, 0, 0xFF, 0xFF, 0, 0, 0xFF, 0xFF])
    let bomb = try folder.write(png, to: "bomb.png")
    #expect(errorOfReading(bomb)?.problem.contains("65535x65535") == true)
    var jpeg = try fixtureBytes("420.jpg")
    let frame = try #require(
      jpeg.indices.first { jpeg[$0] == 0xFF && jpeg[$0 + 1] == 0xC0 })
    jpeg.replaceSubrange(frame + 5..<frame + 9, with: [0xFF, 0xFF, 0xFF, 0xFF])
    #expect(errorOfReading(try folder.write(jpeg, to: "bomb.jpg"))?.reason == .unsuitableSize)
    var gif = try fixtureBytes("palette.gif")
    gif.replaceSubrange(6..<10, with: [0xFF, 0xFF, 0xFF, 0xFF])
    #expect(errorOfReading(try folder.write(gif, to: "bomb.gif")) != nil)
  }

  @Test func survivesMutatedFiles() throws {
    let folder = try ScratchFolder()
    let names = [
      "420.jpg", "progressive.jpg", "cmyk.jpg", "orientation6.jpg", "rgb.png", "palettealpha.png",
      "rgb.webp", "lossy.webp", "orientation6.tiff", "rgb.bmp", "palette.gif", "tiff-rgb-jpeg.tif",
      "tiff-oldjpeg-420.tif", "tiff-tiles.tif", "tiff-big.tif", "heic-rgba.heic",
      "heic-grid-cut.heic",
      "avif-grid-turned.avif", "webp-animated-offset.webp", "tga-rle.tga", "tga-palette.tga",
      "pnm-p1.pbm", "png-grey2-key3.png", "jpeg-ls-grey.jls",
    ]
    for (number, name) in names.enumerated() {
      let bytes = try fixtureBytes(name)
      for round in 0..<40 {
        var random = KeyedGenerator(1, UInt64(number), UInt64(round))
        let path = try folder.write(mutated(bytes, &random), to: name)
        // Any error is accepted; a picture that is read must have the requested size.
        guard let picture = try? Picture(contentsOf: path, shortSide: 16) else { continue }
        #expect(min(picture.width, picture.height) == 16)
      }
    }
  }

  @Test func cropsRectangles() {
    let picture = Picture.pattern(width: 20, height: 12)
    let crop = picture.cropped(left: 3, top: 2, width: 9, height: 7)
    #expect(crop.width == 9 && crop.height == 7)
    for (x, y) in [(0, 0), (8, 6), (4, 3)] {
      #expect(crop.pixel(x, y) == picture.pixel(x + 3, y + 2))
    }
    #expect(
      picture.cropped(left: 8, top: 0, width: 12, height: 12).pixel(11, 11) == picture.pixel(19, 11)
    )
  }

  @Test(.enabled(if: shared("data") != nil, "needs the photos of ../shared/data"))
  func decodesEveryRealPhoto() throws {
    let photos = realFiles("photos", .picture)
    #expect(photos.count >= 500)
    for path in photos {
      let picture = try Picture(contentsOf: path, shortSide: 96)
      #expect(min(picture.width, picture.height) == 96)
    }
  }
}

/// Changes, removes or duplicates a few bytes.
func mutated(_ bytes: [UInt8], _ random: inout KeyedGenerator) -> [UInt8] {
  var bytes = bytes
  for _ in 0..<1 + random.integer(below: 8) where bytes.count > 16 {
    let at = random.integer(below: bytes.count)
    switch random.integer(below: 8) {
    case 0: bytes.removeSubrange(at..<min(at + 1 + random.integer(below: 40), bytes.count))
    case 1: bytes.insert(contentsOf: bytes[at..<min(at + 20, bytes.count)], at: at)
    case 2: bytes[at] = 0xFF
    case 3: bytes[at] = 0
    default: bytes[at] = UInt8(truncatingIfNeeded: random.next())
    }
  }
  return bytes
}
