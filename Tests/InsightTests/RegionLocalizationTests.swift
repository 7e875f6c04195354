import Configuration
import Foundation
import Insight
import KeyedRandom
import Media
import MoSI
import Pretext
import TestSupport
import Testing
import Torch
import Training
import VideoData
import VideoModels
import VideoSamples

@Suite struct RegionLocalizationTests {
  private let configuration: PretrainingConfiguration = {
    var c = PretrainingConfiguration()
    c.sources.paths = ["synthetic:dead-leaves:10"]
    c.sources.size = 48
    c.sources.validationFraction = 0.3
    c.clip.frames = 4
    c.clip.size = 32
    c.model.width = 4
    return c
  }()

  private func model(_ seed: UInt64) -> VideoClassifier {
    configuration.model.makeModel(head: .pretext, classes: 9, seed: seed)
  }

  private func stills(_ configuration: PretrainingConfiguration, among paths: [String] = []) throws
    -> [Picture]
  {
    try HeldOutStills.load(
      for: configuration, from: paths, limit: 100, workers: 1
    ) { _ in }
  }

  @Test func scoresAreThoseOfEachClipAndRepeatExactly() throws {
    let clips = MaskedClips(configuration.motionTask, stills: try stills(configuration))
    #expect(clips.sourceCount == 3 && clips.labels == Array(0..<8))
    func measure(_ label: HeatLabel) throws -> RegionLocalization {
      try RegionLocalization(
        of: model(1), random: [model(2), model(3)], on: clips, by: .gradCAM(.conv2), label: label,
        device: .cpu)
    }
    let found = try measure(.target)
    #expect(found.sources == 3 && found.clips == 24 && found.random.count == 2)
    // Sides are 0.3 to 0.5 of the clip's side.
    #expect(found.chance > 0.09 && found.chance < 0.25)
    #expect(found.network != found.random[0] && found.random[0] != found.random[1])
    #expect(try measure(.target) == found && measure(.predicted) != found)
    // A head that is dominated by its bias predicts the same label for all clips, which is correct for one of eight.
    let stubborn = model(1)
    stubborn.parameters.last!.tensor.setData(
      Tensor([0, 0, 1e6, 0, 0, 0, 0, 0, 0] as [Float], shape: [9]))
    let biased = try RegionLocalization(
      of: stubborn, random: [], on: clips, by: .gradCAM(.conv2), label: .target, device: .cpu)
    #expect(biased.top1 == 1.0 / 8 && biased.random.isEmpty)
    // A network with random weights is measured like a trained one.
    let other = try RegionLocalization(
      of: model(3), random: [model(1)], on: clips, by: .gradCAM(.conv2), label: .target,
      device: .cpu)
    #expect(other.network == found.random[1] && other.random[0] == found.network)
    // An unmasked pre-training is measured with the paper's squares.
    var plain = configuration
    plain.task.mosi.mask.enabled = false
    let same = MaskedClips(plain.motionTask, stills: try stills(configuration))
    #expect(
      try RegionLocalization(
        of: model(1), random: [model(2), model(3)], on: same, by: .gradCAM(.conv2), label: .target,
        device: .cpu) == found)

