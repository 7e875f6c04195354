import Foundation
import KeyedRandom
import Media
import TestSupport
import Testing
import VideoData
import VideoSamples

@Suite struct StillTests {
  let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  /// Pictures that are wider, higher, smaller and larger than the requested size, which is not square.
  @Test(arguments: [(24, 20), (20, 24), (9, 8), (300, 40), (40, 300), (64, 64), (17, 16), (8, 8)])
  func stillsHaveTheSizeAsked(width: Int, height: Int) throws {
    let source = VideoSource.picture(
      path: try folder.picture("\(width)x\(height).png", width: width, height: height))
    for (wantedHeight, wantedWidth) in [(16, 16), (16, 31), (31, 16), (8, 9)] {
      for rule in [
        SampleRule.centerStill(height: wantedHeight, width: wantedWidth),
        .randomStill(height: wantedHeight, width: wantedWidth),
      ] {
        let still = try self.still(source, rule)
        #expect(still.height == wantedHeight && still.width == wantedWidth)
        #expect(still.pixels.count == wantedHeight * wantedWidth * 3)
      }
    }
  }

  private func still(_ source: VideoSource, _ rule: SampleRule, key: UInt64 = 1) throws
    -> Picture
  {
    var generator = KeyedGenerator(key)
    return try source.clips(rule, using: &generator)[0].pictures[0]
  }

  @Test func deadLeavesHaveTheSizeAskedAndDifferByIndex() throws {
    let middle = SampleRule.centerStill(height: 24, width: 33)
    let stills = try (0..<3).map { try still(.deadLeaves(index: $0), middle) }
    #expect(stills.allSatisfy { $0.height == 24 && $0.width == 33 })
    #expect(stills[0] != stills[1] && stills[1] != stills[2])
    #expect(try still(.deadLeaves(index: 1), middle) == stills[1])
  }

  @Test func placesAreDrawnFromTheKey() throws {
    let source = VideoSource.picture(path: try folder.picture("wide.png", width: 200, height: 20))
    func still(_ key: UInt64) throws -> Picture {
      try self.still(source, .randomStill(height: 16, width: 16), key: key)
    }
    #expect(try still(1) == still(1))
    let places = try (0..<40).map { try still($0).pixels }
    #expect(Set(places).count > 30)
  }

  /// A frame from each third of the video occurs, and a center still takes the middle.
  @Test func videosGiveFramesOfAllTimes() throws {
    let path = folder.file("v.mp4")
    let levels: [UInt8] = [20, 60, 100, 140, 180, 220]
    try MP4Writer.write(
      levels.map { Picture(width: 32, height: 32, pixels: [UInt8](repeating: $0, count: 3072)) },
      to: path, framesPerSecond: 6)
    func level(_ rule: SampleRule, key: UInt64 = 0) throws -> Int {
      Int(try still(.video(path: path), rule, key: key).pixels[0])
    }
    let random = SampleRule.randomStill(height: 16, width: 16)
    let met = Set(try (0..<60).map { try (level(random, key: $0) + 20) / 40 })
    #expect(met == Set(1...6))
    #expect(try abs(level(.centerStill(height: 16, width: 16)) - 140) < 8)
  }
}

private func sample(_ item: Int) -> SampleID { .training(seed: 3, epoch: 0, source: item) }

@Suite struct StillSampleTests {
  let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  /// Collects reports from all threads.
  final class Reports: @unchecked Sendable {
    private let lock = NSLock()
    private var all: [SampleLoader.SkippedSource] = []
    func add(_ report: SampleLoader.SkippedSource) { lock.withLock { all.append(report) } }
    var paths: [String] { lock.withLock { all.map(\.source.description) } }
  }

  /// Good pictures, with several kinds of bad ones among them.
  private func mixture() throws -> (sources: [VideoSource], bad: [String]) {
    var sources: [VideoSource] = []
    var bad: [String] = []
    for index in 0..<12 {
      sources.append(
        .picture(path: try folder.picture("good\(index).png", width: 20 + index, height: 30)))
      guard index % 3 == 0 else { continue }
      bad.append(
        index % 2 == 0
          ? try folder.write("no picture", to: "bad\(index).jpg")
          : folder.path + "/gone\(index).png")
      sources.append(.picture(path: bad.last!))
    }
    return (sources, bad)
  }

