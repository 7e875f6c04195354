import Foundation
import Media
import SafeFiles
import TestSupport
import Testing

/// What lies in the middle of a file decodes as if it were a file of its own.
@Suite struct MediaFileTests {
  let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  /// A copy of the file between bytes that are not its own.
  private func embedded(_ path: String) throws -> MediaFile {
    let content = Array(try readFile(at: path))
    let before = [UInt8](repeating: 0xA7, count: 1111)
    // What follows looks like more of the same.
    let whole = try folder.write(before + content + content.prefix(5000), to: "archive")
    return MediaFile(
      path, in: whole, part: before.count..<(before.count + content.count))
  }

  private func result(_ read: () throws(MediaError) -> Picture) -> Result<Picture, MediaError> {
    do throws(MediaError) { return .success(try read()) } catch { return .failure(error) }
  }

  /// Every fixture, those that are damaged too: the same pixels, or the same complaint.
  @Test func picturesInFilesAreThemselves() throws {
    let names = try names(in: fixture("")).filter { MediaKind(path: $0) == .picture }
    #expect(names.count > 50)
    for name in names {
      let path = fixture(name)
      let part = try embedded(path)
      for shortSide in [nil, 20] {
        let expected = result { () throws(MediaError) in
          try Picture(contentsOf: path, shortSide: shortSide)
        }
        let found = result { () throws(MediaError) in
          try Picture(contentsOf: part, shortSide: shortSide)
        }
        #expect(found == expected, "\(name) at \(shortSide ?? 0)")
      }
    }
  }

  @Test func videosInFilesAreThemselves() throws {
    let names = try names(in: fixture("")).filter { MediaKind(path: $0) == .video }
    #expect(names.count > 15)
    for name in names {
      let path = fixture(name)
      guard let expected = try? Video(contentsOf: path) else { continue }
      let found = try Video(contentsOf: embedded(path))
      #expect(found.duration == expected.duration, "\(name)")
      #expect(found.lastFrameTime == expected.lastFrameTime, "\(name)")
      for fraction in [0, 0.3, 0.9] {
        let wanted = result { () throws(MediaError) in
          try expected.frame(atFraction: fraction, shortSide: 24)
        }
        let picture = result { () throws(MediaError) in
          try found.frame(atFraction: fraction, shortSide: 24)
        }
        #expect(picture == wanted, "\(name) at \(fraction)")
      }
      let times = [0.1, 0.2, expected.lastFrameTime]
      #expect(
        (try? found.pictures(shownAt: times, shortSide: 24))
          == (try? expected.pictures(shownAt: times, shortSide: 24)), "\(name)")
    }
  }

  @Test func partsThatAreNotThereAreErrors() throws {
    let file = try folder.write("content", to: "archive")
    func problem(_ part: Range<Int>, in file: String) -> String {
      complaint { _ = try Picture(contentsOf: MediaFile("a.tar/x.jpg", in: file, part: part)) }
    }
    #expect(problem(3..<8, in: file) == "a.tar/x.jpg is cut off: \(file) ends before it does")
    #expect(problem(3..<3, in: file) == "a.tar/x.jpg is empty")
    #expect(
      problem(0..<1, in: folder.path)
        == "a.tar/x.jpg cannot be read: \(folder.path) is not a file")
    #expect(
      problem(0..<1, in: file + "x") == "a.tar/x.jpg cannot be read: No such file or directory")
    #expect(
      complaint {
        _ = try Video(contentsOf: MediaFile("a.tar/x.mp4", in: file, part: 0..<Int.max))
      } == "a.tar/x.mp4 is cut off: \(file) ends before it does")
  }
}
