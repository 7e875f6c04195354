import Foundation
import KeyedRandom
import Media
import Testing
import VideoData

@Suite struct StillTests {
  let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  /// Pictures wider, higher, smaller and larger than what is asked, which is no square either.
  @Test(arguments: [(24, 20), (20, 24), (9, 8), (300, 40), (40, 300), (64, 64), (17, 16), (8, 8)])
  func stillsHaveTheSizeAsked(width: Int, height: Int) throws {
    let source = Source.picture(
      path: try folder.picture("\(width)x\(height).png", width: width, height: height))
    for (wantedHeight, wantedWidth) in [(16, 16), (16, 31), (31, 16), (8, 9)] {
      for place in [Source.Place.centre, .random(KeyedGenerator(1))] {
        let still = try source.still(height: wantedHeight, width: wantedWidth, place: place)
        #expect(still.height == wantedHeight && still.width == wantedWidth)
        #expect(still.pixels.count == wantedHeight * wantedWidth * 3)
      }
    }
  }

  @Test func deadLeavesHaveTheSizeAskedAndDifferByIndex() throws {
    let stills = try (0..<3).map {
      try Source.deadLeaves(index: $0).still(height: 24, width: 33, place: .centre)
    }
    #expect(stills.allSatisfy { $0.height == 24 && $0.width == 33 })
    #expect(stills[0] != stills[1] && stills[1] != stills[2])
    #expect(
      try Source.deadLeaves(index: 1).still(height: 24, width: 33, place: .centre) == stills[1])
  }

  @Test func placesAreDrawnFromTheKey() throws {
    let source = Source.picture(path: try folder.picture("wide.png", width: 200, height: 20))
    func still(_ key: UInt64) throws -> Picture {
      try source.still(height: 16, width: 16, place: .random(KeyedGenerator(key)))
    }
    #expect(try still(1) == still(1))
    let places = try (0..<40).map { try still($0).pixels }
    #expect(Set(places).count > 30)
  }

  /// A frame of each third of the video is met, and the middle is what `centre` takes.
  @Test func videosGiveFramesOfAllTimes() throws {
    let path = try folder.file("v.mp4")
    let levels: [UInt8] = [20, 60, 100, 140, 180, 220]
    try MP4Writer.write(
      levels.map { Picture(width: 32, height: 32, pixels: [UInt8](repeating: $0, count: 3072)) },
      to: path, framesPerSecond: 6)
    func level(_ place: Source.Place) throws -> Int {
      Int(try Source.video(path: path).still(height: 16, width: 16, place: place).pixels[0])
    }
    let met = Set(try (0..<60).map { try (level(.random(KeyedGenerator($0))) + 20) / 40 })
    #expect(met == Set(1...6))
    #expect(try abs(level(.centre) - 140) < 8)
  }
}

@Suite struct StillLoaderTests {
  let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  /// Collects reports from all threads.
  final class Reports: @unchecked Sendable {
    private let lock = NSLock()
    private var all: [StillLoader.BadSource] = []
    func add(_ report: StillLoader.BadSource) { lock.withLock { all.append(report) } }
    var paths: [String] { lock.withLock { all.map(\.source.description) } }
  }

  /// Good pictures, and bad ones of several kinds among them.
  private func mixture() throws -> (sources: [Source], bad: [String]) {
    var sources: [Source] = []
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

  /// The stills of `count` samples through a prefetcher, with delays that shuffle the threads.
  private func stills(_ sources: [Source], workers: Int, count: Int, reports: Reports = Reports())
    throws -> [Picture]
  {
    let loader = StillLoader(sources: sources, height: 16, width: 16) { reports.add($0) }
    let prefetcher = Prefetcher(count: count, workers: workers, ahead: 7) { item in
      if workers > 1 { delay(item, below: 1500) }
      return try loader.still(ofSource: item % sources.count, key: [3, UInt64(item)])
    }
    var found: [Picture] = []
    while let still = try prefetcher.next() { found.append(still) }
    return found
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

  /// A folder of frames of which one is torn is bad at some times only. Whoever met the torn frame before, in
  /// whatever order, the others stay what they are: else a resumed run would see other pictures.
  @Test func whatFailedBeforeChangesNothing() throws {
    for frame in 0..<8 { try folder.picture("frames/f\(frame).png", level: UInt8(frame * 30)) }
    try folder.write("torn", to: "frames/f3.png")
    let sources: [Source] = [
      .frameFolder(path: folder.path + "/frames"),
      .picture(path: try folder.picture("other.png", level: 255)),
    ]
    let inOrder = try stills(sources, workers: 1, count: 80)
    let reports = Reports()
    let loader = StillLoader(sources: sources, height: 16, width: 16) { reports.add($0) }
    for item in (0..<80).reversed() {
      #expect(try loader.still(ofSource: item % 2, key: [3, UInt64(item)]) == inOrder[item])
    }
    #expect(reports.paths == [folder.path + "/frames"])
    // Frames after the first torn one were still taken from the folder.
    #expect(Set(inOrder.map { $0.pixels[0] }).count >= 7)
  }

  @Test func reasonsNameTheFile() throws {
    let (sources, bad) = try mixture()
    let loader = StillLoader(sources: sources, height: 16, width: 16) { _ in }
    for index in sources.indices { _ = try loader.still(ofSource: index, key: [1]) }
    #expect(loader.badSources.map(\.source.description) == bad)
    #expect(loader.badIndices == sources.indices.filter { bad.contains(sources[$0].description) })
    for bad in loader.badSources { #expect(bad.reason.contains(bad.source.description)) }
    #expect(loader.centreStill(ofSource: loader.badIndices[0]) == nil)
    #expect(loader.centreStill(ofSource: 0) != nil)
  }

  /// Replacements are spread over the good sources, not always the next one.
  @Test func replacementsAreSpread() throws {
    let (sources, _) = try mixture()
    let loader = StillLoader(sources: sources, height: 16, width: 16) { _ in }
    let replaced = try (0..<40).map { try loader.still(ofSource: 1, key: [UInt64($0)]).pixels }
    #expect(Set(replaced).count > 5)
  }

  @Test func noUsableSourceSaysWhy() throws {
    let path = try folder.write("", to: "empty.jpg")
    let sources: [Source] = [.picture(path: path), .picture(path: folder.path + "/gone.png")]
    let loader = StillLoader(sources: sources, height: 16, width: 16) { _ in }
    do {
      _ = try loader.still(ofSource: 0, key: [0])
      Issue.record("a still of nothing")
    } catch {
      #expect(error is NoUsableSource)
      #expect("\(error)".hasPrefix("none of the 2 sources gives a picture; the first: "))
      #expect("\(error)".contains(path))
    }
  }
}
