import Configuration
import Foundation
import Insight
import KeyedRandom
import Media
import OpticalFlow
import SafeFiles
import TestSupport
import Testing
import Torch
import Training
import VideoData
import VideoSamples

/// A folder with a network and videos, which is removed when the last reference is released.
private final class Workplace {
  private let folder: ScratchFolder
  var path: String { folder.path }
  var output: String { path + "/out" }

  init() throws { folder = try ScratchFolder() }

  /// `frames` frames of 44 x 36 pixels at 30 frames per second, in which a textured square moves down by `step` pixels
  /// per frame. If `name` has no extension, they are a folder of pictures, so that no encoder changes a pixel.
  func video(_ name: String, frames: Int = 12, step: Int = 2, seed: UInt64 = 1) throws {
    let (width, height, side) = (44, 36, 14)
    var generator = KeyedGenerator(seed)
    let ground = (0..<width * height * 3).map { _ in UInt8(100 + generator.integer(below: 40)) }
    let texture = (0..<side * side * 3).map { _ in UInt8(generator.integer(below: 256)) }
    let pictures = (0..<frames).map { frame in
      var pixels = ground
      for y in 0..<side {
        for index in 0..<side * 3 {
          pixels[((y + step * frame) * width + 10) * 3 + index] = texture[y * side * 3 + index]
        }
      }
      return Picture(width: width, height: height, pixels: pixels)
    }
    try folder.write(pictures, to: name)
  }

  /// A fine-tuned run of a network with random weights, for clips of 4 frames of 24 pixels.
  func weights(_ classes: [String] = ["rises", "sinks"]) throws -> Weights {
    let configuration = try FinetuningConfiguration(settings: [
      "model.width=4", "clip.frames=4", "clip.interval=2", "clip.size=24", "dataset.videos=v",
    ])
    try Checkpoint(
      configuration: configuration, position: TrainingPosition(), classNames: classes,
      network: configuration.model.makeModel(head: .actions, classes: classes.count, seed: 1),
      optimizer: SGD([])
    ).write(to: folder.file("run/last.safetensors"))
    return try Weights(at: path + "/run")
  }

  func analysis(
    _ names: [String], classes: [String] = ["rises", "sinks"],
    change: (inout GradCAMAnalysis.Settings) -> Void = { _ in }
  ) throws -> GradCAMAnalysis {
    let weights = try weights(classes)
    var settings = GradCAMAnalysis.Settings()
    settings.maps = .gradCAM(.conv2)
    settings.clip = weights.clip!
    change(&settings)
    return try GradCAMAnalysis(
      VideoSearch(at: names.map { path + "/" + $0 }, frameRate: 30), weights: weights,
      settings: settings, device: .cpu, workers: 1)
  }

  var files: Set<String> { Set(folder.names(in: "out")) }
}

@Test("The report contains the output of the network and names existing pictures")
func reportAndPictures() throws {
  let place = try Workplace()
  try place.video("a.mp4")
  try place.video("frames", seed: 2)
  let report = try place.analysis(["a.mp4", "frames"]).write(to: place.output)
  #expect(report.clips.map(\.video) == ["a.mp4", "frames"] && report.skipped.isEmpty)
  #expect(report.maps == .gradCAM(.conv2) && report.architecture == "r2d3d-18" && report.side == 24)
  #expect(try GradCAMReport(folder: place.output) == report)
  let files = report.clips.compactMap(\.files)
  #expect(files.map(\.png) == ["001-a.png", "002-frames.png"])
  #expect(
    place.files == Set(files.flatMap { [$0.png, $0.mp4, $0.gif] } + [GradCAMReport.fileName]))
  for file in files {
    #expect(try Picture(contentsOf: "\(place.output)/\(file.png)", shortSide: nil).width > 500)
    // Three of four frames have a next one; players show them three times.
    let video = try Video(contentsOf: "\(place.output)/\(file.mp4)")
    #expect(abs(video.lastFrameTime - 8.0 / 15) < 0.01)
  }
  // The middle clip: 12 frames, of which a clip of 4 frames at a distance of 2 spans 7.
  #expect(abs(report.clips[1].start - 2.5 / 30) < 1e-9)
  #expect(abs(report.clips[1].step - 2.0 / 30) < 1e-9)
}

