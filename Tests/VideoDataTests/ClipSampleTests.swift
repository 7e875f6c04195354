import Foundation
import KeyedRandom
import Media
import TestSupport
import Testing
import VideoData
import VideoSamples

private func sample(_ item: Int, seed: UInt64) -> SampleID {
  .training(seed: seed, epoch: 0, source: item)
}

@Suite struct ClipSampleTests {
  let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  /// Collects reports from all threads.
  final class Reports: @unchecked Sendable {
    private let lock = NSLock()
    private var all: [SampleLoader.SkippedSource] = []
    func add(_ report: SampleLoader.SkippedSource) { lock.withLock { all.append(report) } }
    var paths: [String] { lock.withLock { all.map(\.source.path) } }
  }

  static let sampling = ClipSampling(frames: 6, interval: 3, targetRate: 20)

  /// Moving textures, 40 pixels high; each frame is brighter than the previous one.
  private func video(
    _ name: String, frames: Int = 40, rate: Double = 20, width: Int = 56, seed: UInt64 = 0
  ) throws -> String {
    let path = folder.file(name)
    let pictures = (0..<frames).map { n in
      Picture(
        width: width, height: 40,
        pixels: (0..<40 * width).flatMap { index -> [UInt8] in
          let wave = (index % width + 2 * n) / 8 % 2 * 30 + index / width % 10 + Int(seed) * 5
          return [UInt8(20 + 2 * n + wave), UInt8(40 + wave), UInt8(60 + 2 * wave)]
        })
    }
    try MP4Writer.write(pictures, to: path, framesPerSecond: rate, keyframeInterval: 9)
    return path
  }

  /// Good videos and folders of frames, with several kinds of bad ones among them.
  private func mixture() throws -> (footage: [VideoSource], bad: [String]) {
    var (footage, bad): ([VideoSource], [String]) = ([], [])
    for index in 0..<5 {
      let name = "good\(index).mp4"
      let path = try video(name, rate: [20, 12.5, 30][index % 3], seed: UInt64(index))
      footage.append(.video(path: path))
    }
    for n in 0..<20 { try folder.picture("frames/f\(n).png", width: 50, height: 40) }
    footage.append(.frameFolder(path: folder.path + "/frames", framesPerSecond: 10))
    bad.append(try folder.write("no video", to: "bad.mp4"))
    bad.append(folder.path + "/gone.mp4")
    bad.append(folder.file("none") + "/frames")
    footage.insert(.video(path: bad[0]), at: 1)
    footage.insert(.video(path: bad[1]), at: 3)
    footage.append(.frameFolder(path: bad[2], framesPerSecond: 5))
    return (footage, bad)
  }

  private func clips(
    _ footage: [VideoSource], workers: Int, count: Int, preset: SpatialPreset = .paper,
    cacheBytes: Int = 0, reports: Reports = Reports()
  ) throws -> [ClipPixels] {
    let loader = SampleLoader(footage, rule: rule(preset), cacheBytes: cacheBytes) {
      reports.add($0)
    }
    let prefetcher = Prefetcher(count: count, workers: workers, ahead: 7) { item in
      if workers > 1 { delay(item, below: 1500) }
      return try loader.sample(sample(item, seed: 3), of: item % footage.count)
    }
    var found: [ClipPixels] = []
    while let item = try prefetcher.next() {
      // Labels are those of the video from which the clip was actually read.
      #expect(!loader.skippedIndices.contains(item.source))
      found.append(item.clips[0])
    }
    return found
  }

  private func rule(_ preset: SpatialPreset) -> SampleRule {
    TrainingClips(Self.sampling, preset: preset, side: 24).rule
  }

