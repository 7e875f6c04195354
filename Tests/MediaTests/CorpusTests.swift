import Foundation
import Media
import TestSupport
import Testing

/// Compares each format with another implementation, and each container with a sequential decode, on the files of
/// scripts/media_corpus.py: with `make compare-media`, or if python3 has Pillow.
@Suite(.enabled(if: Corpus.shared != nil, "needs Pillow: make compare-media")) struct CorpusTests {
  @Test func picturesAreThoseOfASecondImplementation() throws {
    let corpus = try #require(Corpus.shared)
    #expect(corpus.pictures.count > 300)
    var (read, refused, worst) = (0, 0, 0)
    for (name, expected) in corpus.pictures.sorted(by: { $0.key < $1.key }) {
      let path = corpus.file(name)
      guard let expected else {
        #expect(errorOfReading(path) != nil, "\(name) is read")
        refused += 1
        continue
      }
      do {
        let picture = try Picture(contentsOf: path)
        let pixels = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path + ".rgb")))
        guard (picture.width, picture.height) == (expected.width, expected.height) else {
          Issue.record("\(name) is \(picture.width)x\(picture.height)")
          continue
        }
        let difference = zip(picture.pixels, pixels).reduce(0) {
          max($0, abs(Int($1.0) - Int($1.1)))
        }
        #expect(difference <= expected.tolerance, "\(name) differs by \(difference)")
        worst = max(worst, difference)
        read += 1
      } catch {
        Issue.record("\(error)")
      }
    }
    print("\(read) pictures read, at most \(worst)/255 off; \(refused) refused, as they must be")
  }

  @Test func videosAreTheirSequentialDecode() throws {
    let corpus = try #require(Corpus.shared)
    for (name, expected) in corpus.videos.sorted(by: { $0.key < $1.key }) {
      let path = corpus.file(name)
      var frames = try Video(contentsOf: path).frames()
      var (numbers, times): ([Int], [Double]) = ([], [])
      while let frame = try frames.next() {
        numbers.append(VideoTests.number(try frame.picture()))
        times.append(frame.time)
      }
      #expect(numbers == Array(0..<expected.frames), "\(name)")
      for (index, time) in times.enumerated() {
        // Containers with a clock in milliseconds round times.
        let off = abs(time - times[0] - Double(index) / expected.rate)
        #expect(off < 2e-3, "\(name): frame \(index) at \(time) s")
      }
      try VideoTests.checkSeeking(path, tries: 25)
      try VideoPicturesTests.checkSpans(path, spans: 4)
    }
    print("\(corpus.videos.count) videos")
  }
}

/// The files of scripts/media_corpus.py.
private struct Corpus: Decodable {
  struct Picture: Decodable {
    let width: Int
    let height: Int
    let tolerance: Int
  }

  struct Video: Decodable {
    let frames: Int
    let rate: Double
  }

  let pictures: [String: Picture?]
  let videos: [String: Video]
  private var folder = ""

  private enum CodingKeys: CodingKey { case pictures, videos }

  func file(_ name: String) -> String { folder + "/" + name }

  /// The files at MOSI_MEDIA_CORPUS, or made here; nil without Pillow.
  static let shared: Corpus? = {
    if let folder = ProcessInfo.processInfo.environment["MOSI_MEDIA_CORPUS"] {
      return try? Corpus(in: folder)
    }
    let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("scripts/media_corpus.py").path
    let folder = NSTemporaryDirectory() + "/mosi-media-corpus"
    guard run(["python3", "-c", "import PIL.AvifImagePlugin, numpy"]),
      run(["python3", script, folder])
    else { return nil }
    return try? Corpus(in: folder)
  }()

  private init(in folder: String) throws {
    let data = try Data(contentsOf: URL(fileURLWithPath: folder + "/corpus.json"))
    self = try JSONDecoder().decode(Corpus.self, from: data)
    self.folder = folder
  }

  private static func run(_ command: [String]) -> Bool {
    let process = try? ChildProcess(
      "/usr/bin/env", command, output: "/dev/null", errors: "/dev/null")
    return process?.wait() == 0
  }
}