@Test("Label, probability and agreement equal those computed separately from network and flow")
func numbersAreRight() throws {
  let place = try Workplace()
  try place.video("frames")
  let clip = try place.analysis(["frames"]).write(to: place.output).clips[0]

  let weights = try Weights(at: place.path + "/run")
  let footage = VideoSource.frameFolder(path: place.path + "/frames", framesPerSecond: 30)
  func pixels(side: Int) throws -> ClipPixels {
    try footage.clips(
      TestClips(weights.clip!.sampling, preset: .paper, side: side, clips: 1))[0]
  }
  let input = (Tensor.clips([try pixels(side: 24)]).to(.float32) / 255 - 0.45) / 0.225
  let cam = weights.makeModel().gradCAM(input.permuted([0, 2, 1, 3, 4]), at: .conv2)
  let probabilities = cam.logits.softmax(1).array(of: Float.self)
  #expect(clip.label == cam.labels[0] && clip.labelName == ["rises", "sinks"][clip.label])
  #expect(abs(clip.probability - Double(probabilities[clip.label])) < 1e-5)
  #expect(clip.probability >= 0.5)

  // Flow at seven times the resolution, averaged. The rank correlation does not depend on the unit.
  let fine = try pixels(side: 168)
  let size = 168 * 168 * 3
  let pictures = (0..<4).map {
    Picture(width: 168, height: 168, pixels: Array(fine.pixels[$0 * size..<($0 + 1) * size]))
  }
  let speeds = try FlowField.fields(of: pictures).flatMap { field in
    Tensor(field.magnitudes, shape: [24, 7, 24, 7]).mean([1, 3]).array(of: Float.self)
  }
  let heat = cam.maps.sliced(1, 0..<3).contiguous().array(of: Float.self)
  let expected = try #require(rankCorrelation(heat, speeds))
  #expect(abs(try #require(clip.agreement) - expected) < 1e-3)
}

@Test("A requested label is explained instead of the predicted one")
func labelAskedFor() throws {
  let place = try Workplace()
  try place.video("frames")
  let probabilities = try (0..<2).map { label in
    let clip = try place.analysis(["frames"]) { $0.label = .number(label) }
      .write(to: place.output).clips[0]
    #expect(clip.label == label)
    return clip.probability
  }
  #expect(abs(probabilities[0] + probabilities[1] - 1) < 1e-5)
}

@Test(
  "A ranking starts with the least agreement and ends with clips without an order; only the first are drawn"
)
func ranking() throws {
  let place = try Workplace()
  for seed in 1...3 { try place.video("moves\(seed)", step: seed - 1, seed: UInt64(seed)) }
  let names = (1...3).map { "moves\($0)" }
  let report = try place.analysis(names) {
    $0.worst = 1
    $0.clips = 2
  }.write(to: place.output)
  #expect(report.isRanked && report.clips.count == 6 && report.clips.allSatisfy(\.hasHeat))
  // The first video is static and has no agreement.
  #expect(report.clips.suffix(2).allSatisfy { $0.video == "moves1" && $0.agreement == nil })
  let agreements = report.clips.compactMap(\.agreement)
  #expect(agreements.count == 4 && agreements == agreements.sorted())
  #expect(report.clips.map { $0.files != nil } == [true] + Array(repeating: false, count: 5))
  #expect(place.files.count == 4)
  #expect(try GradCAMReport(folder: place.output) == report)
}

@Test("A video shorter than a clip is reported in one sentence, and the others are explained")
func shortVideos() throws {
  let place = try Workplace()
  try place.video("short.mp4", frames: 5)
  // The last of 4 frames at a distance of 2 is the seventh.
  try place.video("enough.mp4", frames: 7)
  try Data("Dear diary".utf8).write(to: URL(fileURLWithPath: place.path + "/text.mp4"))
  let report = try place.analysis(["short.mp4", "enough.mp4", "text.mp4"]).write(to: place.output)
  #expect(report.clips.map(\.video) == ["enough.mp4"])
  #expect(report.skipped.map(\.video) == ["short.mp4", "text.mp4"])
  #expect(
    report.skipped[0].reason
      == "is shorter than a clip: its last frame is at 0.13 s, and 4 frames at 15.0 per second take 0.20 s "
      + "(lower --frames or --interval)")
  #expect(
    complaint { _ = try place.analysis(["short.mp4", "text.mp4"]).write(to: place.path + "/no") }
      .hasPrefix("none of the 2 videos can be used; the first, short.mp4, is shorter than a clip: ")
  )
  #expect(!FileManager.default.fileExists(atPath: place.path + "/no/gradcam.json"))
}