    let sheet = try clips.sheet(of: model(1), by: .gradCAM(.conv2), label: .target, device: .cpu)
    #expect(sheet.rows.count == 8 && sheet.rows.allSatisfy { $0.frames.count == 4 })
    #expect(sheet.rows.allSatisfy { $0.outline != nil && $0.motion != nil })
    let folder = try ScratchFolder()
    let result = LocalizationReport(
      weights: "run", maps: .gradCAM(.conv2), label: .target, regions: found, videos: nil,
      sheet: "a.png")
    try result.write(to: folder.path)
    #expect(try LocalizationReport(folder: folder.path) == result)
  }

  /// Measured on the sources that the network was trained on.
  @Test func regionsAndBackgroundsAreThoseOfTheConfiguration() throws {
    var configuration = configuration
    configuration.task.mosi.mask.shape = .polygon
    configuration.task.mosi.mask.background = .drifting
    configuration.task.mosi.augmentation.flips = true
    let clips = MaskedClips(configuration.motionTask, stills: try stills(configuration))
    let found = try RegionLocalization(
      of: model(1), random: [], on: clips, by: .gradCAM(.conv2), label: .target, device: .cpu)
    #expect(found.chance > 0.09 && found.chance < 0.25)
    let sheet = try clips.sheet(of: model(1), by: .gradCAM(.conv2), label: .target, device: .cpu)
    let corners = sheet.rows.map { $0.outline!.count }
    #expect(corners.allSatisfy { (3...8).contains($0) } && Set(corners).count > 1)
  }

  @Test func divergedNetworksAreReportedNotMeasured() throws {
    let clips = MaskedClips(configuration.motionTask, stills: try stills(configuration))
    let model = model(1)
    model.parameters.last!.tensor.setData(.full([9], .nan))
    #expect(throws: DivergedNetwork.self) {
      try RegionLocalization(
        of: model, random: [], on: clips, by: .gradCAM(.conv2), label: .target, device: .cpu)
    }
  }

  /// Sources that a network was trained on say nothing about others.
  @Test func trainingSourcesAreSkipped() throws {
    let heldOut = try stills(configuration)
    #expect(heldOut.count == 3)
    #expect(try stills(configuration, among: ["synthetic:dead-leaves:12"]).count == 5)
    var greedy = configuration
    greedy.sources.validationFraction = 0
    #expect(throws: NothingUnseen.nothingHeldOut) { try stills(greedy) }
    #expect(throws: NothingUnseen.allTrainedOn) {
      try stills(greedy, among: ["synthetic:dead-leaves:7"])
    }
    let few = try HeldOutStills.load(
      for: greedy, from: ["synthetic:dead-leaves:40"], limit: 2, workers: 2
    ) { _ in }
    #expect(few.count == 2 && few[0] != few[1])
  }
}

