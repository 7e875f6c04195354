// An evaluation: the scores of videos, each from several clips.

import Configuration
import Pretext
import Torch
import Training
import VideoModels
import VideoSamples

struct EvaluationJob: Job {
  struct Input: Decodable {
    let architecture: Architecture
    let width: Int
    let frames: Int
    let size: Int
    /// The distance between frames, in frames of a video of 30 frames a second.
    let interval: Int
    let videos: [String]
    /// The number of clips of each video.
    let clips: Int
    /// The number of threads that decode.
    let workers: Int
  }

  private let inference: VideoInference
  private let videos: [VideoSource]
  let facts: [String: Double]

  init(_ input: Input) throws {
    var settings = ModelSettings()
    settings.architecture = input.architecture
    settings.width = input.width
    let model = settings.makeModel(head: .actions, classes: 101, seed: 1)
    model.train(false)
    var clip = ClipSettings()
    clip.frames = input.frames
    clip.size = input.size
    clip.interval = input.interval
    inference = VideoInference(
      model: model, normalization: .video, clip: clip, clips: input.clips, batch: input.clips,
      device: .cpu, workers: input.workers)
    videos = input.videos.map { .video(path: $0) }
    facts = ["clips": Double(input.videos.count * input.clips)]
    _ = try run()
  }

  func run() throws -> [String: Double] {
    var failures = 0
    let time = try seconds {
      failures = try inference.run(videos).filter { (try? $0.get()) == nil }.count
    }
    precondition(failures == 0, "\(failures) videos cannot be read")
    return ["": time]
  }
}
