import Configuration
import Foundation
import Media
import Pretext
import TestSupport
import Testing
import Torch
import Training
import VideoData
import VideoModels
import VideoSamples

extension TrainingRuns {
  /// Keeps the maps that a backbone makes, and averages them.
  final class MapRecorder: FeatureAggregator {
    private(set) var maps: [(isTraining: Bool, map: Tensor)] = []
    let channels: Int

    init(channels: Int) { self.channels = channels }

    override var featureCount: Int { channels }

    override func callAsFunction(_ map: Tensor) -> Tensor {
      maps.append((isTraining, map.detached().clone()))
      return map.globalAveragePool()
    }
  }

  /// What the network sees in the test is normalized like what it was trained on. (In MemDPC's code, it is not.)
  @Suite struct EvaluatedClipsTests {
    /// Frames of one color each, of which every crop is the same: without jitter, training and test clips are equal. So are
    /// the maps of a network without batch statistics, if the learning rate is next to nothing.
    @Test func testClipsAreNormalizedLikeTrainingClips() throws {
      let folder = try ScratchFolder()
      var lines = ["path,label,split"]
      for (number, (label, split)) in [
        ("a", "train"), ("a", "test"), ("b", "train"), ("b", "test"),
      ]
      .enumerated() {
        let frames = (0..<4).map { frame in
          let color = [UInt8(200 - 20 * frame), UInt8(40 + 10 * frame), UInt8(90 + 5 * frame)]
          return Picture(
            width: 24, height: 20, pixels: (0..<24 * 20).flatMap { _ in color })
        }
        try folder.write(frames, to: "videos/v\(number)")
        lines.append("v\(number),\(label),\(split)")
      }
      try folder.write(lines.joined(separator: "\n"), to: "videos/annotations.csv")

      var c = FinetuningConfiguration()
      c.epochs = 1
      c.dataset.kind = .csv
      c.dataset.videos = folder.file("videos")
      c.dataset.frameRate = 10
      c.clip.frames = 4
      c.clip.interval = 1
      c.clip.framesPerSecond = 10
      c.clip.size = 16
      c.model.architecture = .vitTiny
      c.model.width = 4
      c.batch.clips = 2
      c.jitter = .none
      c.normalization = Normalization(mean: [0.2, 0.5, 0.7], std: [0.1, 0.3, 0.2])
      c.optimizer.learningRate = 1e-30
      c.optimizer.warmupStartLearningRate = 0
      c.validation.everyEpochs = 1
      c.validation.testClipsPerVideo = 2
      let recorder = MapRecorder(channels: 12)
      _ = try finetune(
        c, in: RunFolder(path: folder.file("run")), resuming: false,
        options: ExecutionOptions(device: .cpu, workers: 1), aggregator: recorder,
        reporter: Listener())

      let video = VideoSource.frameFolder(path: folder.file("videos/v0"), framesPerSecond: 10)
      let pixels = Tensor.clips(try video.clips(c.clip.testClips(1))).unitRange
      let backbone = c.model.makeModel(
        head: .actions, classes: 2, aggregator: MapRecorder(channels: 12),
        using: Generator(seed: UInt64(c.seed))
      ).backbone
      let (normalized, raw) = withoutGradients {
        (
          backbone(c.normalization.clips(from: pixels)),
          backbone(pixels.permuted([0, 2, 1, 3, 4]))
        )
      }
      #expect(difference(normalized, raw) > 0.1)
      for isTraining in [true, false] {
        let maps = recorder.maps.filter { $0.isTraining == isTraining }.map(\.map)
        #expect(maps.reduce(0) { $0 + $1.shape[0] } >= (isTraining ? 2 : 4))
        for map in maps {
          #expect(difference(map, normalized.expanded(map.shape)) < 1e-4)
        }
      }
    }
  }
}