  @Test(arguments: SpatialPreset.allCases)
  func threadsAndCacheChangeNothing(preset: SpatialPreset) throws {
    let (footage, bad) = try mixture()
    let one = try clips(footage, workers: 1, count: 60, preset: preset)
    #expect(one.allSatisfy { $0.frames == 6 && $0.height == 24 && $0.width == 24 })
    #expect(Set(one.map(\.pixels)).count > 50)
    let reports = Reports()
    #expect(
      try clips(footage, workers: 4, count: 60, preset: preset, reports: reports) == one)
    #expect(reports.paths.sorted() == bad.sorted())
    // Enough memory for all, for some and for none.
    for cacheBytes in [1 << 30, 700_000, 1000] {
      let found = try clips(
        footage, workers: 3, count: 60, preset: preset, cacheBytes: cacheBytes)
      #expect(found == one, "\(cacheBytes) bytes")
    }
  }

  /// Damage in a part of a video affects only some clips, with the same result whether it is cached or not, and
  /// regardless of earlier reads.
  @Test func damageInAVideoAffectsOnlyItsPart() throws {
    let whole = try video("whole.mp4", frames: 60)
    let bytes = try Data(contentsOf: URL(fileURLWithPath: whole))
    let cut = folder.file("cut.mp4")
    try bytes.prefix(bytes.count * 3 / 4).write(to: URL(fileURLWithPath: cut))
    let footage: [VideoSource] = [.video(path: cut), .video(path: try video("other.mp4", seed: 3))]
    let reports = Reports()
    func items(cacheBytes: Int, order: [Int]) throws -> [Int: (ClipPixels, Int)] {
      let loader = SampleLoader(footage, rule: rule(.released), cacheBytes: cacheBytes) {
        reports.add($0)
      }
      return Dictionary(
        uniqueKeysWithValues: try order.map { item in
          let loaded = try loader.sample(sample(item, seed: 7), of: 0)
          return (item, (loaded.clips[0], loaded.source))
        })
    }
    let forth = try items(cacheBytes: 0, order: Array(0..<40))
    let back = try items(cacheBytes: 1 << 30, order: (0..<40).reversed())
    for item in 0..<40 {
      #expect(forth[item]!.0 == back[item]!.0 && forth[item]!.1 == back[item]!.1)
    }
    #expect(Set(forth.values.map(\.1)) == [0, 1])
    #expect(reports.paths == [cut, cut])
  }

  @Test func noUsableFootageSaysWhy() throws {
    let path = try folder.write("", to: "empty.mp4")
    let loader = SampleLoader(
      [.video(path: path), .video(path: folder.path + "/gone.mp4")], rule: rule(.paper))
    do {
      _ = try loader.sample(sample(0, seed: 0), of: 0)
      Issue.record("a clip of nothing")
    } catch {
      #expect("\(error)".hasPrefix("none of the 2 sources can be used; the first: \(path)"))
    }
    // The whole folder may be back later: nothing counts as skipped.
    #expect(loader.skippedIndices.isEmpty)
  }

  /// The making of a clip, step by step.
  @Test func aTrainingClipIsTheCropOfTheFramesAtItsTimes() throws {
    let path = try video("v.mp4")
    let loader = SampleLoader([.video(path: path)], rule: rule(.released))
    var all: [Picture] = []
    var frames = try Video(contentsOf: path).frames()
    while let frame = try frames.next() { all.append(try frame.picture(shortSide: 48)) }
    for item in 0..<10 {
      let clip = try loader.sample(sample(item, seed: 5), of: 0).clips[0]
      // The stream for loading, the epoch, the sample, the first attempt.
      var generator = KeyedGenerator(5, 1, 0, UInt64(item), 0)
      let start = generator.uniform() * (39 / 20.0 - 5 * 0.15)
      let shown = (0..<6).map { all[Int((start * 20 + 3 * Double($0) + 1e-3).rounded(.down))] }
      let crop = SpatialPreset.released.trainingCrop(
        width: all[0].width, height: all[0].height, side: 24, using: &generator)
      #expect(clip == ClipPixels(shown, crop: crop, height: 24, width: 24))
    }
  }

  @Test func mirroringTurnsRowsAround() throws {
    let picture = Picture(width: 30, height: 26, pixels: (0..<2340).map { UInt8($0 % 251) })
    var crop = SpatialPreset.Crop(left: 3, top: 1, width: 24, height: 24)
    let plain = ClipPixels([picture, picture], crop: crop, height: 24, width: 24)
    crop.isMirrored = true
    let mirrored = ClipPixels([picture, picture], crop: crop, height: 24, width: 24)
    for frame in 0..<2 {
      for (y, x) in [(0, 0), (5, 20), (23, 11)] {
        for channel in 0..<3 {
          let at = ((frame * 24 + y) * 24 + x) * 3 + channel
          #expect(plain.pixels[at] == picture.pixels[((y + 1) * 30 + x + 3) * 3 + channel])
          #expect(plain.pixels[at] == mirrored.pixels[at + 3 * (23 - 2 * x)])
        }
      }
    }
  }

  /// Each clip of the single pass equals that of a separate pass; short videos repeat their last frame.
  @Test(arguments: SpatialPreset.allCases)
  func testClipsOfOnePassEqualThoseReadAlone(preset: SpatialPreset) throws {
    let paths = [
      try video("long.mp4", frames: 58), try video("short.mp4", frames: 5),
      try video("high.mp4", width: 40),
    ]
    func test(_ path: String, clips: Int, crops: Int) throws -> [ClipPixels] {
      try VideoSource.video(path: path).clips(
        TestClips(Self.sampling, preset: preset, side: 24, clips: clips, crops: crops))
    }
    for path in paths {
      let clips = try test(path, clips: 10, crops: 3)
      #expect(clips.count == 30)
      let starts = Self.sampling.testStarts(
        clips: 10, lastFrameTime: try Video(contentsOf: path).lastFrameTime)
      for (clip, start) in starts.enumerated() {
        let frames = try Video(contentsOf: path).pictures(
          shownAt: Self.sampling.times(from: start),
          shortSide: preset.testShortSide(side: 24))
        let crops = SpatialPreset.testCrops(
          width: frames[0].width, height: frames[0].height, side: 24, crops: 3)
        for (place, crop) in crops.enumerated() {
          #expect(clips[clip * 3 + place] == ClipPixels(frames, crop: crop, height: 24, width: 24))
        }
      }
      #expect(
        try test(path, clips: 10, crops: 1).elementsEqual(
          stride(from: 1, to: 30, by: 3).map { clips[$0] }))
    }
    let short = try test(paths[1], clips: 1, crops: 1)[0].pixels
    let size = 24 * 24 * 3
    #expect(short[2 * size..<3 * size] == short[5 * size..<6 * size])
    #expect(short[0..<size] != short[5 * size..<6 * size])
  }

  @Test func testClipsOfABadVideoThrow() throws {
    let (footage, bad) = try mixture()
    let test = TestClips(Self.sampling, preset: .paper, side: 24, clips: 2)
    for video in footage {
      if bad.contains(video.path) {
        #expect(throws: MediaError.self) { try video.clips(test) }
      } else {
        #expect(try video.clips(test).count == 2)
      }
    }
  }
}