  /// The stills of `count` samples from a prefetcher, with delays that shuffle the threads.
  private func stills(
    _ sources: [VideoSource], workers: Int, count: Int, reports: Reports = Reports()
  )
    throws -> [Picture]
  {
    let loader = loader(sources, reports)
    let prefetcher = Prefetcher(count: count, workers: workers, ahead: 7) { item in
      if workers > 1 { delay(item, below: 1500) }
      return try loader.sample(sample(item), of: item % sources.count).clips[0].pictures[0]
    }
    var found: [Picture] = []
    while let still = try prefetcher.next() { found.append(still) }
    return found
  }

  private func loader(_ sources: [VideoSource], _ reports: Reports = Reports()) -> SampleLoader {
    SampleLoader(sources, rule: .randomStill(height: 16, width: 16)) { reports.add($0) }
  }

  @Test func threadsChangeNothing() throws {
    let (sources, bad) = try mixture()
    let one = try stills(sources, workers: 1, count: 200)
    let reports = Reports()
    let four = try stills(sources, workers: 4, count: 200, reports: reports)
    #expect(one.count == 200)
    #expect(one == four)
    #expect(reports.paths.sorted() == bad.sorted())
  }

  /// A folder of frames with a damaged one is unreadable only at some times. The other frames do not change, whichever
  /// reads met the damaged one before: otherwise, a resumed run would see other pictures.
  @Test func earlierFailuresChangeNothing() throws {
    for frame in 0..<8 { try folder.picture("frames/f\(frame).png", level: UInt8(frame * 30)) }
    try folder.write("torn", to: "frames/f3.png")
    let sources: [VideoSource] = [
      .frameFolder(path: folder.path + "/frames", framesPerSecond: 25),
      .picture(path: try folder.picture("other.png", level: 255)),
    ]
    let inOrder = try stills(sources, workers: 1, count: 80)
    let reports = Reports()
    let loader = loader(sources, reports)
    for item in (0..<80).reversed() {
      let again = try loader.sample(sample(item), of: item % 2).clips[0].pictures[0]
      #expect(again == inOrder[item])
    }
    #expect(reports.paths == [folder.path + "/frames"])
    // Later frames of the folder were still used after the first damaged one.
    #expect(Set(inOrder.map { $0.pixels[0] }).count >= 7)
  }

  @Test func reasonsNameTheFile() throws {
    let (sources, bad) = try mixture()
    let loader = loader(sources)
    for index in sources.indices { _ = try loader.sample(sample(1), of: index) }
    #expect(loader.skippedSources.map(\.source.description) == bad)
    #expect(
      loader.skippedIndices == sources.indices.filter { bad.contains(sources[$0].description) })
    for skipped in loader.skippedSources {
      #expect(skipped.reason.contains(skipped.source.description))
    }
    #expect(loader.sampleIfReadable(.validation(index: 0), of: loader.skippedIndices[0]) == nil)
    #expect(loader.sampleIfReadable(.validation(index: 0), of: 0) != nil)
  }

  /// Replacements are spread over the good sources and are not always the next one.
  @Test func replacementsAreSpread() throws {
    let (sources, _) = try mixture()
    let loader = loader(sources)
    let replaced = try (0..<40).map { try loader.sample(sample($0), of: 1).clips[0].pixels }
    #expect(Set(replaced).count > 5)
  }

  @Test func noUsableSourceSaysWhy() throws {
    let path = try folder.write("", to: "empty.jpg")
    let sources: [VideoSource] = [.picture(path: path), .picture(path: folder.path + "/gone.png")]
    let loader = loader(sources)
    do {
      _ = try loader.sample(sample(0), of: 0)
      Issue.record("a still of nothing")
    } catch {
      #expect("\(error)".hasPrefix("none of the 2 sources can be used; the first: "))
      #expect("\(error)".contains(path))
    }
  }
}