@Test("Impossible requests are rejected before any work")
func refusals() throws {
  let place = try Workplace()
  try place.video("frames")
  #expect(
    complaint { _ = try place.analysis(["frames"]) { $0.label = .number(2) } }
      == "there is no label 2: the network has 2 labels, 0 to 1")
  #expect(complaint { _ = try place.analysis(["frames"]) { $0.label = .number(-1) } } != "no error")
  #expect(
    complaint { _ = try place.analysis(["frames"]) { $0.clip.frames = 1 } }.contains("--frames 2"))
  #expect(
    complaint { _ = try place.analysis(["frames"]) { $0.clip.size = 12 } }.contains("--size 16"))
  let analysis = try place.analysis(["frames"])
  let blocked = place.path + "/frames/0.png/out"
  let text = complaint { _ = try analysis.write(to: blocked) { _, _, _ in Issue.record("work") } }
  #expect(text.hasPrefix("cannot make the folder \(blocked): "))
}

@Test("Nothing is drawn for a network that has diverged")
func diverged() throws {
  let place = try Workplace()
  try place.video("frames")
  let weights = try place.weights()
  var tensors = weights.tensors
  tensors["head.out.bias"] = Tensor([Float.nan, 0], shape: [2])
  try Safetensors(tensors: tensors).write(to: place.path + "/nan.safetensors")
  var settings = GradCAMAnalysis.Settings()
  settings.clip = weights.clip!
  let text = complaint {
    _ = try GradCAMAnalysis(
      VideoSearch(at: [place.path + "/frames"], frameRate: 30),
      weights: Weights(at: place.path + "/nan.safetensors"), settings: settings, device: .cpu,
      workers: 1
    ).write(to: place.output)
  }
  #expect(text.contains("diverged") && place.files.isEmpty)
}

/// A map without heat is the clearest failure; a clip without motion is none.
@Test func clipsWithoutHeatComeFirst() throws {
  let place = try Workplace()
  try place.video("a-moves")
  try place.video("b-still", step: 0)
  let weights = try place.weights()
  var tensors = weights.tensors
  // Nothing supports any label.
  tensors["head.out.weight"] = tensors["head.out.weight"]!.zerosLike()
  try Safetensors(tensors: tensors).write(to: place.path + "/cold.safetensors")
  var settings = GradCAMAnalysis.Settings()
  settings.clip = weights.clip!
  settings.worst = 1
  let report = try GradCAMAnalysis(
    VideoSearch(at: [place.path + "/b-still", place.path + "/a-moves"], frameRate: 30),
    weights: Weights(at: place.path + "/cold.safetensors"), settings: settings, device: .cpu,
    workers: 1
  ).write(to: place.output)
  #expect(report.clips.map(\.video) == ["a-moves", "b-still"])
  #expect(report.clips.map(\.agreement) == [0, nil] && !report.clips.contains { $0.hasHeat })
  #expect(report.clips[0].files != nil && report.meanAgreement == 0)
}

@Test("Files that only the previous report lists are removed; other files that it names are kept")
func oldFilesGo() throws {
  let place = try Workplace()
  for name in ["first", "second"] { try place.video(name) }
  _ = try place.analysis(["first", "second"]).write(to: place.output)
  try Data().write(to: URL(fileURLWithPath: place.output + "/mine.png"))
  try Data().write(to: URL(fileURLWithPath: place.path + "/other.png"))
  let path = place.output + "/gradcam.json"
  let text = try String(decoding: readFile(at: path), as: UTF8.self)
    .replacingOccurrences(of: "002-second.gif", with: "../other.png")
  try Data(text.utf8).write(to: URL(fileURLWithPath: path))
  _ = try place.analysis(["first"]).write(to: place.output)
  #expect(
    place.files == [
      "gradcam.json", "001-first.png", "001-first.mp4", "001-first.gif", "mine.png",
      "002-second.gif",
    ])
  #expect(FileManager.default.fileExists(atPath: place.path + "/other.png"))
  // A file that is not a report gives an error of one sentence.
  try Data("{}".utf8).write(to: URL(fileURLWithPath: path))
  #expect(
    complaint { _ = try GradCAMReport(folder: place.output) }
      .hasPrefix("cannot read \(path): it was not written by mosi gradcam of this version"))
}
