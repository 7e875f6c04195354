import Configuration
import Foundation
import MoSI
import Pretext
import TestSupport
import Testing
import Torch
import Training
import VideoData
import VideoModels
import VideoSamples

extension TrainingRuns {
  @Suite(.serialized) struct VideoInferenceTests {
    private func inference(
      clips: Int, crops: Int = 1, batch: Int = 32, workers: Int = 1
    ) -> VideoInference {
      var clip = ClipSettings()
      clip.frames = 8
      clip.size = 32
      clip.interval = 2
      var settings = ModelSettings()
      settings.width = 4
      let model = settings.makeModel(head: .actions, classes: 5, seed: 7)
      model.train(false)
      return VideoInference(
        model: model, normalization: .video, clip: clip, clips: clips, crops: crops, batch: batch,
        device: .cpu, workers: workers)
    }

    private func videos(_ folder: ScratchFolder) throws -> [VideoSource] {
      if let samples = shared("data/samples") {
        return ["v_Biking_g05_c02.avi", "v_Punch_g03_c01.avi", "demo.mp4", "test.mp4", "test.avi"]
          .map { .video(path: "\(samples)/\($0)") }
      }
      let made = try SyntheticVideos(in: folder.file("v"), training: 1, test: 0)
      return SyntheticVideos.classes.map { .video(path: "\(made.folder)/\($0)0.mp4") }
    }

    /// Ten clips of a video score like ten clips that are cut and evaluated one by one.
    @Test func tenClipsAreTheAverageOfEach() throws {
      let folder = try ScratchFolder()
      let together = inference(clips: 10)
      for footage in try videos(folder) {
        let output = try together.run([footage])[0].get()
        #expect(output.logits.count == 10)
        var clip = ClipSettings()
        clip.frames = 8
        clip.size = 32
        clip.interval = 2
        var settings = ModelSettings()
        settings.width = 4
        let model = settings.makeModel(head: .actions, classes: 5, seed: 7)
        model.train(false)
        var sum = [Double](repeating: 0, count: 5)
        // The first, second ... of ten starts, each with a separate pass over the file.
        for place in 0..<10 {
          let pixels = try footage.clips(clip.testClips(10))[place]
          let frames = Tensor.clips([pixels]).to(.float32) * (1 / 255)
          let scores = withoutGradients {
            model(Normalization.video.clips(from: frames)).softmax(1)
          }
          for (index, score) in scores.array(of: Float.self).enumerated() {
            sum[index] += Double(score) / 10
          }
        }
        #expect(difference(output.probabilities, sum) < 1e-6, "\(footage)")
        #expect(abs(output.probabilities.reduce(0, +) - 1) < 1e-9)
      }
    }

    @Test func batchesThreadsAndOrderChangeNothing() throws {
      let folder = try ScratchFolder()
      let footage = try videos(folder)
      let plain = try inference(clips: 3, crops: 3).run(footage).map { try $0.get() }
      #expect(plain.allSatisfy { $0.logits.count == 9 })
      // A batch of 7 leaves a smaller last batch.
      for (batch, workers) in [(1, 1), (7, 3), (100, 2)] {
        let other = try inference(clips: 3, crops: 3, batch: batch, workers: workers)
          .run(footage.reversed()).map { try $0.get() }.reversed()
        for (a, b) in zip(plain, other) {
          #expect(difference(a.probabilities, b.probabilities) < 1e-6)
          #expect(difference(a.meanFeatures, b.meanFeatures) < 1e-5)
        }
      }
    }

    @Test func onlyMissingVideosDoNotCrash() throws {
      let outputs = try inference(clips: 2).run([nil, nil])
      #expect(outputs.allSatisfy { if case .failure = $0 { true } else { false } })
    }

    @Test func unreadableVideosKeepTheirPlaces() throws {
      let folder = try ScratchFolder()
      let good = try videos(folder)[0]
      let bad = try folder.write("text", to: "bad.mp4")
      let outputs = try inference(clips: 2, batch: 3).run(
        [.video(path: bad), good, nil, good])
      func failure(_ index: Int) -> String? {
        if case .failure(let failure) = outputs[index] { failure.reason } else { nil }
      }
      #expect(failure(0)?.hasPrefix("is not a picture or video") == true)
      #expect(failure(2) == "is not there")
      let (first, second) = (try outputs[1].get(), try outputs[3].get())
      #expect(difference(first.probabilities, second.probabilities) < 1e-6)
    }
  }
}
