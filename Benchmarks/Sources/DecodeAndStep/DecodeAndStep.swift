// Does decoding keep the training step fed? Clips a second of decoding alone, of the step alone and of both together,
// for fine-tuning R-2D3D-18 on clips of 16 x 112 x 112, in rounds so that a noisy machine touches all three alike.

import Foundation
import KeyedRandom
import Pretext
import Torch
import VideoData
import VideoModels
import VideoSamples

@main struct DecodeAndStep {
  /// Clips a step.
  let batch: Int
  private let loader: SampleLoader
  private let model: VideoClassifier
  private let optimizer: Adam
  private let workers = ProcessInfo.processInfo.activeProcessorCount

  static func main() throws {
    let arguments = CommandLine.arguments
    guard arguments.count >= 2 else {
      print(
        "usage: DecodeAndStep FOLDER-OF-VIDEOS [clips a step: 8] [steps a round: 5] [rounds: 3]")
      exit(2)
    }
    func number(_ place: Int, _ fallback: Int) -> Int {
      arguments.count > place ? Int(arguments[place]) ?? fallback : fallback
    }
    try DecodeAndStep(folder: arguments[1], batch: number(2, 8))
      .run(steps: number(3, 5), rounds: number(4, 3))
  }

  private init(folder: String, batch: Int) throws {
    self.batch = batch
    let videos = try SourceCollection(paths: [folder]).sources.filter { !$0.isStill }
    loader = SampleLoader(videos, rule: TrainingClips(ClipSampling(), preset: .paper).rule) {
      print("skipped: \($0.reason)")
    }
    let generator = Generator(seed: 1)
    model = VideoClassifier(.r2d3d18, head: .actions, classes: 101, using: generator)
    model.setGenerator(generator)
    optimizer = Adam([ParameterGroup(model.parameters, weightDecay: 1e-3)])
  }

  private func run(steps: Int, rounds: Int) throws {
    let warm = try take(batch, from: clips(batch, round: 0))
    step(warm, number: 0)
    var (decoding, stepping, together) = ([Double](), [Double](), [Double]())
    for round in 1...rounds {
      let count = steps * batch
      decoding.append(
        try clipsPerSecond(4 * count) {
          _ = try take(4 * count, from: clips(4 * count, round: round))
        })
      stepping.append(
        clipsPerSecond(count) { for number in 0..<steps { step(warm, number: number) } })
      together.append(
        try clipsPerSecond(count) {
          let source = clips(count, round: rounds + round)
          for number in 0..<steps { step(try take(batch, from: source), number: number) }
        })
      print(
        "round \(round): decoding \(decoding.last!), step \(stepping.last!), together "
          + "\(together.last!)")
    }
    let shares = zip(together, stepping).map { $0 / $1 }
    print(
      "clips/s, medians of \(rounds) rounds: decoding \(median(decoding)), step \(median(stepping)), "
        + "together \(median(together)); together over step \(median(shares))")
  }

  /// Loads `count` clips ahead of the reader.
  private func clips(_ count: Int, round: Int) -> Prefetcher<Sample> {
    let loader = loader
    return Prefetcher(count: count, workers: workers, ahead: 2 * batch + 2 * workers) { item in
      let source = item % loader.sources.count
      let id = SampleID.training(
        seed: UInt64(round), epoch: item / loader.sources.count, source: source)
      return try loader.sample(id, of: source)
    }
  }

  private func take(_ count: Int, from source: Prefetcher<Sample>) throws -> [Sample] {
    try (0..<count).map { _ in try source.next()! }
  }

  /// One step as fine-tuning does it.
  private func step(_ samples: [Sample], number: Int) {
    let made = withoutGradients {
      let clips = samples.map { $0.clips[0] }
      let draws = clips.indices.map { index in
        var generator = KeyedGenerator(UInt64(number), UInt64(index))
        return ColorJitter().drawClipWise(frames: clips[index].frames, using: &generator)
      }
      let frames = Tensor.clips(clips).unitRange
      return Normalization.video.clips(from: ColorJitter.apply(draws, to: frames))
    }
    optimizer.clearGradients()
    crossEntropy(model(made), Tensor(samples.indices.map { $0 % 101 })).backward()
    optimizer.step(learningRate: 1e-3)
  }

  private func clipsPerSecond(_ count: Int, _ body: () throws -> Void) rethrows -> Double {
    let begun = ContinuousClock.now
    try body()
    return Double(count) / ((ContinuousClock.now - begun) / .seconds(1))
  }

  private func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
}