@Suite struct LocalizationReportTests {
  /// Reports of earlier versions, with other keys and another name of the label, can be read.
  @Test func reportsOfEarlierVersionsAreRead() throws {
    let folder = NSTemporaryDirectory() + "old-localization-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let scores = #"""
      {"energyInside": {"mean": 0.5, "standardError": 0.1}, "pointing": {"mean": 0.25}, "overlap": {"mean": 0.2},
       "threshold": 0.35, "emptyMaps": 2}
      """#
    let old = #"""
      {"weights": "run", "layer": "conv4", "label": "true", "sheet": "localization.png",
       "squares": {"sources": 3, "clips": 24, "chance": 0.16, "network": \#(scores), "random": [\#(scores)],
                   "top1": 0.75},
       "videos": {"videos": 2, "clips": 4, "network": {"mean": 0.3, "standardError": 0.01},
                  "random": {"values": [0.1, 0.3], "mean": 0.2, "deviation": 0.14},
                  "leftOut": [{"video": "a.mp4", "reason": "does not move"}]}}
      """#
    try Data(old.utf8).write(to: URL(fileURLWithPath: "\(folder)/localization.json"))
    let report = try LocalizationReport(folder: folder)
    #expect(report.maps == .gradCAM(.conv4) && report.label == .target)
    #expect(report.regions?.network.energyInside.standardError == 0.1)
    #expect(report.regions?.random[0].emptyMaps == 2 && report.regions?.clips == 24)
    #expect(report.videos?.random.values == [0.1, 0.3])
    #expect(report.videos?.skipped.map(\.video) == ["a.mp4"])
    // Written again, it is the same report with the current names.
    try report.write(to: folder)
    #expect(try LocalizationReport(folder: folder) == report)
    let text = try String(contentsOfFile: "\(folder)/localization.json", encoding: .utf8)
    #expect(
      text.contains("\"maps\"") && text.contains("\"energy_inside\"") && !text.contains("leftOut"))
  }
}

@Suite struct FlowAgreementTests {
  private let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  /// A textured square on plain ground that moves or not; a folder of frames if there is no extension.
  private func video(_ name: String, step: Int) throws -> VideoSource {
    var generator = KeyedGenerator(key: [7])
    let texture = (0..<24 * 24).map { _ in UInt8(generator.integer(below: 256)) }
    let frames = (0..<8).map { frame in
      Picture(
        width: 64, height: 64,
        pixels: (0..<64 * 64).flatMap { place -> [UInt8] in
          let (y, x) = (place / 64 - 20, place % 64 - 8 - step * frame)
          let isInside = (0..<24).contains(y) && (0..<24).contains(x)
          let value = isInside ? texture[y / 4 * 4 * 24 + x / 4 * 4] : 90
          return [value, value, value]
        })
    }
    let path = try folder.write(frames, to: name)
    return name.hasSuffix(".mp4")
      ? .video(path: path) : .frameFolder(path: path, framesPerSecond: 30)
  }

  @Test func videosWithoutMotionOrClipsAreSkippedAndReported() throws {
    var settings = ClipSettings()
    (settings.frames, settings.interval, settings.size) = (4, 1, 32)
    let shown = FlowAgreement.ShownClips(
      clip: settings, clips: 2, crops: 1, batch: 1,
      normalization: Normalization.video, labels: [0, 1, 2])
    let networks = (UInt64(1)...2).map { seed in
      var model = ModelSettings()
      model.width = 4
      let network = model.makeModel(head: .pretext, classes: 9, seed: seed)
      network.train(false)
      return network
    }
    try folder.write("no video", to: "torn.mp4")
    func measure(_ footage: [VideoSource], batch: Int = 1) throws -> FlowAgreement {
      var shown = shown
      shown.batch = batch
      return try FlowAgreement(
        of: networks[0], random: [networks[1]], on: footage, shown: shown, by: .gradCAM(.conv3),
        device: .cpu, workers: 2)
    }
    let moving = try [video("a.mp4", step: 2), video("b.mp4", step: 4)]
    let unusable = [try video("still", step: 0), .video(path: "\(folder.path)/torn.mp4")]
    let found = try measure(moving + unusable)
    #expect(found.videos == 2 && found.clips == 4 && found.random.values.count == 1)
    #expect(found.skipped.map(\.video) == unusable.map(\.path))
    #expect(found.skipped[0].reason == "does not move")
    // Measured separately, the videos have this mean, for both networks.
    let alone = try moving.map { try measure([$0]) }
    #expect(alone.allSatisfy { $0.network.standardError == nil && $0.random.deviation == nil })
    #expect(abs(found.network.mean - (alone[0].network.mean + alone[1].network.mean) / 2) < 1e-3)
    #expect(abs(found.random.mean - (alone[0].random.mean + alone[1].random.mean) / 2) < 1e-3)
    #expect(found.network.mean != 0 && abs(found.network.mean - found.random.mean) > 1e-3)
    let batched = try measure(moving, batch: 3)
    #expect(abs(batched.network.mean - found.network.mean) < 1e-3 && batched.skipped.isEmpty)
    let error = #expect(throws: NoUsableVideo.self) { try measure(unusable) }
    #expect(error?.description.contains("still, does not move") == true)
    // The fourth frame of a clip at this interval would be the 13th of 8.
    settings.interval = 4
    let short = #expect(throws: NoUsableVideo.self) {
      try FlowAgreement(
        of: networks[0], random: [networks[1]], on: moving.dropLast(),
        shown: .init(
          clip: settings, clips: 1, crops: 1, batch: 1, normalization: shown.normalization),
        by: .gradCAM(.conv3), device: .cpu, workers: 1)
    }
    #expect(short?.description.contains("a.mp4 is shorter than a clip: its last frame") == true)
  }
}
